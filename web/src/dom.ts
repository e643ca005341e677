// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// Elements from code. Every text becomes a text node: what a matrix or an agent wrote can never
// become markup.

export type Child = Node|string|number|null|undefined|false;
type Listener = (event: Event) => void;
export type Attributes = Record<string, string|number|boolean|Listener|undefined>;

const kSvgNamespace = 'http://www.w3.org/2000/svg';

function fill(element: Element, attributes: Attributes, children: Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function')
      element.addEventListener(name, value);
    else if (value === true)
      element.setAttribute(name, '');
    else if (value !== undefined && value !== false)
      element.setAttribute(name, String(value));
  }
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

// An HTML element. Attributes that are functions become listeners of the event they are named
// after.
export function h<K extends keyof HTMLElementTagNameMap>(
    tag: K, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  fill(element, attributes, children);
  return element;
}

// An SVG element.
export function svg<K extends keyof SVGElementTagNameMap>(
    tag: K, attributes: Attributes = {}, ...children: Child[]): SVGElementTagNameMap[K] {
  const element = document.createElementNS(kSvgNamespace, tag) as SVGElementTagNameMap[K];
  fill(element, attributes, children);
  return element;
}

// Puts `content` into `root` in place of what was there, and puts focus, scrolled parts and opened
// details back. Only elements with an id keep their place.
export function replaceKeepingPlace(root: HTMLElement, content: Node): void {
  const focused = document.activeElement?.id ?? '';
  const scrolled = new Map<string, [number, number]>();
  const open = new Map<string, boolean>();
  for (const element of root.querySelectorAll<HTMLElement>('[id]')) {
    if (element.scrollTop || element.scrollLeft)
      scrolled.set(element.id, [element.scrollLeft, element.scrollTop]);
    if (element instanceof HTMLDetailsElement) open.set(element.id, element.open);
  }
  root.replaceChildren(content);
  for (const [id, isOpen] of open) {
    const element = document.getElementById(id);
    if (element instanceof HTMLDetailsElement) element.open = isOpen;
  }
  for (const [id, [left, top]] of scrolled) document.getElementById(id)?.scrollTo(left, top);
  if (focused && document.activeElement?.id !== focused) {
    document.getElementById(focused)?.focus({preventScroll: true});
  }
}

// An id made of any text: equal texts give equal ids.
export function idOf(...parts: string[]): string {
  return parts.map((part) => encodeURIComponent(part).replace(/%/g, '_')).join('-');
}
