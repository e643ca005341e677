// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// A row of charts that share one scale, their legend and the line that reads out a point.
import {h, idOf, svg} from '../dom';
import {percent, seconds, times} from '../format';
import type {Model, Row} from '../model';
import type {Choice, Update} from '../state';
import {dashOf, drawChart, kPaletteSize, marker} from './chart';
import type {Effect, Line, Point} from './chart';

export interface LineKey {
  key: string;
  colour: number;
  dash: number
}

export const kVerdicts = ['faster', 'slower', 'same', 'ambiguous', 'not comparable', 'invalid'];

export function intervalText(row: Row): string {
  const speedUp = row.speedUp;
  return speedUp ? `${times(speedUp.value)} (${times(speedUp.low)} to ${times(speedUp.high)})` : '';
}

function pointOf(row: Row, model: Model): Point|undefined {
  if (!row.speedUp || row.axis === undefined || row.axis <= 0) return undefined;
  const effect = row.effect === undefined ? '' : `, detectable from ${percent(row.effect)}`;
  const text = `${row.group}, ${row.panel}, ${row.series}, ${model.axis} ${row.axisText}: ` +
      `${intervalText(row)} ${row.verdict}, ${seconds(row.latency)}${effect}`;
  return {x: row.axis, speedUp: row.speedUp, verdict: row.verdict, text};
}

function lineOf(key: LineKey, rows: Row[], model: Model): Line {
  const points =
      rows.map((row) => pointOf(row, model)).filter((point): point is Point => point !== undefined);
  return {...key, points: points.sort((a, b) => a.x - b.x)};
}

function effectsOf(rows: Row[]): Effect[] {
  const widest = new Map<number, number>();
  for (const row of rows) {
    if (row.axis === undefined || row.axis <= 0 || row.effect === undefined) continue;
    widest.set(row.axis, Math.max(widest.get(row.axis) ?? 0, row.effect));
  }
  return [...widest].map(([x, effect]) => ({x, effect})).sort((a, b) => a.x - b.x);
}

export function swatch(key: LineKey): SVGSVGElement {
  return svg(
      'svg', {
        class: `swatch colour-${key.colour % kPaletteSize}`,
        viewBox: '0 0 30 10',
        'aria-hidden': 'true'
      },
      svg('line', {
        class: 'stroke',
        x1: 0,
        x2: 30,
        y1: 5,
        y2: 5,
        'stroke-dasharray': dashOf(key.dash) || undefined
      }));
}

export function verdictShape(verdict: string): SVGSVGElement {
  return svg(
      'svg', {class: 'shape', viewBox: '-7 -7 14 14', 'aria-hidden': 'true'},
      marker(verdict, 0, 0));
}

function legend(id: string, keys: LineKey[], choice: Choice, update: Update): HTMLElement {
  const toggle = (key: string) => {
    const hidden = new Set(choice.hidden);
    if (!hidden.delete(key)) hidden.add(key);
    update({hidden});
  };
  return h(
      'div', {class: 'legend', role: 'group', 'aria-label': 'Lines shown'},
      ...keys.map(
          (key) =>
              h('button', {
                type: 'button',
                id: idOf(id, key.key),
                class: 'legend-entry',
                'aria-pressed': String(!choice.hidden.has(key.key)),
                click: () => toggle(key.key),
              },
                swatch(key), key.key)));
}

function explanation(model: Model): HTMLElement {
  const shapes = kVerdicts.slice(0, 5).map(
      (verdict) => h('span', {class: 'shape-entry'}, verdictShape(verdict), verdict));
  const sentences = [
    `Speed-up is the time of ${model.baseline} divided by the time of the arm,`,
    'from paired rounds of one block: above 1× the arm is faster.',
    'Bars are the bootstrap interval of that ratio;',
    'the shaded band is the change that the A/A null cannot tell from none.',
    'Markers: ',
  ];
  return h('p', {class: 'note'}, sentences.join(' '), ...shapes);
}

// One chart a panel. `rows` hold candidates only; `keyOf` says which line a row belongs to.
export function chartPanels(
    id: string, rows: Row[], keys: LineKey[], keyOf: (row: Row) => string, model: Model,
    choice: Choice, update: Update): HTMLElement {
  const visible = rows.filter((row) => row.speedUp && !choice.hidden.has(keyOf(row)));
  const values = visible.flatMap((row) => row.speedUp ? [row.speedUp] : []);
  // An interval wider than twice the values around it is cut at the frame: it must not flatten all
  // the others.
  const lowest = Math.min(...values.map((s) => s.value));
  const highest = Math.max(...values.map((s) => s.value));
  const low = Math.max(Math.min(...values.map((s) => s.low)), lowest / 2);
  const high = Math.min(Math.max(...values.map((s) => s.high)), highest * 2);
  const readout =
      h('p', {class: 'readout', 'aria-live': 'polite'},
        'Point at a marker, or walk with the arrow keys.');
  const charts = [...new Set(rows.map((row) => row.panel))].map((panel) => {
    const own = visible.filter((row) => row.panel === panel);
    const lines = keys.map((key) => lineOf(key, own.filter((row) => keyOf(row) === key.key), model))
                      .filter((line) => line.points.length > 0);
    const chart = drawChart({
      title: panel,
      axis: model.axis,
      baseline: model.baseline,
      lines,
      effects: effectsOf(own),
      low,
      high,
      onPoint: (text) => {
        readout.textContent = text;
      },
    });
    chart.id = idOf(id, 'chart', panel);
    return h('figure', {}, h('figcaption', {}, panel), chart);
  });
  return h(
      'div', {class: 'panels'}, legend(idOf(id, 'legend'), keys, choice, update),
      h('div', {class: 'charts'}, ...charts), readout, explanation(model));
}
