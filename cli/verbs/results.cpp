// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <fstream>
#include <iostream>

#include "cli/client.hpp"
#include "cli/ledger_text.hpp"
#include "cli/verbs/verbs.hpp"
#include "web/page.hpp"

namespace quantfleet::cli {
namespace {

Result<v1::Comparison> Fetch(const Common& common, const std::string& id) {
  Client client(common.remote);
  v1::CompareMatrixRequest request;
  request.set_matrix_id(id);
  QF_ASSIGN_OR_RETURN(auto response, client.CompareMatrix(request));
  return std::move(*response.mutable_comparison());
}

// Every row with its raw rounds, page by page, so that memory stays bounded.
Status StreamJson(Client& client, const v1::Comparison& comparison, std::ostream& out) {
  v1::Comparison head = comparison;
  head.clear_rows();
  std::string text = CompactJsonOf(head);
  text.pop_back();  // the brace: rows follow
  out << text << ",\"rows\":[";
  v1::ListMeasurementsRequest request;
  request.set_matrix_id(comparison.matrix_id());
  const char* separator = "\n";
  do {
    QF_ASSIGN_OR_RETURN(const auto page, client.ListMeasurements(request));
    for (const auto& stored : page.results()) {
      for (const auto& row : stored.rows()) {
        out << separator << CompactJsonOf(row);
        separator = ",\n";
      }
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  out << "\n]}\n";
  return OkStatus();
}

Status Write(const Common& common, const ExportOptions& options, std::ostream& out) {
  QF_ASSIGN_OR_RETURN(const auto comparison, Fetch(common, options.id));
  if (options.format == "csv") {
    out << LongCsv(comparison);
  } else if (options.format == "markdown") {
    out << Markdown(comparison);
  } else if (options.format == "html") {
    out << web::RenderReport(CompactJsonOf(comparison));
  } else {
    Client client(common.remote);
    QF_RETURN_IF_ERROR(StreamJson(client, comparison, out));
  }
  out.flush();
  return out.good() ? OkStatus() : ResourceExhausted("cannot write all of the export");
}

}  // namespace

int Compare(const Common& common, const CompareOptions& options) {
  const auto comparison = Fetch(common, options.id);
  if (!comparison.ok()) return Fail(comparison.status());
  if (common.output == Output::kJson) {
    Print(JsonOf(*comparison));
  } else if (common.output == Output::kCsv) {
    Print(LongCsv(*comparison));
  } else if (options.by) {
    Print(LongText(*comparison, *options.by, options.metric));
  } else {
    if (options.full || options.metric != Metric::kLatency) {
      Print(LongText(*comparison, GroupBy::kFormat, options.metric) + "\n");
    }
    Print(PivotText(*comparison));
  }
  return 0;
}

int Crossover(const Common& common, const std::string& id) {
  auto comparison = Fetch(common, id);
  if (!comparison.ok()) return Fail(comparison.status());
  if (common.output == Output::kTable) {
    Print(CrossoverText(*comparison));
    return 0;
  }
  comparison->clear_rows();
  comparison->clear_sessions();
  comparison->clear_ledgers();
  Print(JsonOf(*comparison));
  return 0;
}

int Explain(const Common& common, const std::string& id, const std::string& arm) {
  auto comparison = Fetch(common, id);
  if (!comparison.ok()) return Fail(comparison.status());
  if (comparison->ledgers().empty()) {
    std::fprintf(
        stderr,
        "matrix %s has no ledgers yet: they come with its results if it was submitted with "
        "explain: true\n",
        id.c_str());
    return 1;
  }
  if (!arm.empty()) {
    KeepLedgersOf(arm, &*comparison);
    if (comparison->ledgers().empty()) {
      return Fail(NotFound("no arm of the matrix is \"" + arm +
                           "\"; name a format, a format and kernel, or the start of an arm id"));
    }
  }
  if (common.output == Output::kCsv) {
    Print(LedgerCsv(*comparison));
  } else if (common.output == Output::kJson) {
    comparison->clear_rows();
    comparison->clear_sessions();
    comparison->clear_crossovers();
    Print(JsonOf(*comparison));
  } else if (arm.empty()) {
    Print(LedgerTable(*comparison) + "\n" + LedgerSentences(*comparison));
  } else {
    Print(LedgerDetail(*comparison));
  }
  return 0;
}

int Export(const Common& common, const ExportOptions& options) {
  if (options.out.empty()) {
    const Status status = Write(common, options, std::cout);
    return status.ok() ? 0 : Fail(status);
  }
  // Beside and renamed: a reader never finds half an export.
  const std::string beside = options.out + ".part";
  std::ofstream file(beside, std::ios::binary);
  if (!file) return Fail(InvalidArgument("cannot write " + options.out));
  const Status status = Write(common, options, file);
  file.close();
  if (!status.ok()) {
    std::remove(beside.c_str());
    return Fail(status);
  }
  if (std::rename(beside.c_str(), options.out.c_str()) != 0) {
    return Fail(InvalidArgument("cannot write " + options.out));
  }
  return 0;
}

}  // namespace quantfleet::cli
