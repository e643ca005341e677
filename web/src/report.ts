// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// The page as a file: one comparison, embedded.
import {draw} from './app';
import {buildModel} from './model';
import {freshChoice} from './state';
import type {Choice} from './state';
import type {Comparison} from './types';
import {comparisonView} from './views/comparison';
import {crossView} from './views/cross';

export function showReport(comparison: Comparison): void {
  const model = buildModel(comparison);
  let choice = freshChoice();
  const update = (change: Partial<Choice>) => {
    choice = {...choice, ...change};
    redraw();
  };
  const redraw = () => {
    const cross = location.hash === '#/cross';
    draw({
      title: model.name,
      detail: `Matrix ${model.matrixId} · ${comparison.rows?.length ?? 0} measurements`,
      links: [],
      problem: '',
      tabs: [
        {href: '#/', text: 'By device', current: !cross},
        {href: '#/cross', text: 'Across hardware', current: cross},
      ],
      content: cross ? crossView(model, choice, update) : comparisonView(model, choice, update),
    });
  };
  addEventListener('hashchange', redraw);
  redraw();
}
