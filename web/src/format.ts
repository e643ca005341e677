// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// Numbers for people: three significant digits and a unit.
import type {Num} from './types';

export const kNone = '–';
// Between a number and its unit: they never part at the end of a line.
const kSpace = '\u00a0';

// A finite number, or undefined for what is absent, NaN or infinite.
export function finite(value: Num|undefined): number|undefined {
  if (value === undefined || value === '') return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}

// Three significant digits without an exponent for what has a unit: 0.0123, 1.23, 45.6, 1234.
export function digits(value: number): string {
  if (value === 0) return '0';
  const magnitude = Math.abs(value);
  if (magnitude >= 999.5) return Math.round(value).toString();
  if (magnitude < 0.0001) return value.toExponential(2);
  return value.toPrecision(3);
}

interface Unit {
  scale: number;
  name: string
}

const kSeconds: Unit[] = [
  {scale: 3600, name: 'h'},
  {scale: 60, name: 'min'},
  {scale: 1, name: 's'},
  {scale: 1e-3, name: 'ms'},
  {scale: 1e-6, name: 'µs'},
  {scale: 1e-9, name: 'ns'},
];
const kBytes: Unit[] = [
  {scale: 2 ** 40, name: 'TiB'},
  {scale: 2 ** 30, name: 'GiB'},
  {scale: 2 ** 20, name: 'MiB'},
  {scale: 2 ** 10, name: 'KiB'},
  {scale: 1, name: 'B'},
];
const kDecimal: Unit[] = [
  {scale: 1e15, name: 'P'},
  {scale: 1e12, name: 'T'},
  {scale: 1e9, name: 'G'},
  {scale: 1e6, name: 'M'},
  {scale: 1e3, name: 'k'},
  {scale: 1, name: ''},
];

function pickUnit(magnitude: number, units: Unit[]): Unit {
  // 0.9995 so that 999.7 KiB is written as 0.976 MiB and never as "1000 KiB" with four digits.
  for (const unit of units)
    if (magnitude >= unit.scale * 0.9995) return unit;
  return units[units.length - 1] as Unit;
}

function scaled(value: Num|undefined, units: Unit[], suffix: string): string {
  const number = finite(value);
  if (number === undefined) return kNone;
  const unit = pickUnit(Math.abs(number), units);
  return digits(number / unit.scale) + kSpace + unit.name + suffix;
}

// "1.23 ms".
export function seconds(value: Num|undefined): string {
  return scaled(value, kSeconds.slice(2), '');
}

// "3.20 min": for waiting, not for latencies.
export function duration(value: Num|undefined): string { return scaled(value, kSeconds, ''); }

// Both ends in the unit of the first: "1.22–1.25 ms".
export function secondsInterval(low: number|undefined, high: number|undefined): string {
  if (low === undefined || high === undefined) return '';
  const unit = pickUnit(low, kSeconds.slice(2));
  return `${digits(low / unit.scale)}–${digits(high / unit.scale)}${kSpace}${unit.name}`;
}

export function bytes(value: Num|undefined): string { return scaled(value, kBytes, ''); }
export function bytesPerSecond(value: Num|undefined): string {
  return scaled(value, kDecimal, 'B/s');
}
// Operations, not FLOP: the peak may be of integers.
export function operationsPerSecond(value: Num|undefined): string {
  return scaled(value, kDecimal, 'OP/s');
}

// "43.2 %".
export function percent(fraction: Num|undefined): string {
  const number = finite(fraction);
  return number === undefined ? kNone : digits(number * 100) + kSpace + '%';
}

// A number without a unit: "8.00", "1.23e-3".
export function plain(value: Num|undefined): string {
  const number = finite(value);
  if (number === undefined) return kNone;
  return number !== 0 && Math.abs(number) < 0.01 ? number.toExponential(2) : digits(number);
}

// "1.23×".
export function times(value: number): string { return digits(value) + '×'; }

// "2026-11-21 07:03" in the reader's zone.
export function time(value: string|undefined): string {
  const date = new Date(value ?? '');
  if (Number.isNaN(date.getTime())) return kNone;
  const two = (n: number) => n.toString().padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ` +
      `${two(date.getHours())}:${two(date.getMinutes())}`;
}

// "VERDICT_NOT_COMPARABLE" without its prefix, as words: "not comparable".
export function enumWords(value: string|undefined, prefix: string): string {
  const name = value ?? '';
  return (name.startsWith(prefix) ? name.slice(prefix.length) : name)
      .toLowerCase()
      .replace(/_/g, ' ');
}
