// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// The table behind the charts: every arm with its evidence.
import {h, idOf} from '../dom';
import {bytes, finite, kNone, percent, plain, seconds, secondsInterval, times} from '../format';
import type {Group, Model, Row} from '../model';
import type {Choice, SortColumn, Update} from '../state';
import {verdictShape} from './panels';

// More rows make the page slow; the filter reaches the rest and exports have all.
const kMaxRows = 1500;

interface Column {
  key: SortColumn;
  title: string;
  hint: string;
  numeric: boolean;
  value: (row: Row) => number | string
}

function columns(model: Model): Column[] {
  const source = (row: Row) => row.source.measurement;
  const missing = Number.POSITIVE_INFINITY;
  return [
    {
      key: 'panel',
      title: 'layer',
      hint: 'Layer and what else is fixed in the block',
      numeric: false,
      value: (row) => row.panel
    },
    {
      key: 'axis',
      title: model.axis,
      hint: 'Axis of the charts',
      numeric: true,
      value: (row) => row.axis ?? missing
    },
    {
      key: 'arm',
      title: 'format · kernel',
      hint: 'Weight format and kernel asked for',
      numeric: false,
      value: (row) => row.series
    },
    {
      key: 'latency',
      title: 'latency',
      hint: 'Median device time of one call, with its interval',
      numeric: true,
      value: (row) => row.latency ?? missing
    },
    {
      key: 'speedUp',
      title: 'speed-up',
      hint: 'Baseline time over arm time, with interval and verdict',
      numeric: true,
      value: (row) => row.speedUp?.value ?? -missing
    },
    {
      key: 'bytes',
      title: 'weights',
      hint: 'Packed weights with scales and zero points; bits per weight',
      numeric: true,
      value: (row) => finite(source(row)?.weightBytes) ?? missing
    },
    {
      key: 'error',
      title: 'output error',
      hint: 'Norm of the difference to the fp64 product, over its norm',
      numeric: true,
      value: (row) => finite(source(row)?.error?.outputRelative) ?? missing
    },
    {
      key: 'dram',
      title: 'of DRAM ceiling',
      hint: 'Least traffic over median, as part of what this session\'s memory read ' +
          'at best',
      numeric: true,
      value: (row) => finite(row.source.dramFraction) ?? -missing
    },
    {
      key: 'grade',
      title: 'grade',
      hint: 'Evidence behind the number; D and F never rank',
      numeric: false,
      value: (row) => row.grade || 'Z'
    },
  ];
}

function sorted(rows: Row[], model: Model, choice: Choice): Row[] {
  const column = columns(model).find((candidate) => candidate.key === choice.sort);
  if (!column) return rows;
  const direction = choice.descending ? -1 : 1;
  const compare = (a: number|string, b: number|string) => a < b ? -1 : a > b ? 1 : 0;
  return [...rows].sort((a, b) => direction * compare(column.value(a), column.value(b)));
}

function stacked(main: string, detail: string): Node[] {
  return [document.createTextNode(main), ...(detail ? [h('small', {}, detail)] : [])];
}

export function verdictBadge(verdict: string): HTMLElement {
  const slug = verdict.replace(/ /g, '-');
  return h('span', {class: `badge verdict-${slug}`}, verdictShape(verdict), verdict);
}

export function speedUpCell(row: Row): HTMLElement {
  if (row.role === 'baseline') return h('td', {class: 'number quiet'}, 'baseline');
  if (!row.verdict) return h('td', {class: 'number quiet'}, kNone);
  const {speedUp} = row;
  return h(
      'td', {class: 'number'}, speedUp && h('span', {class: 'speed-up'}, times(speedUp.value)),
      verdictBadge(row.verdict),
      speedUp && h('small', {}, `${times(speedUp.low)} to ${times(speedUp.high)}`),
      row.verdictReason && h('small', {class: 'reason'}, row.verdictReason));
}

function latencyCell(row: Row): HTMLElement {
  if (!row.measured || row.latency === undefined) {
    return h(
        'td', {class: 'number'}, h('span', {class: 'badge outcome'}, row.outcome || 'no result'),
        h('small', {class: 'reason'}, row.source.measurement?.reason ?? ''));
  }
  return h(
      'td', {class: 'number'},
      ...stacked(seconds(row.latency), secondsInterval(row.latencyLow, row.latencyHigh)));
}

function armCell(row: Row): HTMLElement {
  const used = row.source.measurement?.kernelUsed ?? '';
  const notes = [
    used && used !== row.kernel ? `ran ${used}` : '',
    row.role === 'null' ? 'A/A null: the baseline against itself' : ''
  ];
  return h('th', {scope: 'row'}, ...stacked(row.series, notes.filter(Boolean).join(', ')));
}

function gradeCell(row: Row): HTMLElement {
  if (!row.grade) return h('td', {class: 'quiet'}, kNone);
  const reasons = (row.source.measurement?.gradeReasons ?? []).join(', ');
  return h(
      'td', {}, h('span', {class: `grade grade-${row.grade.toLowerCase()}`}, row.grade),
      h('small', {class: 'reason'}, reasons.replace(/_/g, ' ')));
}

function bodyRow(row: Row): HTMLElement {
  const measurement = row.source.measurement;
  const bits = finite(measurement?.bitsPerWeight);
  return h(
      'tr', {class: `role-${row.role}`}, h('td', {}, row.panel),
      h('td', {class: 'number'}, row.axisText), armCell(row), latencyCell(row), speedUpCell(row),
      h('td', {class: 'number'},
        ...stacked(
            bytes(measurement?.weightBytes),
            bits === undefined ? '' : `${plain(bits)} bits a weight`)),
      h('td', {class: 'number'}, plain(measurement?.error?.outputRelative)),
      h('td', {class: 'number'}, percent(row.source.dramFraction)), gradeCell(row));
}

function headCell(id: string, column: Column, choice: Choice, update: Update): HTMLElement {
  const active = choice.sort === column.key;
  const direction = choice.descending ? 'descending' : 'ascending';
  const next = (): Partial<Choice> => {
    if (!active) return {sort: column.key, descending: false};
    return choice.descending ? {sort: '', descending: false} : {descending: true};
  };
  return h(
      'th', {
        scope: 'col',
        class: column.numeric ? 'number' : undefined,
        'aria-sort': active ? direction : 'none',
      },
      h('button',
        {type: 'button', id: idOf(id, column.key), title: column.hint, click: () => update(next())},
        column.title,
        h('span', {class: 'arrow', 'aria-hidden': 'true'},
          active ? (choice.descending ? '▼' : '▲') : '')));
}

export function resultTable(
    group: Group, rows: Row[], model: Model, choice: Choice, update: Update): HTMLElement {
  const id = idOf('table', group.key);
  const shown = sorted(rows, model, choice).slice(0, kMaxRows);
  const cut = rows.length > shown.length ?
      h('p', {class: 'note'},
        `The first ${shown.length} of ${rows.length} rows; the filters reach the others.`) :
      null;
  return h(
      'div', {},
      h('div', {
        class: 'table-frame',
        id,
        tabindex: 0,
        role: 'region',
        'aria-label': `Results on ${group.title}`
      },
        h('table', {class: 'results'},
          h('thead', {},
            h('tr', {}, ...columns(model).map((column) => headCell(id, column, choice, update)))),
          h('tbody', {}, ...shown.map(bodyRow)))),
      cut);
}
