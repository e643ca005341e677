// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/status.hpp"

namespace quantfleet {

// One matrix as a file: gzip of lines of JSON, {"table":"block","row":{...}} each, the last one
// {"rows":{"block":3,...}}, the number of lines of each table.

// Writes one as NAME.part; no two writers have the same name.
class ArchiveWriter {
 public:
  // kInvalidArgument: the folder cannot be written to.
  static Result<std::unique_ptr<ArchiveWriter>> Create(const std::string& folder,
                                                       const std::string& matrix_id);
  ~ArchiveWriter();  // removes what was not finished

  // `json` is an object.
  Status Add(const std::string& table, const std::string& json);
  // Once this returns, a power cut does not take the file. Its SHA-256, lower-case hex.
  Result<std::string> Finish();
  // "ID.TOKEN.jsonl.gz".
  const std::string& name() const { return name_; }

 private:
  struct Stream;
  ArchiveWriter(const std::string& folder, const std::string& matrix_id);
  Status Write(const std::string& text);

  const std::string name_;
  const std::string path_;
  std::map<std::string, uint64_t> rows_;
  std::unique_ptr<Stream> stream_;
  bool finished_ = false;
};

// Puts a finished file in its place, FOLDER/NAME, with NAME.sha256 beside it for `sha256sum -c`,
// unless it is there already. kFailedPrecondition: neither is there, or not as it was written.
Status PublishArchive(const std::string& folder, const std::string& name,
                      const std::string& sha256);
// Removes a finished file that is not in its place.
void DiscardArchive(const std::string& folder, const std::string& name);

// Reads a published file, row after row. kFailedPrecondition: it, or the .sha256
// beside it, is missing or damaged.
Status ReadArchiveFile(
    const std::string& path,
    const std::function<Status(const std::string& table, const std::string& json)>& row);

}  // namespace quantfleet
