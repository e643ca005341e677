// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// The frame around every view: navigation, title, messages.
import {h, replaceKeepingPlace} from './dom';

export interface Link {
  href: string;
  text: string;
  current: boolean
}

export interface Frame {
  title: string;
  detail: string;
  links: Link[];
  tabs: Link[];
  problem: string;  // empty: none
  content: Node;
}

function link(entry: Link): HTMLElement {
  return h(
      'a', {
        href: entry.href,
        id: `link-${entry.href}`,
        'aria-current': entry.current ? 'page' : undefined
      },
      entry.text);
}

// Draws the whole page into #app; see replaceKeepingPlace for what survives.
export function draw(frame: Frame): void {
  const root = document.getElementById('app') as HTMLElement;
  document.title = `${frame.title} · Quantfleet`;
  const page =
      h('div', {}, h('a', {class: 'skip', href: '#main', click: focusMain}, 'Skip to the content'),
        h('header', {class: 'top'}, h('span', {class: 'brand'}, 'Quantfleet'),
          frame.links.length > 0 && h('nav', {'aria-label': 'Pages'}, ...frame.links.map(link))),
        h('main', {id: 'main', tabindex: -1}, h('h1', {id: 'title', tabindex: -1}, frame.title),
          frame.detail && h('p', {class: 'note'}, frame.detail),
          h('div', {role: 'status'}, frame.problem && h('p', {class: 'problem'}, frame.problem)),
          frame.tabs.length > 0 &&
              h('nav', {class: 'tabs', 'aria-label': 'Views'}, ...frame.tabs.map(link)),
          frame.content));
  replaceKeepingPlace(root, page);
}

function focusMain(event: Event): void {
  // The hash is the route: following the link would leave the page.
  event.preventDefault();
  document.getElementById('main')?.focus();
}
