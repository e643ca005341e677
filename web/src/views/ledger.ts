// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// Where the time of each arm goes: the terms of its ledger as a waterfall and in numbers.
import {h, idOf, svg} from '../dom';
import {enumWords, finite, percent, seconds} from '../format';
import type {Group} from '../model';
import type {Choice} from '../state';
import type {Ledger} from '../types';

const kTerms = [
  {kind: 'LEDGER_TERM_KIND_READ', title: 'read weights'},
  {kind: 'LEDGER_TERM_KIND_UNPACK', title: 'unpack and scale'},
  {kind: 'LEDGER_TERM_KIND_MATERIALIZE', title: 'decoded through memory'},
  {kind: 'LEDGER_TERM_KIND_MATRIX', title: 'multiply'},
  {kind: 'LEDGER_TERM_KIND_LAUNCH', title: 'launch'},
  {kind: 'LEDGER_TERM_KIND_CLOCK', title: 'clock'},
];
const kResidual = 'residual';
const kWidth = 220;
const kStepHeight = 6;

interface Step {
  title: string;
  seconds: number
}

function stepsOf(ledger: Ledger): Step[] {
  const steps = kTerms.flatMap(({kind, title}) => {
    const term = ledger.terms?.find((candidate) => candidate.kind === kind);
    return term ? [{title, seconds: finite(term.seconds) ?? 0}] : [];
  });
  return [...steps, {title: kResidual, seconds: finite(ledger.residualSeconds) ?? 0}];
}

// Each step starts where the one before ended; the last ends at the difference.
function waterfall(ledger: Ledger): SVGSVGElement {
  const steps = stepsOf(ledger);
  const ends = [0];
  for (const step of steps) ends.push((ends[ends.length - 1] ?? 0) + step.seconds);
  const low = Math.min(...ends);
  const span = Math.max(...ends) - low || 1;
  const at = (value: number) => (value - low) / span * kWidth;
  const bars = steps.map((step, i) => {
    const [from, to] = [at(ends[i] ?? 0), at(ends[i + 1] ?? 0)];
    return svg('rect', {
      class: step.title === kResidual ? 'step unknown' : step.seconds > 0 ? 'step costs' : 'step saves',
      x: Math.min(from, to),
      y: i * kStepHeight,
      width: Math.max(Math.abs(to - from), 0.5),
      height: kStepHeight - 1,
    });
  });
  const height = steps.length * kStepHeight;
  return svg(
      'svg', {class: 'waterfall', viewBox: `0 0 ${kWidth} ${height}`, 'aria-hidden': 'true'},
      svg('line', {class: 'zero', x1: at(0), x2: at(0), y1: 0, y2: height}), ...bars);
}

function signed(value: number): string {
  return value === 0 ? '0' : (value > 0 ? '+' : '') + seconds(value);
}

function stateBadge(ledger: Ledger): HTMLElement {
  const word = enumWords(ledger.state, 'LEDGER_STATE_');
  return h('span', {class: `badge ledger-${word.replace(/ /g, '-')}`}, word);
}

function line(ledger: Ledger): HTMLElement {
  const spec = ledger.arm?.spec ?? {};
  const complete = ledger.state !== 'LEDGER_STATE_INCOMPLETE';
  const steps = stepsOf(ledger);
  const number = (title: string) => {
    const step = steps.find((candidate) => candidate.title === title);
    return h('td', {class: 'number'}, complete && step ? signed(step.seconds) : '');
  };
  const causes = (ledger.causes ?? []).map(
      (cause) =>
          h('li', {title: cause.evidence ?? ''}, enumWords(cause.kind, 'LEDGER_CAUSE_KIND_')));
  return h(
      'tr', {}, h('td', {}, ledger.arm?.labels?.layer ?? ''),
      h('td', {class: 'number'}, spec.linear?.batch ?? ''),
      h('th', {scope: 'row'}, `${spec.format ?? ''} · ${spec.kernel ?? ''}`),
      h('td', {class: 'number'}, complete ? signed(finite(ledger.differenceSeconds) ?? 0) : ''),
      h('td', {}, complete && waterfall(ledger)), ...kTerms.map(({title}) => number(title)),
      number(kResidual),
      h('td', {}, stateBadge(ledger), complete && ' ' + percent(ledger.residualShare),
        h('div', {class: 'reason'}, ledger.reason ?? '')),
      h('td', {}, causes.length > 0 && h('ul', {class: 'causes'}, ...causes)));
}

function shown(ledger: Ledger, choice: Choice): boolean {
  const layer = ledger.arm?.labels?.layer;
  return (!choice.format || ledger.arm?.spec?.format === choice.format) &&
      (!choice.panel || !layer || choice.panel.includes(layer));
}

// Nothing for a matrix that was not asked to explain.
export function ledgerSection(id: string, group: Group, choice: Choice): HTMLElement|null {
  const ledgers = group.ledgers.filter((ledger) => shown(ledger, choice));
  if (ledgers.length === 0) return null;
  const titles = [
    'layer', 'batch', 'format · kernel', 'difference', 'waterfall',
    ...kTerms.map(({title}) => title), kResidual, 'ledger', 'causes'
  ];
  return h(
      'section', {class: 'ledgers'}, h('h3', {}, 'Where the time goes'),
      h('p', {class: 'note'},
        'Time of the arm less time of its baseline, split by what the parts of a product take by ' +
            'themselves. A ledger is closed when the residual is at most 15 % of the difference, ' +
            'or too small to be seen in its block.'),
      h('div', {class: 'table-frame', id: idOf(id, 'ledgers'), tabindex: 0},
        h('table', {},
          h('thead', {}, h('tr', {}, ...titles.map((title) => h('th', {scope: 'col'}, title)))),
          h('tbody', {}, ...ledgers.map(line)))));
}
