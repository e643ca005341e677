// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>
#include <cstdio>

#include "cli/client.hpp"
#include "cli/verbs/verbs.hpp"

namespace quantfleet::cli {
namespace {

// "no_match" of STANDING_CAUSE_NO_MATCH.
std::string CauseWord(v1::StandingCause cause) {
  std::string name = v1::StandingCause_Name(cause).substr(15);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

void PrintStandings(const v1::ExplainBlocksResponse& response) {
  if (response.standings().empty()) std::printf("every block of it has its result\n");
  for (const v1::Standing& standing : response.standings()) {
    const std::string more =
        standing.blocks() > 1 ? " and " + std::to_string(standing.blocks() - 1) + " more" : "";
    if (standing.cause() == v1::STANDING_CAUSE_JOINING ||
        standing.cause() == v1::STANDING_CAUSE_SEARCHING) {
      std::printf("%s: %s\n", CauseWord(standing.cause()).c_str(), standing.reason().c_str());
      continue;
    }
    if (standing.block_id().empty()) {
      std::printf("%u blocks to be made, %s: %s\n", standing.blocks(),
                  CauseWord(standing.cause()).c_str(), standing.reason().c_str());
      continue;
    }
    std::printf("block %s%s (%s), %s: %s\n", standing.block_id().c_str(), more.c_str(),
                standing.target().c_str(), CauseWord(standing.cause()).c_str(),
                standing.reason().c_str());
    for (const std::string& line : standing.details()) std::printf("  %s\n", line.c_str());
  }
}

}  // namespace

int Why(const Common& common, const std::string& id) {
  v1::ExplainBlocksRequest request;
  request.set_id(id);
  const auto response = Client(common.remote).ExplainBlocks(request);
  if (!response.ok()) return Fail(response.status());
  if (common.output == Output::kTable) {
    PrintStandings(*response);
    return 0;
  }
  if (common.output == Output::kJson) {
    Print(JsonOf(*response));
    return 0;
  }
  Table table({"block", "matrix", "ordinal", "target", "blocks", "cause", "ahead", "reason"});
  for (const v1::Standing& standing : response->standings()) {
    table.Add({standing.block_id(), standing.matrix_id(), std::to_string(standing.ordinal()),
               standing.target(), std::to_string(standing.blocks()), CauseWord(standing.cause()),
               std::to_string(standing.blocks_ahead()), standing.reason()});
  }
  Print(table.AsCsv());
  return 0;
}

}  // namespace quantfleet::cli
