// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <utility>

#include "cli/client.hpp"
#include "cli/crossover_text.hpp"
#include "cli/ledger_text.hpp"
#include "cli/policy_text.hpp"
#include "cli/verbs/verbs.hpp"
#include "coordinator/analysis/dispatch/choices.hpp"
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

constexpr uint32_t kArmsAPage = 1000;

using PageTaker = std::function<Status(const v1::Comparison&)>;

Status ForEachPage(Client& client, const std::string& id, const PageTaker& take) {
  v1::CompareMatrixRequest request;
  request.set_matrix_id(id);
  request.set_page_size(kArmsAPage);
  do {
    QF_ASSIGN_OR_RETURN(const auto page, client.CompareMatrix(request));
    QF_RETURN_IF_ERROR(take(page.comparison()));
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return OkStatus();
}

// Calls `take` with the comparison, whole or page by page, so that memory stays bounded.
Status ForEachPart(Client& client, const std::string& id, const PageTaker& take) {
  v1::CompareMatrixRequest request;
  request.set_matrix_id(id);
  const auto whole = client.CompareMatrix(request);
  if (whole.ok()) return take(whole->comparison());
  if (whole.status().code() != StatusCode::kFailedPrecondition) return whole.status();
  return ForEachPage(client, id, take);
}

// Elements of a JSON list.
class JsonList {
 public:
  explicit JsonList(std::ostream& out) : out_(out) {}
  void Add(const google::protobuf::Message& message) {
    out_ << separator_ << CompactJsonOf(message);
    separator_ = ",\n";
  }

 private:
  std::ostream& out_;
  const char* separator_ = "\n";
};

// Name, ledgers and sessions, without the brace at the end. What is kept of the pages is their
// sessions.
Status StreamHead(Client& client, const std::string& id, std::ostream& out) {
  std::map<std::string, v1::ComparisonSession> sessions;
  JsonList ledgers(out);
  bool first = true;
  QF_RETURN_IF_ERROR(ForEachPart(client, id, [&](const v1::Comparison& page) {
    for (const auto& session : page.sessions()) sessions.emplace(session.session_id(), session);
    if (std::exchange(first, false)) {
      v1::Comparison head = page;
      head.clear_rows();
      head.clear_ledgers();
      head.clear_sessions();
      std::string text = CompactJsonOf(head);
      text.pop_back();  // the brace
      out << text << ",\"ledgers\":[";
    }
    for (const auto& ledger : page.ledgers()) ledgers.Add(ledger);
    return OkStatus();
  }));
  out << "],\"sessions\":[";
  JsonList list(out);
  for (const auto& [session_id, session] : sessions) list.Add(session);
  out << "]";
  return OkStatus();
}

// With the raw rounds of every row.
Status StreamJson(Client& client, const std::string& id, std::ostream& out) {
  QF_RETURN_IF_ERROR(StreamHead(client, id, out));
  out << ",\"rows\":[";
  JsonList rows(out);
  v1::ListMeasurementsRequest request;
  request.set_matrix_id(id);
  do {
    QF_ASSIGN_OR_RETURN(const auto page, client.ListMeasurements(request));
    for (const auto& stored : page.results()) {
      for (const auto& row : stored.rows()) rows.Add(row);
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  out << "\n]}\n";
  return OkStatus();
}

// Rows as compared; of a comparison that cannot be had at once.
Status StreamComparison(Client& client, const std::string& id, std::ostream& out) {
  QF_RETURN_IF_ERROR(StreamHead(client, id, out));
  out << ",\"rows\":[";
  JsonList rows(out);
  QF_RETURN_IF_ERROR(ForEachPage(client, id, [&](const v1::Comparison& page) {
    for (const auto& row : page.rows()) rows.Add(row);
    return out.good() ? OkStatus() : ResourceExhausted("cannot write all of the rows");
  }));
  out << "\n]}\n";
  return OkStatus();
}

// One header, and the rows of every page.
Status StreamCsv(Client& client, const std::string& id, std::ostream& out) {
  bool first = true;
  return ForEachPart(client, id, [&](const v1::Comparison& page) {
    const std::string text = LongCsv(page);
    out << (std::exchange(first, false) ? text : text.substr(text.find('\n') + 1));
    return out.good() ? OkStatus() : ResourceExhausted("cannot write all of the rows");
  });
}

Status Write(const Common& common, const ExportOptions& options, std::ostream& out) {
  Client client(common.remote);
  if (options.format == "csv") {
    QF_RETURN_IF_ERROR(StreamCsv(client, options.id, out));
  } else if (options.format == "json") {
    QF_RETURN_IF_ERROR(StreamJson(client, options.id, out));
  } else {
    QF_ASSIGN_OR_RETURN(const auto comparison, Fetch(common, options.id));
    out << (options.format == "html" ? web::RenderReport(CompactJsonOf(comparison))
                                     : Markdown(comparison));
  }
  out.flush();
  return out.good() ? OkStatus() : ResourceExhausted("cannot write all of the export");
}

}  // namespace

namespace {

// All of it, or of a large matrix the first page.
Result<v1::Comparison> FetchForPeople(const Common& common, const std::string& id) {
  auto whole = Fetch(common, id);
  if (whole.status().code() != StatusCode::kFailedPrecondition) return whole;
  Client client(common.remote);
  v1::CompareMatrixRequest request;
  request.set_matrix_id(id);
  request.set_page_size(kArmsAPage);
  QF_ASSIGN_OR_RETURN(auto page, client.CompareMatrix(request));
  std::fprintf(
      stderr,
      "the first %d arms of many, without crossovers; --output csv or json has all of them\n",
      page.comparison().rows_size());
  return std::move(*page.mutable_comparison());
}

Status PrintAll(const Common& common, const std::string& id) {
  Client client(common.remote);
  if (common.output == Output::kCsv) return StreamCsv(client, id, std::cout);
  const auto whole = Fetch(common, id);
  if (whole.status().code() == StatusCode::kFailedPrecondition) {
    return StreamComparison(client, id, std::cout);
  }
  if (whole.ok()) Print(JsonOf(*whole));
  return whole.status();
}

}  // namespace

int Compare(const Common& common, const CompareOptions& options) {
  if (common.output != Output::kTable) {
    const Status status = PrintAll(common, options.id);
    std::cout.flush();
    return status.ok() ? 0 : Fail(status);
  }
  const auto comparison = FetchForPeople(common, options.id);
  if (!comparison.ok()) return Fail(comparison.status());
  if (options.by) {
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
  v1::ListCrossoversRequest request;
  request.set_matrix_id(id);
  const auto response = Client(common.remote).ListCrossovers(request);
  if (!response.ok()) return Fail(response.status());
  Print(common.output == Output::kTable ? CrossoverText(response->crossovers())
                                        : JsonOf(*response));
  return 0;
}

namespace {

int ExplainPolicy(const Common& common, const ExplainOptions& options) {
  const auto policies = PoliciesNamed(options.policy);
  if (!policies.ok()) return Fail(policies.status());
  const auto comparison = Fetch(common, options.id);
  if (!comparison.ok()) return Fail(comparison.status());
  const v1::PolicyReport report = analysis::ApplyPolicies(*comparison, *policies);
  if (report.choices().empty()) {
    std::fprintf(stderr, "matrix %s has no measured format that %s has kernels for\n",
                 options.id.c_str(), options.policy == "all" ? "any" : options.policy.c_str());
    return 1;
  }
  if (common.output == Output::kCsv) {
    Print(PolicyCsv(report));
  } else if (common.output == Output::kJson) {
    Print(JsonOf(report));
  } else {
    Print(PolicyTable(report));
  }
  return 0;
}

}  // namespace

int Explain(const Common& common, const ExplainOptions& options) {
  if (!options.policy.empty()) return ExplainPolicy(common, options);
  const std::string &id = options.id, &arm = options.arm;
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
