// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/session/reporter.hpp"

#include <algorithm>
#include <utility>

#include "agent/session/entry.hpp"
#include "base/logging.hpp"

namespace quantfleet::agent {
namespace {

constexpr double kEndSeconds = 2;
// The coordinator takes no more in one call.
constexpr int kMostEntries = 128;
// Of one call with several entries: a lost one is repeated whole. Bytes.
constexpr size_t kMostTogether = size_t{2} << 20;
// The coordinator takes no larger message (gRPC then answers RESOURCE_EXHAUSTED, which otherwise
// means that it is busy). Bytes.
constexpr size_t kMostBytes = size_t{16} << 20;

// This very request will never be taken.
bool Refuses(const Status& status, const v1::ReportRequest& request) {
  return status.code() == StatusCode::kInvalidArgument ||
         (status.code() == StatusCode::kResourceExhausted && request.ByteSizeLong() > kMostBytes);
}

// Keys that no other loop of this process reports meanwhile.
class Claims {
 public:
  explicit Claims(Spool* spool) : spool_(spool) {
    for (SpoolKey& key : spool->Pending()) {
      if (spool->Claim(key)) keys_.push_back(std::move(key));
    }
  }
  Claims(const Claims&) = delete;
  Claims& operator=(const Claims&) = delete;
  ~Claims() {
    for (const SpoolKey& key : keys_) spool_->Release(key);
  }
  const std::vector<SpoolKey>& keys() const { return keys_; }

 private:
  Spool* const spool_;
  std::vector<SpoolKey> keys_;
};

}  // namespace

Reporter::Reporter(CoordinatorClient* coordinator, Spool* spool, OnRefused on_refused)
    : coordinator_(coordinator), spool_(spool), on_refused_(std::move(on_refused)) {
  thread_ = std::thread([this] { Loop(); });
}

Reporter::~Reporter() {
  {
    std::unique_lock lock(mutex_);
    ending_ = true;
    changed_.notify_all();
    changed_.wait_for(lock, FromSeconds(kEndSeconds), [this] { return ended_; });
  }
  hurry_.request_stop();
  thread_.join();
}

void Reporter::Hand(const SpoolKey& key, Result<UnreadResult> result, bool at_once) {
  const std::lock_guard lock(mutex_);
  handed_.push_back({key, std::move(result)});
  due_ = true;
  if (at_once) changed_.notify_all();
}

void Reporter::Resume() {
  const std::lock_guard lock(mutex_);
  if (due_) changed_.notify_all();
}

void Reporter::UseSession(const std::string& session_id) {
  const std::lock_guard lock(mutex_);
  session_id_ = session_id;
  due_ = true;
  changed_.notify_all();
}

bool Reporter::Has(const SpoolKey& key) const {
  const std::lock_guard lock(mutex_);
  return spool_->Contains(key) ||
         std::any_of(handed_.begin(), handed_.end(),
                     [&](const Handed& handed) { return handed.key == key; });
}

size_t Reporter::Kept() const {
  const std::lock_guard lock(mutex_);
  return handed_.size() + spool_->Pending().size();
}

void Reporter::AwaitOffered(Duration most, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, stop, most, [this] { return !due_ && !busy_; });
}

void Reporter::AwaitWork(std::unique_lock<std::mutex>* lock) {
  const auto work = [this] { return ending_ || due_; };
  if (failed_) {
    changed_.wait_for(*lock, backoff_.Next(), work);
  } else {
    changed_.wait(*lock, work);
  }
}

void Reporter::Loop() {
  std::unique_lock lock(mutex_);
  bool last = false;
  while (!last) {
    AwaitWork(&lock);
    last = ending_;
    due_ = false;
    busy_ = true;
    const std::string session_id = session_id_;
    lock.unlock();
    WriteHanded();
    if (!session_id.empty()) Settle(session_id, ReportPending(session_id));
    lock.lock();
    busy_ = false;
    changed_.notify_all();
  }
  ended_ = true;
  changed_.notify_all();
}

void Reporter::WriteHanded() {
  std::unique_lock lock(mutex_);
  while (!handed_.empty()) {
    // Others only add behind it.
    const Handed& first = handed_.front();
    lock.unlock();
    Result<v1::BlockResult> result = first.result.ok() ? (*first.result)() : first.result.status();
    if (const Status kept = spool_->Put(EntryOf(first.key, std::move(result))); !kept.ok()) {
      log::Error("the result is in memory only", {{"reason", kept.message()}});
    }
    lock.lock();
    handed_.pop_front();
  }
}

void Reporter::Settle(const std::string& session_id, const Status& status) {
  {
    const std::lock_guard lock(mutex_);
    failed_ = !status.ok();
    if (status.ok()) {
      backoff_.Reset();
      last_problem_.clear();
      return;
    }
    const bool current = session_id_ == session_id;
    if (IsTransient(status.code()) || !current) {
      if (status.message() == last_problem_) return;
      last_problem_ = status.message();
      log::Warning("reporting again", {{"reason", status.ToString()}});
      return;
    }
    failed_ = false;
    session_id_.clear();
  }
  on_refused_(session_id, status);
}

Status Reporter::ReportPending(const std::string& session_id) {
  const Claims claims(spool_);
  v1::ReportRequest together;
  std::vector<SpoolKey> keys;
  size_t bytes = 0;
  const auto send = [&] {
    if (keys.empty()) return OkStatus();
    together.set_session_id(session_id);
    bytes = 0;
    return ReportTogether(std::exchange(keys, {}), std::exchange(together, {}));
  };
  for (const SpoolKey& key : claims.keys()) {
    const auto entry = spool_->Load(key);
    // Damaged; it was set aside.
    if (!entry.ok()) continue;
    const size_t more = entry->ByteSizeLong();
    if (keys.size() >= kMostEntries || (bytes > 0 && bytes + more > kMostTogether)) {
      QF_RETURN_IF_ERROR(send());
    }
    together.MergeFrom(*entry);
    keys.push_back(key);
    bytes += more;
  }
  return send();
}

Status Reporter::ReportTogether(const std::vector<SpoolKey>& keys, v1::ReportRequest request) {
  const auto response = coordinator_->Report(request, hurry_.get_token());
  if (response.ok()) return TakeVerdicts(keys, *response);
  if (!Refuses(response.status(), request)) return response.status();
  if (keys.size() == 1) {
    QF_RETURN_IF_ERROR(ReplaceRefused(keys.front(), request, response.status().message()));
    return request.results_size() == 0 ? OkStatus() : ReportOne(request.session_id(), keys.front());
  }
  for (const SpoolKey& key : keys) QF_RETURN_IF_ERROR(ReportOne(request.session_id(), key));
  return OkStatus();
}

Status Reporter::ReportOne(const std::string& session_id, const SpoolKey& key) {
  auto entry = spool_->Load(key);
  if (!entry.ok()) return OkStatus();
  entry->set_session_id(session_id);
  return ReportTogether({key}, *std::move(entry));
}

Status Reporter::ReplaceRefused(const SpoolKey& key, const v1::ReportRequest& refused,
                                const std::string& reason) {
  log::Error("a result is refused and set aside", {{"block", key.block_id}, {"reason", reason}});
  spool_->SetAside(key);
  if (refused.results_size() == 0) return OkStatus();
  const Status kept =
      spool_->Put(FailureEntry(key, "its result was refused: " + reason, v1::FAILURE_CAUSE_BLOCK));
  if (!kept.ok()) log::Warning("the failure is in memory only", {{"reason", kept.message()}});
  return OkStatus();
}

Status Reporter::TakeVerdicts(const std::vector<SpoolKey>& keys,
                              const v1::ReportResponse& response) {
  std::vector<SpoolKey> open = keys;
  for (const v1::ReportVerdict& verdict : response.verdicts()) {
    const SpoolKey key{verdict.block_id(), verdict.epoch()};
    const auto found = std::find(open.begin(), open.end(), key);
    if (found == open.end() || verdict.disposition() == v1::DISPOSITION_UNSPECIFIED) continue;
    log::Info("reported", {{"block", key.block_id},
                           {"epoch", key.epoch},
                           {"disposition", v1::Disposition_Name(verdict.disposition())},
                           {"reason", verdict.reason()}});
    spool_->Forget(key);
    open.erase(found);
  }
  if (open.empty()) return OkStatus();
  return Internal("the coordinator gave no verdict on block " + open.front().block_id);
}

}  // namespace quantfleet::agent
