// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/engine/options.hpp"

#include <charconv>
#include <cmath>
#include <string_view>

namespace quantfleet::bench {
namespace {

template <class Number>
Result<Number> ParseNumber(std::string_view text, Number least, Number most) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !(number >= least) ||
      !(number <= most)) {
    return InvalidArgument("\"" + std::string(text) + "\" is not a number of " +
                           std::to_string(least) + " to " + std::to_string(most));
  }
  return number;
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(separator, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

Result<std::vector<uint32_t>> ParseCounts(std::string_view text, uint32_t most) {
  std::vector<uint32_t> counts;
  for (const std::string_view part : Split(text, ',')) {
    QF_ASSIGN_OR_RETURN(const uint32_t count, ParseNumber<uint32_t>(part, 1, most));
    counts.push_back(count);
  }
  return counts;
}

Status ParseShapes(std::string_view text, Options* options) {
  constexpr uint32_t kMost = 1U << 20;
  for (const std::string_view part : Split(text, ',')) {
    const std::vector<std::string_view> sides = Split(part, 'x');
    if (sides.size() != 2) {
      return InvalidArgument("\"" + std::string(part) +
                             "\" is not a shape; write NxK (4096x14336)");
    }
    QF_ASSIGN_OR_RETURN(const uint32_t n, ParseNumber<uint32_t>(sides[0], 1, kMost));
    QF_ASSIGN_OR_RETURN(const uint32_t k, ParseNumber<uint32_t>(sides[1], 1, kMost));
    options->shapes.emplace_back(n, k);
  }
  return OkStatus();
}

Status ParseOne(std::string_view name, std::string_view value, Options* options) {
  if (name == "--formats") {
    options->formats.clear();
    for (const std::string_view part : Split(value, ',')) options->formats.emplace_back(part);
  } else if (name == "--threads") {
    QF_ASSIGN_OR_RETURN(options->threads, ParseCounts(value, 256));
  } else if (name == "--shapes") {
    return ParseShapes(value, options);
  } else if (name == "--batch") {
    QF_ASSIGN_OR_RETURN(options->batches, ParseCounts(value, 1U << 20));
  } else if (name == "--seconds") {
    QF_ASSIGN_OR_RETURN(options->seconds, ParseNumber<double>(value, 0.01, 3600));
  } else if (name == "--kernel") {
    options->kernel = value;
  } else if (name == "--seed") {
    QF_ASSIGN_OR_RETURN(options->seed, ParseNumber<uint32_t>(value, 0, UINT32_MAX));
  } else {
    return InvalidArgument("there is no option \"" + std::string(name) + "\"; see --help");
  }
  return OkStatus();
}

}  // namespace

Result<Options> ParseOptions(std::span<const char* const> arguments) {
  Options options;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view name = arguments[i];
    if (name == "--help" || name == "-h") {
      options.help = true;
      return options;
    }
    if (i + 1 == arguments.size()) {
      return InvalidArgument("\"" + std::string(name) + "\" needs a value; see --help");
    }
    const Status parsed = ParseOne(name, arguments[++i], &options);
    if (!parsed.ok()) {
      return InvalidArgument(std::string(name) + ": " + std::string(parsed.message()));
    }
  }
  return options;
}

const char* Usage() {
  return "engine_benchmark: our CPU linear kernels, beside a peer's where one is linked\n"
         "  --formats q8_0,q4_k,...    formats by name\n"
         "  --threads 1,2              thread counts\n"
         "  --shapes NxK,...           (default: 4096x4096, 4096x14336, 14336x4096; for batches "
         "of\n"
         "                             32 and more 2048x2048, 4096x4096)\n"
         "  --batch 1,512              rows of x; below 32 the weights are read cold\n"
         "  --seconds 2                measuring time of one row of the table\n"
         "  --kernel auto              of ours: auto, fused, dequantize_then_gemm, dense, "
         "reference\n"
         "  --seed 1\n";
}

std::vector<engine::LinearShape> ShapesOf(const Options& options) {
  std::vector<engine::LinearShape> all;
  for (const uint32_t batch : options.batches) {
    auto shapes = options.shapes;
    if (shapes.empty() && batch < kPromptBatch) {
      shapes = {{4096, 4096}, {4096, 14336}, {14336, 4096}};
    } else if (shapes.empty()) {
      shapes = {{2048, 2048}, {4096, 4096}};
    }
    for (const auto& [n, k] : shapes) all.push_back({n, k, batch});
  }
  return all;
}

}  // namespace quantfleet::bench
