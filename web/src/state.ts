// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// What the reader chose. Kept over refreshes, forgotten with the page.

export type SortColumn = 'panel'|'axis'|'arm'|'latency'|'speedUp'|'bytes'|'error'|'dram'|'grade';

export interface Choice {
  panel: string;        // empty: all
  format: string;       // empty: all
  verdict: string;      // empty: all
  hidden: Set<string>;  // lines switched off in the legend
  sort: SortColumn|'';  // empty: the order of the comparison
  descending: boolean;
  onlyDisagreements: boolean;
}

export function freshChoice(): Choice {
  return {
    panel: '',
    format: '',
    verdict: '',
    hidden: new Set(),
    sort: '',
    descending: false,
    onlyDisagreements: false,
  };
}

// Applies a change to the choice and draws again.
export type Update = (change: Partial<Choice>) => void;
