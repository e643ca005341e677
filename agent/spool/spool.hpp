// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/status.hpp"

#include "quantfleet/v1/agent_service.pb.h"

namespace quantfleet::agent {

// Which run of which block.
struct SpoolKey {
  std::string block_id;
  uint64_t epoch = 0;
  auto operator<=>(const SpoolKey&) const = default;
};

// Of an entry with exactly one result or failure.
std::optional<SpoolKey> KeyOf(const v1::ReportRequest& entry);

// Bounds of a spool.
struct SpoolLimits {
  // Entries from which on no block is taken.
  size_t entries = 1024;
  // Free space of the file system below which no block is taken. Bytes.
  uint64_t free_bytes = uint64_t{64} << 20;
};

// What is not yet handed in, one checksummed file an entry, so that neither a crash nor a lost
// network loses a result. An entry is a ReportRequest without session with exactly one result or
// failure. One process uses a directory at a time. Thread-safe.
class Spool {
 public:
  // Makes the directory if need be and loads what is there; a file that is not whole is renamed to
  // "*.corrupt", logged, and never read again. kFailedPrecondition: another process uses it, or it
  // cannot be written.
  static Result<std::unique_ptr<Spool>> Open(const std::string& directory, SpoolLimits limits = {});
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;
  ~Spool();

  // Keeps `entry`; it is on disk (fsync of file and directory) when this returns ok. Otherwise
  // (kResourceExhausted) it is kept in memory only. The first entry of a key stays.
  Status Put(const v1::ReportRequest& entry);
  bool Contains(const SpoolKey& key) const;
  // Marks an entry as being reported, so that the loops of several devices do not report it at
  // once. False if it is already, or is not here.
  bool Claim(const SpoolKey& key);
  // It may be claimed again.
  void Release(const SpoolKey& key);
  // In the order of the keys.
  std::vector<SpoolKey> Pending() const;
  // kNotFound when it is forgotten; kDataLoss if its file was damaged, which sets it aside.
  Result<v1::ReportRequest> Load(const SpoolKey& key);
  // The coordinator has answered for it.
  void Forget(const SpoolKey& key);
  // Keeps its file as "*.refused", out of the way.
  void SetAside(const SpoolKey& key);
  // Why no further block should be taken ("4 MiB are free in /var/..."), or empty.
  std::string NotLeasingReason() const;

 private:
  struct Entry {
    // File name, or empty if it is only in memory.
    std::string file;
    v1::ReportRequest unsaved;
    bool claimed = false;
  };

  Spool(std::string directory, SpoolLimits limits, int lock);
  Status LoadAll();
  Status Write(const std::string& file, const std::string& content) const;
  void Rename(const std::string& file, const char* suffix) const;
  std::string PathOf(const std::string& file) const { return directory_ + "/" + file; }

  const std::string directory_;
  const SpoolLimits limits_;
  const int lock_;
  std::mutex write_mutex_;  // of Put
  mutable std::mutex mutex_;
  std::map<SpoolKey, Entry> entries_;
};

}  // namespace quantfleet::agent
