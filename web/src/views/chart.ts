// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// Speed-up against an axis, both logarithmic: lines with interval bars and markers shaped by
// verdict.
import {svg} from '../dom';
import {digits} from '../format';
import type {SpeedUp} from '../model';

export interface Point {
  x: number;
  speedUp: SpeedUp;
  verdict: string;
  text: string
}
export interface Line {
  key: string;
  colour: number;
  dash: number;
  points: Point[]
}
// Relative change at x that cannot be told from none.
export interface Effect {
  x: number;
  effect: number
}

export interface ChartInput {
  title: string;
  axis: string;
  baseline: string;
  lines: Line[];
  effects: Effect[];
  low: number;  // of the speed-ups shown, over all charts that share the scale
  high: number;
  onPoint: (text: string) => void;
}

export const kPaletteSize = 8;
const kDashes = ['', '6 4', '2 3', '9 3 2 3'];
const kWidth = 560;
const kHeight = 316;
const kPlot = {
  left: 54,
  right: 548,
  top: 14,
  bottom: 264
};
const kMarker = 5;

export function dashOf(index: number): string { return kDashes[index % kDashes.length] ?? ''; }

// Path of a marker around the origin. Shapes carry the verdict, so that colour is free for the
// line.
function markerPath(verdict: string): string {
  const r = kMarker;
  switch (verdict) {
    case 'faster':
      return `M0 ${- r * 1.2}L${r * 1.1} ${r * 0.8}H${- r * 1.1}Z`;
    case 'slower':
      return `M0 ${r * 1.2}L${r * 1.1} ${- r * 0.8}H${- r * 1.1}Z`;
    case 'same':
      return `M${- r} ${- r * 0.7}H${r}V${r * 0.7}H${- r}Z`;
    case 'ambiguous':
      return `M0 ${- r * 1.2}L${r * 1.2} 0L0 ${r * 1.2}L${- r * 1.2} 0Z`;
    default:
      return `M${- r} ${- r}L${r} ${r}M${r} ${- r}L${- r} ${r}`;
  }
}

export function marker(verdict: string, x: number, y: number): SVGPathElement {
  const open = verdict === 'faster' || verdict === 'slower' || verdict === 'same' ? '' : ' open';
  return svg(
      'path', {class: `marker${open}`, d: markerPath(verdict), transform: `translate(${x} ${y})`});
}

interface Scale {
  x: (value: number) => number;
  y: (value: number) => number;
  low: number;
  high: number
}

function log2Scale(from: number, to: number, start: number, end: number): (value: number) =>
    number {
  const span = Math.log2(to) - Math.log2(from) || 1;
  return (value) => start + (end - start) * (Math.log2(value) - Math.log2(from)) / span;
}

function makeScale(input: ChartInput, xs: number[]): Scale {
  const low = Math.min(input.low, 0.9) / 1.08;
  const high = Math.max(input.high, 1.1) * 1.08;
  const from = Math.min(...xs);
  const to = Math.max(...xs);
  const x = from === to ? () => (kPlot.left + kPlot.right) / 2 :
                          log2Scale(from, to, kPlot.left + 18, kPlot.right - 18);
  return {x, y: log2Scale(low, high, kPlot.bottom, kPlot.top), low, high};
}

function yTicks(low: number, high: number): number[] {
  const octaves = Math.log2(high / low);
  const step = octaves > 10 ? 4 : octaves > 6 ? 2 : 1;
  const candidates = octaves < 2.2 ?
      [0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4, 5, 6, 7, 8] :
      Array.from({length: 21}, (_, i) => 2 ** ((i - 10) * step));
  return candidates.filter((tick) => tick >= low && tick <= high);
}

function grid(scale: Scale, xs: number[], input: ChartInput): SVGGElement {
  const group = svg('g', {class: 'grid'});
  let lastY = Infinity;
  for (const tick of yTicks(scale.low, scale.high)) {
    const y = scale.y(tick);
    if (tick !== 1 && (lastY - y < 17 || Math.abs(y - scale.y(1)) < 17)) continue;
    lastY = y;
    group.append(
        svg('line', {
          x1: kPlot.left,
          x2: kPlot.right,
          y1: y,
          y2: y,
          class: tick === 1 ? 'unity' : undefined
        }),
        svg('text', {x: kPlot.left - 6, y: y + 4, 'text-anchor': 'end'},
            `${Number(digits(tick))}×`));
  }
  let lastX = -Infinity;
  for (const tick of xs) {
    const x = scale.x(tick);
    group.append(
        svg('line', {x1: x, x2: x, y1: kPlot.bottom, y2: kPlot.bottom + 4, class: 'tick'}));
    if (x - lastX < 30) continue;
    lastX = x;
    group.append(svg('text', {x, y: kPlot.bottom + 19, 'text-anchor': 'middle'}, String(tick)));
  }
  group.append(
      svg('text', {x: (kPlot.left + kPlot.right) / 2, y: kHeight - 8, 'text-anchor': 'middle'},
          `${input.axis} (log scale)`),
      svg('text', {x: kPlot.right - 4, y: kPlot.top + 10, 'text-anchor': 'end', class: 'hint'},
          'faster ↑'),
      svg('text', {x: kPlot.right - 4, y: kPlot.bottom - 6, 'text-anchor': 'end', class: 'hint'},
          'slower ↓'));
  return group;
}

function effectBand(scale: Scale, effects: Effect[]): SVGPathElement|null {
  if (effects.length < 2) return null;
  const clamp = (value: number) => Math.min(Math.max(value, scale.low), scale.high);
  const top = effects.map((e) => `${scale.x(e.x)} ${scale.y(clamp(1 + e.effect))}`);
  const bottom =
      effects.map((e) => `${scale.x(e.x)} ${scale.y(clamp(1 / (1 + e.effect)))}`).reverse();
  return svg('path', {class: 'effect', d: `M${[...top, ...bottom].join('L')}Z`});
}

interface Placed {
  x: number;
  y: number;
  point: Point;
  element: SVGPathElement
}

function drawLine(
    line: Line, offset: number, scale: Scale): {group: SVGGElement; placed: Placed[]} {
  const group =
      svg('g', {class: `line colour-${line.colour % kPaletteSize}`, 'data-line': line.key});
  const clamp = (value: number) => Math.min(Math.max(value, scale.low), scale.high);
  const places = line.points.map(
      (point) => ({x: scale.x(point.x) + offset, y: scale.y(clamp(point.speedUp.value))}));
  if (places.length > 1) {
    const d = 'M' + places.map((place) => `${place.x.toFixed(1)} ${place.y.toFixed(1)}`).join('L');
    group.append(
        svg('path', {class: 'stroke', d, 'stroke-dasharray': dashOf(line.dash) || undefined}));
  }
  const placed: Placed[] = [];
  line.points.forEach((point, i) => {
    const {x, y} = places[i] as {
      x: number;
      y: number
    };
    const element = marker(point.verdict, x, y);
    group.append(
        svg('line', {
          class: 'interval',
          x1: x,
          x2: x,
          y1: scale.y(clamp(point.speedUp.low)),
          y2: scale.y(clamp(point.speedUp.high)),
        }),
        element);
    placed.push({x, y, point, element});
  });
  return {group, placed};
}

// The pointer picks the nearest point, the arrow keys walk along a line and between lines.
function listen(root: SVGSVGElement, lines: Placed[][], onPoint: (text: string) => void): void {
  let row = 0;
  let column = -1;
  let current: Placed|undefined;
  const show = (placed: Placed|undefined) => {
    if (!placed || placed === current) return;
    current?.element.classList.remove('picked');
    placed.element.classList.add('picked');
    current = placed;
    onPoint(placed.point.text);
  };
  root.addEventListener('pointermove', (event) => {
    const box = root.getBoundingClientRect();
    const x = (event.clientX - box.left) * kWidth / box.width;
    const y = (event.clientY - box.top) * kHeight / box.height;
    const distance = (placed: Placed) => Math.hypot(placed.x - x, placed.y - y);
    let nearest: Placed|undefined;
    for (const placed of lines.flat()) {
      if (!nearest || distance(placed) < distance(nearest)) nearest = placed;
    }
    if (nearest && distance(nearest) < 40) show(nearest);
  });
  root.addEventListener('keydown', (event) => {
    const steps: Record<string, [number, number]> = {
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
    };
    const step = steps[event.key];
    if (!step || lines.length === 0) return;
    event.preventDefault();
    row = (row + step[0] + lines.length) % lines.length;
    const points = lines[row] ?? [];
    column = Math.min(Math.max(column + step[1], 0), points.length - 1);
    show(points[column]);
  });
}

export function drawChart(input: ChartInput): SVGSVGElement {
  const xs = [...new Set(input.lines.flatMap((line) => line.points.map((point) => point.x)))].sort(
      (a, b) => a - b);
  const count = input.lines.reduce((sum, line) => sum + line.points.length, 0);
  const root = svg('svg', {
    class: 'chart',
    viewBox: `0 0 ${kWidth} ${kHeight}`,
    tabindex: 0,
    role: 'application',
    'aria-label': `${input.title}: speed-up over ${input.baseline} against ${input.axis}, ${
                      input.lines.length} ` +
        `lines, ${count} points. Arrow keys read the points; the table below has every number.`,
  });
  if (xs.length === 0) {
    root.append(
        svg('text', {x: kWidth / 2, y: kHeight / 2, 'text-anchor': 'middle', class: 'hint'},
            'nothing comparable to draw: the table says why'));
    return root;
  }
  const scale = makeScale(input, xs);
  root.append(grid(scale, xs, input));
  const band = effectBand(scale, input.effects);
  if (band) root.append(band);
  const spread = Math.min(3, 14 / input.lines.length);
  const placed: Placed[][] = [];
  input.lines.forEach((line, i) => {
    const drawn = drawLine(line, (i - (input.lines.length - 1) / 2) * spread, scale);
    root.append(drawn.group);
    placed.push(drawn.placed);
  });
  listen(root, placed, input.onPoint);
  return root;
}
