// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// A Comparison as the views need it: rows flattened, time ratios turned into speed-ups, rows
// grouped by device class.
import {enumWords, finite} from './format';
import type {ArmSpec, Comparison, ComparisonRow, ComparisonSession, Crossover, Ledger} from './types';

// Baseline time over arm time, with the interval of the time ratio turned over: above 1 the arm is
// faster.
export interface SpeedUp {
  value: number;
  low: number;
  high: number
}

export type Role = 'baseline'|'null'|'candidate';

export interface Row {
  group: string;
  panel: string;   // what is fixed in one chart: the layer and every other label
  series: string;  // "nf4 · fused"
  format: string;
  kernel: string;
  axisText: string;
  axis: number|undefined;
  role: Role;
  measured: boolean;
  outcome: string;
  verdict: string;  // in words; empty for the baseline
  verdictReason: string;
  speedUp: SpeedUp|undefined;
  effect: number|undefined;  // minimum detectable effect, fraction
  latency: number|undefined;
  latencyLow: number|undefined;
  latencyHigh: number|undefined;
  grade: string;
  source: ComparisonRow;
}

export interface Group {
  key: string;
  title: string;
  detail: string;
  rows: Row[];
  sessions: ComparisonSession[];
  crossovers: Crossover[];
  ledgers: Ledger[];
}

export interface Model {
  matrixId: string;
  name: string;
  axis: string;
  baseline: string;
  groups: Group[];
  panels: string[];
  formats: string[];
  kernels: string[];
  series: string[];  // of the candidates, in order of appearance
}

export function speedUpOf(row: ComparisonRow): SpeedUp|undefined {
  const ratio = finite(row.ratio?.ratio);
  const low = finite(row.ratio?.low);
  const high = finite(row.ratio?.high);
  if (ratio === undefined || low === undefined || high === undefined) return undefined;
  return ratio > 0 && low > 0 && high > 0 ? {value: 1 / ratio, low: 1 / high, high: 1 / low} :
                                            undefined;
}

function roleOf(name: string|undefined): Role {
  if (name === 'ARM_ROLE_BASELINE') return 'baseline';
  return name === 'ARM_ROLE_NULL' ? 'null' : 'candidate';
}

function axisTextOf(row: ComparisonRow, axis: string): string {
  const label = row.arm?.labels?.[axis];
  if (label !== undefined) return label;
  if (axis === 'context') return String(row.arm?.spec?.attention?.context ?? '');
  return axis === 'batch' ? String(row.arm?.spec?.linear?.batch ?? '') : '';
}

function shapeText(spec: ArmSpec|undefined): string {
  if (spec?.linear) return `${spec.linear.n ?? 0}×${spec.linear.k ?? 0}`;
  if (spec?.matrix) return `${spec.matrix.rows ?? 0}×${spec.matrix.columns ?? 0}`;
  if (spec?.attention) {
    const shape = spec.attention;
    return `${shape.queryHeads ?? 0}/${shape.keyValueHeads ?? 0} heads of ${shape.headDimension ?? 0}`;
  }
  return spec?.workload ?? '';
}

function panelOf(row: ComparisonRow, axis: string): string {
  const parts: string[] = [];
  for (const [key, value] of Object.entries(row.arm?.labels ?? {}).sort()) {
    if (key === axis || key === 'format' || key === 'kernel') continue;
    if (key === 'layer')
      parts.unshift(value);
    else
      parts.push(`${key} ${value}`);
  }
  return parts.join(' · ') || shapeText(row.arm?.spec);
}

function flatten(row: ComparisonRow, axis: string, group: string): Row {
  const spec = row.arm?.spec ?? {};
  const summary = row.measurement?.summary;
  const axisText = axisTextOf(row, axis);
  const format = spec.format ?? '';
  const kernel = spec.kernel ?? '';
  return {
    group,
    panel: panelOf(row, axis),
    series: `${format} · ${kernel}`,
    format,
    kernel,
    axisText,
    axis: finite(axisText),
    role: roleOf(row.arm?.role),
    measured: row.measurement?.outcome === 'OUTCOME_MEASURED',
    outcome: enumWords(row.measurement?.outcome, 'OUTCOME_'),
    verdict: row.ratio ? enumWords(row.ratio.verdict, 'VERDICT_') : '',
    verdictReason: row.ratio?.reason ?? '',
    speedUp: speedUpOf(row),
    effect: finite(row.ratio?.minimumDetectableEffect),
    latency: finite(summary?.medianSeconds),
    latencyLow: finite(summary?.medianLowSeconds),
    latencyHigh: finite(summary?.medianHighSeconds),
    grade: enumWords(row.measurement?.grade, 'GRADE_').toUpperCase(),
    source: row,
  };
}

function unique(values: Iterable<string>): string[] { return [...new Set(values)]; }

// Targets name a group only where one device class serves several of them.
function groupNames(rows: ComparisonRow[]): (deviceClass: string, target: string) => string {
  const targets = new Map<string, Set<string>>();
  for (const row of rows) {
    const seen = targets.get(row.deviceClass ?? '') ?? new Set<string>();
    targets.set(row.deviceClass ?? '', seen.add(row.target ?? ''));
  }
  return (deviceClass, target) => {
    const several = (targets.get(deviceClass)?.size ?? 0) > 1;
    return (deviceClass || 'unknown device') + (several ? ` · ${target}` : '');
  };
}

export function buildModel(comparison: Comparison): Model {
  // The parts of a product are not compared: they are behind the ledgers.
  const sources =
      (comparison.rows ?? []).filter((row) => row.arm?.role !== 'ARM_ROLE_ABLATION');
  const crossovers = comparison.crossovers ?? [];
  const axis = crossovers[0]?.axis || 'batch';
  const nameOf = groupNames(sources);
  const groups = new Map<string, Group>();
  for (const source of sources) {
    const key = nameOf(source.deviceClass ?? '', source.target ?? '');
    let group = groups.get(key);
    if (!group) {
      group = {
        key,
        title: key,
        detail: source.deviceName ?? '',
        rows: [],
        sessions: [],
        crossovers: [],
        ledgers: []
      };
      groups.set(key, group);
    }
    group.rows.push(flatten(source, axis, key));
  }
  for (const crossover of crossovers) {
    groups.get(nameOf(crossover.deviceClass ?? '', crossover.target ?? ''))
        ?.crossovers.push(crossover);
  }
  for (const ledger of comparison.ledgers ?? []) {
    groups.get(nameOf(ledger.deviceClass ?? '', ledger.target ?? ''))?.ledgers.push(ledger);
  }
  for (const group of groups.values()) {
    const ids = new Set(group.rows.map((row) => row.source.sessionId));
    group.sessions = (comparison.sessions ?? []).filter((session) => ids.has(session.sessionId));
  }
  const rows = [...groups.values()].flatMap((group) => group.rows);
  const compared = rows.filter((row) => row.role === 'candidate');
  return {
    matrixId: comparison.matrixId ?? '',
    name: comparison.matrixName || 'Comparison',
    axis,
    baseline: rows.find((row) => row.role === 'baseline')?.format || 'the baseline',
    groups: [...groups.values()],
    panels: unique(rows.map((row) => row.panel)),
    formats: unique(compared.map((row) => row.format)),
    kernels: unique(compared.map((row) => row.kernel)),
    series: unique(compared.map((row) => row.series)),
  };
}
