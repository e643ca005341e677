// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// All matrices, and the head of one.
import {h} from '../dom';
import {duration, enumWords, time} from '../format';
import type {Matrix} from '../types';
import {progressBar} from './fleet';

function stateBadge(matrix: Matrix): HTMLElement {
  const state = enumWords(matrix.state, 'MATRIX_STATE_');
  return h('span', {class: `badge state-${state}`}, state);
}

function blocksOver(matrix: Matrix): number {
  return (matrix.blocksDone ?? 0) + (matrix.blocksFailed ?? 0) + (matrix.blocksCancelled ?? 0);
}

function progress(matrix: Matrix): HTMLElement {
  const total = matrix.blocksTotal ?? 0;
  const over = blocksOver(matrix);
  return h(
      'div', {class: 'progress'}, progressBar(total ? over / total : 0, 'Blocks over'),
      h('small', {}, `${over} of ${total} blocks`));
}

function armsText(matrix: Matrix): string {
  const failed = matrix.armsFailed ? `, ${matrix.armsFailed} failed` : '';
  return `${matrix.armsMeasured ?? 0} of ${matrix.armsTotal ?? 0}${failed}`;
}

export function matricesView(matrices: Matrix[], more: boolean): HTMLElement {
  if (matrices.length === 0) {
    return h(
        'div', {class: 'card empty'},
        h('p', {}, 'No matrix yet. Submit one with quantfleet submit FILE.'));
  }
  const row = (matrix: Matrix) =>
      h('tr', {},
        h('th', {scope: 'row'},
          h('a', {
            id: `open-${matrix.matrixId ?? ''}`,
            href: `#/matrix/${encodeURIComponent(matrix.matrixId ?? '')}`
          },
            matrix.name || 'unnamed'),
          h('small', {}, matrix.matrixId ?? '')),
        h('td', {}, stateBadge(matrix)), h('td', {}, progress(matrix)),
        h('td', {class: 'number'}, armsText(matrix)),
        h('td', {class: 'when'}, time(matrix.createTime)), h('td', {}, matrix.principal ?? ''));
  return h(
      'section', {class: 'card'},
      h('div', {
        class: 'table-frame',
        id: 'matrices',
        tabindex: 0,
        role: 'region',
        'aria-label': 'Matrices'
      },
        h('table', {},
          h('thead', {},
            h('tr', {},
              ...['matrix', 'state', 'progress', 'arms', 'created', 'by'].map(
                  (title) =>
                      h('th', {scope: 'col', class: title === 'arms' ? 'number' : undefined},
                        title)))),
          h('tbody', {}, ...matrices.map(row)))),
      more && h('p', {class: 'note'}, 'Older matrices: quantfleet list.'));
}

// Where a matrix stands, above its comparison.
export function matrixHead(matrix: Matrix): HTMLElement {
  const left =
      matrix.secondsLeft === undefined ? '' : ` · about ${duration(matrix.secondsLeft)} left`;
  return h(
      'section', {class: 'card'},
      h('p', {}, stateBadge(matrix),
        ` ${armsText(matrix)} arms measured · created ${time(matrix.createTime)}${left}`),
      progress(matrix),
      ...(matrix.running ?? []).map((line) => h('p', {class: 'note'}, `runs: ${line}`)),
      ...(matrix.waiting ?? []).map((line) => h('p', {class: 'note warn'}, `waits: ${line}`)));
}
