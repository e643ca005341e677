// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/spool/spool.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "agent/spool/spool_file.hpp"
#include "base/digest.hpp"
#include "base/logging.hpp"
#include "base/units.hpp"

namespace quantfleet::agent {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSuffix = ".report";
constexpr mode_t kOwnerOnly = 0600;

// A block's identity is the coordinator's to choose: only its digest goes into a path.
std::string FileNameOf(const SpoolKey& key) {
  return Sha256Hex(key.block_id).substr(0, 32) + "-" + std::to_string(key.epoch) + kSuffix;
}

Status DiskError(const std::string& what) {
  return ResourceExhausted("cannot write " + what + ": " + std::strerror(errno));
}

Status SyncPath(const std::string& path, int flags) {
  const int file = open(path.c_str(), flags | O_CLOEXEC);
  if (file < 0) return DiskError(path);
  const Status status = fsync(file) == 0 ? OkStatus() : DiskError(path);
  close(file);
  return status;
}

Status WriteAll(int file, const std::string& path, const std::string& content) {
  size_t written = 0;
  while (written < content.size()) {
    const ssize_t count = write(file, content.data() + written, content.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return DiskError(path);
    written += static_cast<size_t>(count);
  }
  return fsync(file) == 0 ? OkStatus() : DiskError(path);
}

Result<v1::ReportRequest> ReadEntry(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  // Not through iterators, which throw where reading fails.
  content << file.rdbuf();
  if (!file) return Status(StatusCode::kDataLoss, "cannot be read");
  return DecodeSpoolFile(content.str());
}

}  // namespace

std::optional<SpoolKey> KeyOf(const v1::ReportRequest& entry) {
  if (entry.results_size() == 1 && entry.failures_size() == 0) {
    return SpoolKey{entry.results(0).block_id(), entry.results(0).epoch()};
  }
  if (entry.results_size() == 0 && entry.failures_size() == 1) {
    return SpoolKey{entry.failures(0).block_id(), entry.failures(0).epoch()};
  }
  return std::nullopt;
}

Spool::Spool(std::string directory, SpoolLimits limits, int lock)
    : directory_(std::move(directory)), limits_(limits), lock_(lock) {}

Spool::~Spool() {
  close(lock_);
}

Result<std::unique_ptr<Spool>> Spool::Open(const std::string& directory, SpoolLimits limits) {
  std::error_code error;
  fs::create_directories(directory, error);
  const std::string path = directory + "/lock";
  const int lock = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kOwnerOnly);
  if (lock < 0) {
    return FailedPrecondition("cannot use the spool " + directory + ": " + std::strerror(errno));
  }
  std::unique_ptr<Spool> spool(new Spool(directory, limits, lock));
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    return FailedPrecondition("another agent uses the spool " + directory +
                              "; give this one a directory of its own (--spool)");
  }
  QF_RETURN_IF_ERROR(spool->LoadAll());
  return spool;
}

Status Spool::LoadAll() {
  std::error_code error;
  std::vector<std::string> files;
  for (fs::directory_iterator at(directory_, error), end; !error && at != end;
       at.increment(error)) {
    files.push_back(at->path().filename().string());
  }
  if (error) return FailedPrecondition("cannot list " + directory_ + ": " + error.message());
  for (const std::string& file : files) {
    // What a crash left before its rename was never promised to anyone.
    if (file.ends_with(".tmp")) fs::remove(PathOf(file), error);
    if (!file.ends_with(kSuffix)) continue;
    const auto entry = ReadEntry(PathOf(file));
    const auto key = entry.ok() ? KeyOf(*entry) : std::nullopt;
    if (!key || FileNameOf(*key) != file) {
      log::Warning("a spooled result is damaged and set aside",
                   {{"file", PathOf(file)}, {"reason", entry.status().message()}});
      Rename(file, ".corrupt");
      continue;
    }
    entries_[*key].file = file;
  }
  return OkStatus();
}

void Spool::Rename(const std::string& file, const char* suffix) const {
  std::error_code error;
  fs::rename(PathOf(file), PathOf(file + suffix), error);
  if (error) log::Error("cannot rename", {{"file", PathOf(file)}, {"reason", error.message()}});
}

Status Spool::Write(const std::string& name, const std::string& content) const {
  const std::string temporary = PathOf(name + ".tmp");
  const int file =
      open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, kOwnerOnly);
  if (file < 0) return DiskError(temporary);
  const Status written = WriteAll(file, temporary, content);
  close(file);
  if (!written.ok()) {
    unlink(temporary.c_str());
    return written;
  }
  if (rename(temporary.c_str(), PathOf(name).c_str()) != 0) return DiskError(PathOf(name));
  return SyncPath(directory_, O_RDONLY | O_DIRECTORY);
}

Status Spool::Put(const v1::ReportRequest& entry) {
  const auto key = KeyOf(entry);
  QF_CHECK(key.has_value());
  // Those who ask what is here do not wait for the disk.
  const std::lock_guard writing(write_mutex_);
  if (Contains(*key)) return OkStatus();
  const std::string file = FileNameOf(*key);
  const Status status = Write(file, EncodeSpoolFile(entry));
  const std::lock_guard lock(mutex_);
  Entry& kept = entries_[*key];
  if (status.ok()) {
    kept.file = file;
  } else {
    kept.unsaved = entry;
  }
  return status;
}

bool Spool::Claim(const SpoolKey& key) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  return found != entries_.end() && !std::exchange(found->second.claimed, true);
}

void Spool::Release(const SpoolKey& key) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  if (found != entries_.end()) found->second.claimed = false;
}

bool Spool::Contains(const SpoolKey& key) const {
  const std::lock_guard lock(mutex_);
  return entries_.contains(key);
}

std::vector<SpoolKey> Spool::Pending() const {
  const std::lock_guard lock(mutex_);
  std::vector<SpoolKey> keys;
  for (const auto& [key, entry] : entries_) keys.push_back(key);
  return keys;
}

Result<v1::ReportRequest> Spool::Load(const SpoolKey& key) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end()) return NotFound("nothing is spooled for " + key.block_id);
  if (found->second.file.empty()) return found->second.unsaved;
  auto entry = ReadEntry(PathOf(found->second.file));
  if (!entry.ok()) {
    Rename(found->second.file, ".corrupt");
    entries_.erase(found);
  }
  return entry;
}

void Spool::Forget(const SpoolKey& key) {
  std::string file;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    if (found == entries_.end()) return;
    file = found->second.file;
    entries_.erase(found);
  }
  std::error_code error;
  if (!file.empty()) fs::remove(PathOf(file), error);
  // If the file stays, the next life reports it again and is told that it is a duplicate.
  if (error) log::Warning("cannot remove a spooled result", {{"reason", error.message()}});
}

void Spool::SetAside(const SpoolKey& key) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  if (!found->second.file.empty()) Rename(found->second.file, ".refused");
  entries_.erase(found);
}

std::string Spool::NotLeasingReason() const {
  const std::lock_guard lock(mutex_);
  if (entries_.size() >= limits_.entries) {
    return std::to_string(entries_.size()) + " results wait in the spool " + directory_;
  }
  const bool unsaved = std::any_of(entries_.begin(), entries_.end(),
                                   [](const auto& entry) { return entry.second.file.empty(); });
  if (unsaved) return "a result could not be written to the spool " + directory_;
  struct statvfs space {};
  if (statvfs(directory_.c_str(), &space) != 0) return "the spool " + directory_ + " is gone";
  const uint64_t free = uint64_t{space.f_bavail} * space.f_frsize;
  if (free >= limits_.free_bytes) return "";
  return "disk full: " + FormatBytes(free) + " are free in " + directory_;
}

}  // namespace quantfleet::agent
