// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// The page over the coordinator's JSON: routes, and polling while somebody looks.
import {draw} from './app';
import {h} from './dom';
import {buildModel} from './model';
import type {Model} from './model';
import {freshChoice} from './state';
import type {Choice} from './state';
import type {CompareMatrixResponse, GetMatrixResponse, Matrix} from './types';
import type {ListMatricesResponse, ListSessionsResponse} from './types';
import {comparisonView} from './views/comparison';
import {crossView} from './views/cross';
import {fleetView} from './views/fleet';
import {matricesView, matrixHead} from './views/matrices';

const kPollMilliseconds = 2000;

interface Route {
  page: 'matrices'|'matrix'|'fleet';
  id: string;
  cross: boolean
}

function parseRoute(hash: string): Route {
  const parts = hash.replace(/^#\/?/, '').split('/');
  if (parts[0] === 'fleet') return {page: 'fleet', id: '', cross: false};
  if (parts[0] === 'matrix' && parts[1]) {
    return {page: 'matrix', id: safeDecode(parts[1]), cross: parts[2] === 'cross'};
  }
  return {page: 'matrices', id: '', cross: false};
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

class HttpError extends Error {}

async function fetchText(path: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(`/api/v1/${path}`, {signal, headers: {accept: 'application/json'}});
  const text = await response.text();
  if (response.ok) return text;
  let message = `the coordinator answered ${response.status}`;
  try {
    message = JSON.parse(text).error.message || message;
  } catch { /* not our JSON: the status says enough */
  }
  throw new HttpError(message);
}

// Data of the page shown, as text so that an unchanged answer costs no drawing.
interface Data {
  matrices: string;
  fleet: string;
  matrix: string;
  comparison: string;
  version: string
}

function freshData(): Data {
  return {matrices: '', fleet: '', matrix: '', comparison: '', version: ''};
}

export class LivePage {
  private route = parseRoute(location.hash);
  private data = freshData();
  private model: Model|undefined;
  private choice = freshChoice();
  private problem = '';
  private timer = 0;
  private abort = new AbortController();

  start(): void {
    addEventListener('hashchange', () => this.navigate());
    document.addEventListener('visibilitychange', () => this.schedule(0));
    this.redraw();
    this.schedule(0);
  }

  private navigate(): void {
    const former = this.route;
    this.route = parseRoute(location.hash);
    if (former.page !== this.route.page || former.id !== this.route.id) {
      this.data = freshData();
      this.model = undefined;
      this.choice = freshChoice();
      this.problem = '';
    }
    this.redraw();
    document.getElementById('title')?.focus();
    this.schedule(0);
  }

  private schedule(delay: number): void {
    clearTimeout(this.timer);
    this.abort.abort();
    if (document.visibilityState === 'hidden') return;
    this.abort = new AbortController();
    const {signal} = this.abort;
    this.timer = window.setTimeout(() => {
      void this.poll(signal);
    }, delay);
  }

  private async poll(signal: AbortSignal): Promise<void> {
    const before = JSON.stringify([this.data, this.problem]);
    try {
      await this.load(signal);
      this.problem = '';
    } catch (error) {
      if (signal.aborted) return;
      this.problem = error instanceof HttpError ? error.message :
                                                  'The coordinator does not answer; trying again.';
    }
    if (signal.aborted) return;
    if (JSON.stringify([this.data, this.problem]) !== before) this.redraw();
    this.timer = window.setTimeout(() => {
      void this.poll(signal);
    }, kPollMilliseconds);
  }

  private async load(signal: AbortSignal): Promise<void> {
    const {page, id} = this.route;
    if (page === 'matrices') {
      this.data.matrices = await fetchText('matrices', signal);
    } else if (page === 'fleet') {
      this.data.fleet = await fetchText('fleet', signal);
    } else {
      const path = `matrices/${encodeURIComponent(id)}`;
      this.data.matrix = await fetchText(path, signal);
      const version =
          String((JSON.parse(this.data.matrix) as GetMatrixResponse).matrix?.version ?? '0');
      if (version !== this.data.version || !this.data.comparison) {
        this.data.comparison = await fetchText(`${path}/comparison`, signal);
        this.data.version = version;
        const {comparison} = JSON.parse(this.data.comparison) as CompareMatrixResponse;
        this.model = buildModel(comparison ?? {});
      }
    }
  }

  private redraw(): void {
    const {page, id, cross} = this.route;
    const base = `#/matrix/${encodeURIComponent(id)}`;
    const matrix =
        this.data.matrix ? (JSON.parse(this.data.matrix) as GetMatrixResponse).matrix : undefined;
    const titles = {matrices: 'Matrices', fleet: 'Fleet', matrix: matrix?.name || 'Matrix'};
    draw({
      title: titles[page],
      detail: page === 'matrix' ? id : '',
      problem: this.problem,
      links: [
        {href: '#/', text: 'Matrices', current: page === 'matrices'},
        {href: '#/fleet', text: 'Fleet', current: page === 'fleet'},
      ],
      tabs: page !== 'matrix' ? [] :
                                [
                                  {href: base, text: 'By device', current: !cross},
                                  {href: `${base}/cross`, text: 'Across hardware', current: cross},
                                ],
      content: this.content(matrix),
    });
  }

  private content(matrix: Matrix|undefined): Node {
    const {page, cross} = this.route;
    const waiting = () => h('p', {class: 'note'}, this.problem ? '' : 'Loading …');
    if (page === 'matrices') {
      if (!this.data.matrices) return waiting();
      const list = JSON.parse(this.data.matrices) as ListMatricesResponse;
      return matricesView(list.matrices ?? [], Boolean(list.nextPageToken));
    }
    if (page === 'fleet') {
      if (!this.data.fleet) return waiting();
      return fleetView((JSON.parse(this.data.fleet) as ListSessionsResponse).sessions ?? []);
    }
    if (!matrix || !this.model) return waiting();
    const update = (change: Partial<Choice>) => {
      this.choice = {...this.choice, ...change};
      this.redraw();
    };
    const view = cross ? crossView : comparisonView;
    return h('div', {}, matrixHead(matrix), view(this.model, this.choice, update));
  }
}
