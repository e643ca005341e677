// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// What a device reached in a session, and the environment it did so in.
import {h, idOf} from '../dom';
import type {Child} from '../dom';
import {bytes, bytesPerSecond, finite, operationsPerSecond, seconds} from '../format';
import type {Ceilings, ComparisonSession, Device} from '../types';

export function tile(value: string, label: string): HTMLElement {
  return h('div', {class: 'tile'}, h('dd', {}, value), h('dt', {}, label));
}

export function ceilingTiles(ceilings: Ceilings|undefined): HTMLElement {
  const tiles: Child[] = [
    tile(bytesPerSecond(ceilings?.dramReadBytesPerSecond), 'DRAM read'),
    tile(bytesPerSecond(ceilings?.cacheReadBytesPerSecond), 'cache read'),
  ];
  for (const [type, rate] of Object.entries(ceilings?.matrixOperationsPerSecond ?? {}).sort()) {
    tiles.push(tile(operationsPerSecond(rate), `${type} matrix peak`));
  }
  tiles.push(tile(seconds(ceilings?.launchSeconds), 'launch'));
  return h('dl', {class: 'tiles'}, ...tiles);
}

export function deviceFacts(device: Device|undefined): string {
  const facts = [
    device?.architecture,
    device?.threads ? `${device.threads} thread${device.threads === 1 ? '' : 's'}` : '',
    finite(device?.memoryBytes) ? `${bytes(device?.memoryBytes)} memory` : '',
    finite(device?.cacheBytes) ? `${bytes(device?.cacheBytes)} cache` : '',
    (device?.features ?? []).join(' ')
  ];
  return facts.filter(Boolean).join(' · ');
}

// The fingerprint, and which of its keys the sessions disagree on.
export function environment(id: string, sessions: ComparisonSession[]): HTMLElement {
  const keys = [
    ...new Set(sessions.flatMap((session) => Object.keys(session.fingerprint?.values ?? {})))
  ].sort();
  const valuesOf = (key: string) =>
      sessions.map((session) => session.fingerprint?.values?.[key] ?? 'not known');
  const differs = (key: string) => new Set(valuesOf(key)).size > 1;
  const differing = keys.filter(differs).length;
  const summary = `Environment: ${keys.length} facts` +
      (differing ? `, ${differing} differ between the sessions` : '');
  return h(
      'details', {id: idOf(id, 'environment'), class: 'environment'}, h('summary', {}, summary),
      h('div', {class: 'table-frame', tabindex: 0, role: 'region', 'aria-label': 'Environment'},
        h('table', {},
          h('thead', {},
            h('tr', {}, h('th', {scope: 'col'}, 'fact'),
              ...sessions.map((session) => h('th', {scope: 'col'}, session.sessionId ?? '')))),
          h('tbody', {},
            ...keys.map(
                (key) =>
                    h('tr', {class: differs(key) ? 'differs' : undefined},
                      h('th', {scope: 'row'}, key),
                      ...valuesOf(key).map((value) => h('td', {}, value))))))));
}
