// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quantfleet::postgres {

// What callers send, made fit for a statement: nothing here may turn into a database error, which
// a client would take for a reason to try again for ever.

// Key of a block; nullopt if `block_id` cannot be one of ours.
std::optional<int64_t> ParseBlockId(std::string_view block_id);
// `value` as PostgreSQL's bigint, which has no unsigned types; nullopt if it is too large.
std::optional<int64_t> Bigint(uint64_t value);
// The numbers in "3 14" or "{3,14}", an array of bigint as the database writes it.
std::vector<int64_t> NumbersIn(std::string text);
// The numbers in "{0.5,0.25}", an array of double precision as the database writes it.
std::vector<double> SecondsIn(std::string_view text);
// Text for people: NULs, which PostgreSQL does not store, become spaces, and what is past 2,000
// bytes is cut, never within a character.
std::string PlainText(std::string_view text);

}  // namespace quantfleet::postgres
