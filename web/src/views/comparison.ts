// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// One matrix, one section a device class.
import {h, idOf} from '../dom';
import type {Group, Model, Row} from '../model';
import type {Choice, Update} from '../state';
import {ledgerSection} from './ledger';
import {chartPanels, kVerdicts} from './panels';
import type {LineKey} from './panels';
import {ceilingTiles, deviceFacts, environment} from './session';
import {resultTable, verdictBadge} from './table';

// Colour says the format, the dash says the kernel.
export function seriesKeys(model: Model): LineKey[] {
  return model.series.map((key) => {
    const row =
        model.groups.flatMap((group) => group.rows).find((candidate) => candidate.series === key);
    return {
      key,
      colour: Math.max(model.formats.indexOf(row?.format ?? ''), 0),
      dash: Math.max(model.kernels.indexOf(row?.kernel ?? ''), 0),
    };
  });
}

export function select(
    id: string, label: string, all: string, options: string[], value: string,
    change: (value: string) => void): HTMLElement {
  const element =
      h('select', {id, change: (event) => change((event.target as HTMLSelectElement).value)},
        all && h('option', {value: ''}, all),
        ...options.map((option) => h('option', {value: option}, option)));
  element.value = value;
  return h('label', {class: 'field'}, label, element);
}

export function filterRows(rows: Row[], choice: Choice): Row[] {
  return rows.filter(
      (row) => (!choice.panel || row.panel === choice.panel) &&
          (!choice.format || row.format === choice.format) &&
          (!choice.verdict || row.verdict === choice.verdict));
}

function filterBar(model: Model, choice: Choice, update: Update): HTMLElement {
  return h(
      'div', {class: 'filters', role: 'search', 'aria-label': 'Filter'},
      select(
          'filter-layer', 'Layer', 'all layers', model.panels, choice.panel,
          (panel) => update({panel})),
      select(
          'filter-format', 'Format', 'all formats', model.formats, choice.format,
          (format) => update({format})),
      select(
          'filter-verdict', 'Verdict', 'all verdicts', kVerdicts, choice.verdict,
          (verdict) => update({verdict})));
}

function verdictCounts(group: Group): HTMLElement {
  const entries =
      kVerdicts
          .map((verdict) => ({
                 verdict,
                 count:
                     group.rows.filter((row) => row.role === 'candidate' && row.verdict === verdict)
                         .length,
               }))
          .filter((entry) => entry.count > 0);
  return h(
      'p', {class: 'counts', 'aria-label': 'Arms by verdict'},
      ...entries.map(
          (entry) =>
              h('span', {}, h('strong', {}, entry.count), ' ', verdictBadge(entry.verdict))));
}

function crossoverList(group: Group, choice: Choice): HTMLElement|null {
  const shown = group.crossovers.filter(
      (crossover) => (!choice.format || crossover.labels?.format === choice.format) &&
          (!choice.panel || !crossover.labels?.layer ||
           choice.panel.includes(crossover.labels.layer)));
  if (shown.length === 0) return null;
  return h(
      'section', {class: 'crossovers'}, h('h3', {}, 'Crossovers'),
      h('ul', {},
        ...shown.map(
            (crossover) =>
                h('li', {}, crossover.sentence ?? '',
                  crossover.predicted?.sentence &&
                      h('small', {}, crossover.predicted.sentence)))));
}

function ceilingsOf(group: Group): HTMLElement[] {
  return group.sessions.map(
      (session) =>
          h('div', {class: 'session'},
            h('p', {class: 'note'},
              `Session ${session.sessionId ?? ''} · ${deviceFacts(session.device)}`),
            ceilingTiles(session.ceilings)));
}

function groupSection(group: Group, model: Model, choice: Choice, update: Update): HTMLElement {
  const rows = filterRows(group.rows, choice);
  const candidates = rows.filter((row) => row.role === 'candidate');
  const id = idOf('group', group.key);
  return h(
      'section', {class: 'card', 'aria-labelledby': id, 'data-group': group.key},
      h('h2', {id}, group.title), h('p', {class: 'note'}, group.detail), verdictCounts(group),
      ...ceilingsOf(group),
      candidates.length > 0 &&
          chartPanels(
              id, candidates,
              seriesKeys(model).filter((key) => candidates.some((row) => row.series === key.key)),
              (row) => row.series, model, choice, update),
      crossoverList(group, choice), ledgerSection(id, group, choice), h('h3', {}, `Measurements (${rows.length})`),
      resultTable(group, rows, model, choice, update), environment(id, group.sessions));
}

export function comparisonView(model: Model, choice: Choice, update: Update): HTMLElement {
  if (model.groups.length === 0) {
    return h(
        'div', {class: 'card empty'},
        h('p', {}, 'No result yet. Rows appear as soon as a block is over.'));
  }
  return h(
      'div', {}, filterBar(model, choice, update),
      ...model.groups.map((group) => groupSection(group, model, choice, update)));
}
