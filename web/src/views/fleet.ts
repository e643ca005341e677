// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// Sessions: where measurements can come from, and what each runs now.
import {h} from '../dom';
import {enumWords, finite, percent, time} from '../format';
import type {Session} from '../types';
import {ceilingTiles, deviceFacts, environment} from './session';

export function progressBar(fraction: number, label: string): HTMLElement {
  const bar = h('progress', {max: 1, 'aria-label': label});
  bar.value = Math.min(Math.max(fraction, 0), 1);
  return bar;
}

function activity(session: Session): HTMLElement {
  if (session.blockId) {
    const fraction = finite(session.fraction) ?? 0;
    return h(
        'p', {class: 'activity'}, progressBar(fraction, 'Part of the block done'),
        `runs ${session.blockId}, ${percent(fraction)} done`);
  }
  if (session.notLeasingReason)
    return h('p', {class: 'activity warn'}, `takes no block: ${session.notLeasingReason}`);
  return h(
      'p', {class: 'activity quiet'}, session.state === 'SESSION_STATE_OPEN' ? 'idle' : 'over');
}

function sessionCard(session: Session): HTMLElement {
  const state = enumWords(session.state, 'SESSION_STATE_');
  const labels =
      Object.entries(session.labels ?? {}).sort().map(([key, value]) => `${key}=${value}`);
  return h(
      'section', {class: 'card'},
      h('h2', {},
        session.device?.deviceClass || session.device?.name || session.sessionId || 'device', ' ',
        h('span', {class: `badge state-${state}`}, state),
        session.draining && h('span', {class: 'badge'}, 'draining')),
      h('p', {}, session.device?.name ?? ''), h('p', {class: 'note'}, deviceFacts(session.device)),
      activity(session), ceilingTiles(session.ceilings),
      h('p', {class: 'note'},
        [
          `agent ${session.agentName ?? ''} ${session.agentVersion ?? ''}`,
          `host ${session.hostId ?? ''}`, ...labels, `session ${session.sessionId ?? ''}`,
          `since ${time(session.createTime)}`, `last seen ${time(session.lastSeenTime)}`,
          session.spooledResults ? `${session.spooledResults} results wait on its disk` : ''
        ].filter(Boolean)
            .join(' · ')),
      environment(session.sessionId ?? '', [session]));
}

export function fleetView(sessions: Session[]): HTMLElement {
  if (sessions.length === 0) {
    return h(
        'div', {class: 'card empty'},
        h('p', {}, 'No agent is connected. Start one with quantfleet-agent.'));
  }
  return h('div', {}, ...sessions.map(sessionCard));
}
