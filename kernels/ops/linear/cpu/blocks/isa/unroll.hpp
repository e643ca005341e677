// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Before a loop of few rounds over registers: an array in registers needs constant indices, and
// GCC does not unroll such loops by itself inside others.
#if defined(__clang__)
#define QF_UNROLL _Pragma("unroll")
#else
#define QF_UNROLL _Pragma("GCC unroll 16")
#endif
