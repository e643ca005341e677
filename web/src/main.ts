// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
import {LivePage} from './live';
import {showReport} from './report';
import type {Comparison} from './types';

const embedded = document.getElementById('quantfleet-comparison');
if (embedded)
  showReport(JSON.parse(embedded.textContent ?? '{}') as Comparison);
else
  new LivePage().start();
