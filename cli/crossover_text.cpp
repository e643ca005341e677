// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/crossover_text.hpp"

#include <cstdio>

namespace quantfleet::cli {
namespace {

// "searched: 17, 24, 20 added, nothing left to bisect"; empty without a search.
std::string SearchText(const v1::Crossover& crossover) {
  const v1::CrossoverSearch& search = crossover.search();
  if (search.outcome() == v1::SEARCH_OUTCOME_UNSPECIFIED) return "";
  std::string text = "searched: ";
  for (int i = 0; i < search.added_size(); ++i) {
    char number[32];
    std::snprintf(number, sizeof number, "%s%.0f", i == 0 ? "" : ", ", search.added(i));
    text += number;
  }
  text += search.added().empty() ? "no point was to be added" : " added";
  if (search.outcome() == v1::SEARCH_OUTCOME_RUNNING) return text + ", more are being measured";
  if (search.outcome() == v1::SEARCH_OUTCOME_POINTS_SPENT) {
    return text + ", which is all that the matrix allows: it could be narrower";
  }
  return search.added().empty() ? text : text + ", nothing is left to bisect";
}

}  // namespace

std::string CrossoverText(const google::protobuf::RepeatedPtrField<v1::Crossover>& crossovers) {
  std::string text, title;
  for (const v1::Crossover& crossover : crossovers) {
    const std::string own =
        "Crossovers along " + crossover.axis() + " on " + crossover.device_class() + "\n";
    if (own != title) text += own;
    title = own;
    text += "  " + crossover.sentence() + "\n";
    if (crossover.has_predicted()) text += "    " + crossover.predicted().sentence() + "\n";
    const std::string search = SearchText(crossover);
    if (!search.empty()) text += "    " + search + "\n";
  }
  return text;
}

}  // namespace quantfleet::cli
