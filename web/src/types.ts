// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// The protobuf JSON of quantfleet.v1 as far as the page reads it; proto/quantfleet/v1 is the
// reference. Default values are absent on the wire, 64-bit integers are strings and so are NaN and
// the infinities.

export type Num = number|string;
export type Labels = Record<string, string>;

export interface LinearShape {
  n?: number;
  k?: number;
  batch?: number
}
export interface MatrixShape {
  rows?: number;
  columns?: number
}
export interface AttentionShape {
  queryHeads?: number;
  keyValueHeads?: number;
  headDimension?: number;
  context?: number;
  queryTokens?: number;
  batch?: number;
  window?: number
}
export interface ArmSpec {
  workload?: string;
  format?: string;
  kernel?: string;
  cache?: string;
  linear?: LinearShape;
  matrix?: MatrixShape;
  attention?: AttentionShape;
}
export interface BlockArm {
  index?: number;
  armId?: string;
  spec?: ArmSpec;
  role?: string;
  labels?: Labels
}

export interface Device {
  uid?: string;
  kind?: string;
  name?: string;
  deviceClass?: string;
  architecture?: string;
  features?: string[];
  threads?: number;
  memoryBytes?: Num;
  cacheBytes?: Num;
}
export interface Ceilings {
  dramReadBytesPerSecond?: Num;
  cacheReadBytesPerSecond?: Num;
  matrixOperationsPerSecond?: Record<string, Num>;
  launchSeconds?: Num;
}
export interface Fingerprint {
  values?: Labels
}

export interface Summary {
  samples?: number;
  setAside?: number;
  medianSeconds?: Num;
  medianLowSeconds?: Num;
  medianHighSeconds?: Num;
}
export interface OutputError {
  kernelRelative?: Num;
  outputRelative?: Num;
  cosine?: Num;
  weightSqnrDecibel?: Num
}
export interface Measurement {
  outcome?: string;
  reason?: string;
  kernelUsed?: string;
  summary?: Summary;
  error?: OutputError;
  weightBytes?: Num;
  bitsPerWeight?: Num;
  stopReason?: string;
  grade?: string;
  gradeReasons?: string[];
}
export interface Ratio {
  ratio?: Num;
  low?: Num;
  high?: Num;
  minimumDetectableEffect?: Num;
  verdict?: string;
  reason?: string;
  rounds?: number;
}
export interface ComparisonRow {
  deviceClass?: string;
  deviceName?: string;
  sessionId?: string;
  target?: string;
  arm?: BlockArm;
  measurement?: Measurement;
  ratio?: Ratio;
  dramFraction?: Num;
  matrixFraction?: Num;
  blockId?: string;
}
export interface Crossover {
  deviceClass?: string;
  axis?: string;
  labels?: Labels;
  kind?: string;
  sentence?: string;
  target?: string;
  predicted?: {sentence?: string};
}
export interface LedgerTerm {
  kind?: string;
  seconds?: Num;
}
export interface Ledger {
  deviceClass?: string;
  target?: string;
  arm?: BlockArm;
  state?: string;
  reason?: string;
  differenceSeconds?: Num;
  terms?: LedgerTerm[];
  residualSeconds?: Num;
  residualShare?: Num;
  causes?: {kind?: string; evidence?: string}[];
}
export interface ComparisonSession {
  sessionId?: string;
  device?: Device;
  fingerprint?: Fingerprint;
  ceilings?: Ceilings;
}
export interface Comparison {
  matrixId?: string;
  matrixName?: string;
  schemaVersion?: number;
  sessions?: ComparisonSession[];
  rows?: ComparisonRow[];
  crossovers?: Crossover[];
  ledgers?: Ledger[];
}

export interface Matrix {
  matrixId?: string;
  name?: string;
  state?: string;
  principal?: string;
  priority?: number;
  createTime?: string;
  endTime?: string;
  blocksTotal?: number;
  blocksReady?: number;
  blocksLeased?: number;
  blocksDone?: number;
  blocksFailed?: number;
  blocksCancelled?: number;
  armsMeasured?: number;
  armsTotal?: number;
  armsFailed?: number;
  secondsLeft?: Num;
  version?: Num;
  running?: string[];
  waiting?: string[];
  blocksPending?: number;
}
export interface ListMatricesResponse {
  matrices?: Matrix[];
  nextPageToken?: string
}
export interface GetMatrixResponse {
  matrix?: Matrix
}
export interface CompareMatrixResponse {
  comparison?: Comparison
}

export interface Session extends ComparisonSession {
  agentName?: string;
  agentVersion?: string;
  hostId?: string;
  labels?: Labels;
  state?: string;
  createTime?: string;
  lastSeenTime?: string;
  blockId?: string;
  fraction?: Num;
  draining?: boolean;
  notLeasingReason?: string;
  spooledResults?: number;
}
export interface ListSessionsResponse {
  sessions?: Session[]
}
