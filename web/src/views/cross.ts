// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// The same arm on every device class, side by side.
import {h} from '../dom';
import {kNone, seconds} from '../format';
import type {Model, Row} from '../model';
import type {Choice, Update} from '../state';
import {filterRows, select} from './comparison';
import {chartPanels} from './panels';
import {speedUpCell} from './table';

const kMaxRows = 1000;

interface Side {
  panel: string;
  axisText: string;
  series: string;
  rows: Map<string, Row>
}

function sides(model: Model, choice: Choice): Side[] {
  const found = new Map<string, Side>();
  for (const row of filterRows(
           model.groups.flatMap((group) => group.rows), {...choice, verdict: ''})) {
    if (row.role !== 'candidate') continue;
    const key = JSON.stringify([row.panel, row.axisText, row.series]);
    const side = found.get(key) ??
        {panel: row.panel, axisText: row.axisText, series: row.series, rows: new Map()};
    side.rows.set(row.group, row);
    found.set(key, side);
  }
  const all = [...found.values()];
  return choice.onlyDisagreements ? all.filter(disagrees) : all;
}

// Verdicts that say something, and not the same.
function disagrees(side: Side): boolean {
  const decided =
      [...side.rows.values()]
          .map((row) => row.verdict)
          .filter((verdict) => verdict === 'faster' || verdict === 'slower' || verdict === 'same');
  return new Set(decided).size > 1;
}

function sideRow(side: Side, model: Model): HTMLElement {
  const cells = model.groups.flatMap((group) => {
    const row = side.rows.get(group.key);
    if (!row)
      return [h('td', {class: 'number quiet'}, kNone), h('td', {class: 'number quiet'}, kNone)];
    return [
      h('td', {class: 'number'}, row.measured ? seconds(row.latency) : row.outcome),
      speedUpCell(row)
    ];
  });
  return h(
      'tr', {class: disagrees(side) ? 'differs' : undefined}, h('td', {}, side.panel),
      h('td', {class: 'number'}, side.axisText), h('th', {scope: 'row'}, side.series), ...cells);
}

function sideTable(model: Model, found: Side[]): HTMLElement {
  const shown = found.slice(0, kMaxRows);
  return h(
      'div', {},
      h('div', {
        class: 'table-frame',
        id: 'cross-table',
        tabindex: 0,
        role: 'region',
        'aria-label': 'Across hardware'
      },
        h('table', {class: 'results cross'},
          h('thead', {},
            h('tr', {},
              ...['layer', model.axis, 'format · kernel'].map(
                  (title) => h('th', {scope: 'col', rowspan: 2}, title)),
              ...model.groups.map(
                  (group) => h('th', {scope: 'colgroup', colspan: 2}, group.title))),
            h('tr', {},
              ...model.groups.flatMap(
                  () =>
                      [h('th', {scope: 'col', class: 'number'}, 'latency'),
                       h('th', {scope: 'col', class: 'number'}, 'speed-up')]))),
          h('tbody', {}, ...shown.map((side) => sideRow(side, model))))),
      found.length > shown.length &&
          h('p', {class: 'note'},
            `The first ${shown.length} of ${found.length} rows; the filters reach the others.`));
}

function filters(
    model: Model, choice: Choice, series: string, pick: (series: string) => void,
    update: Update): HTMLElement {
  const box = h('input', {
    type: 'checkbox',
    id: 'only-disagreements',
    change: (event) => update({onlyDisagreements: (event.target as HTMLInputElement).checked}),
  });
  box.checked = choice.onlyDisagreements;
  return h(
      'div', {class: 'filters', role: 'search', 'aria-label': 'Filter'},
      select('cross-series', 'Arm in the charts', '', model.series, series, pick),
      select(
          'filter-layer', 'Layer', 'all layers', model.panels, choice.panel,
          (panel) => update({panel})),
      select(
          'filter-format', 'Format', 'all formats', model.formats, choice.format,
          (format) => update({format})),
      h('label', {class: 'field check'}, box, 'only where the verdicts differ'));
}

let pickedSeries = '';

export function crossView(model: Model, choice: Choice, update: Update): HTMLElement {
  if (model.groups.length === 0)
    return h('div', {class: 'card empty'}, h('p', {}, 'No result yet.'));
  const series = model.series.includes(pickedSeries) ? pickedSeries : model.series[0] ?? '';
  const pick = (value: string) => {
    pickedSeries = value;
    update({});
  };
  const found = sides(model, choice);
  const rows =
      filterRows(model.groups.flatMap((group) => group.rows), {...choice, verdict: '', format: ''})
          .filter((row) => row.role === 'candidate' && row.series === series);
  const keys = model.groups.map((group, i) => ({key: group.key, colour: i, dash: 0}));
  const differing = found.filter(disagrees).length;
  return h(
      'div', {}, filters(model, choice, series, pick, update),
      h('section', {class: 'card', 'aria-labelledby': 'cross-title'},
        h('h2', {id: 'cross-title'}, `${series} on ${model.groups.length} device classes`),
        h('p', {class: 'note'},
          'Each line is one device class against its own baseline: ratios may be compared across ' +
              'hardware, latencies tell which machine is the faster one.'),
        rows.length > 0 &&
            chartPanels('cross', rows, keys, (row) => row.group, model, choice, update),
        h('h3', {}, `Side by side (${found.length} arms, ${differing} with different verdicts)`),
        sideTable(model, found)));
}
