// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/archive/archive_file.hpp"

#include <cstdio>
#include <fstream>
#include <optional>

#include <fcntl.h>
#include <google/protobuf/io/gzip_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "base/digest.hpp"
#include "base/ids.hpp"

namespace quantfleet {
namespace {

namespace io = google::protobuf::io;

// Makes what was written to `path`, a file or a folder, outlive a power cut.
Status Sync(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool done = file >= 0 && fsync(file) == 0;
  if (file >= 0) close(file);
  return done ? OkStatus() : Unavailable("cannot write " + path);
}

Status WriteText(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  if (!(file << text) || !file.flush()) return Unavailable("cannot write " + path);
  file.close();
  return Sync(path);
}

}  // namespace

struct ArchiveWriter::Stream {
  explicit Stream(int descriptor) : file(descriptor), gzip(&file) { file.SetCloseOnDelete(true); }
  io::FileOutputStream file;
  io::GzipOutputStream gzip;
};

ArchiveWriter::ArchiveWriter(const std::string& folder, const std::string& matrix_id)
    : name_(matrix_id + "." + RandomId("") + ".jsonl.gz"), path_(folder + "/" + name_ + ".part") {}

ArchiveWriter::~ArchiveWriter() {
  stream_.reset();
  if (!finished_) std::remove(path_.c_str());
}

Result<std::unique_ptr<ArchiveWriter>> ArchiveWriter::Create(const std::string& folder,
                                                             const std::string& matrix_id) {
  std::unique_ptr<ArchiveWriter> writer(new ArchiveWriter(folder, matrix_id));
  const int file = open(writer->path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
  if (file < 0) return InvalidArgument("cannot write into the folder " + folder);
  writer->stream_ = std::make_unique<Stream>(file);
  return writer;
}

Status ArchiveWriter::Write(const std::string& text) {
  for (size_t done = 0; done < text.size();) {
    void* room = nullptr;
    int size = 0;
    if (!stream_->gzip.Next(&room, &size)) return Unavailable("cannot write " + path_);
    const size_t part = std::min(static_cast<size_t>(size), text.size() - done);
    text.copy(static_cast<char*>(room), part, done);
    stream_->gzip.BackUp(size - static_cast<int>(part));
    done += part;
  }
  return OkStatus();
}

Status ArchiveWriter::Add(const std::string& table, const std::string& json) {
  ++rows_[table];
  return Write(R"({"table":")" + table + R"(","row":)" + json + "}\n");
}

Result<std::string> ArchiveWriter::Finish() {
  QF_RETURN_IF_ERROR(Write(nlohmann::json({{"rows", rows_}}).dump() + "\n"));
  if (!stream_->gzip.Close() || !stream_->file.Flush()) return Unavailable("cannot write " + path_);
  stream_.reset();
  QF_RETURN_IF_ERROR(Sync(path_));
  QF_ASSIGN_OR_RETURN(std::string sha256, Sha256HexOfFile(path_));
  finished_ = true;
  return sha256;
}

namespace {

Status CheckContent(const std::string& path, const std::string& sha256) {
  const auto found = Sha256HexOfFile(path);
  if (!found.ok()) return FailedPrecondition("there is no " + path);
  if (*found == sha256) return OkStatus();
  return FailedPrecondition(path + " is not as it was written: its SHA-256 is " + *found);
}

}  // namespace

Status PublishArchive(const std::string& folder, const std::string& name,
                      const std::string& sha256) {
  const std::string place = folder + "/" + name, part = place + ".part";
  if (access(place.c_str(), F_OK) != 0) {
    QF_RETURN_IF_ERROR(CheckContent(part, sha256));
    if (std::rename(part.c_str(), place.c_str()) != 0) return Unavailable("cannot write " + place);
  }
  QF_RETURN_IF_ERROR(CheckContent(place, sha256));
  QF_RETURN_IF_ERROR(WriteText(place + ".sha256", sha256 + "  " + name + "\n"));
  return Sync(folder);
}

void DiscardArchive(const std::string& folder, const std::string& name) {
  std::remove((folder + "/" + name + ".part").c_str());
}

namespace {

using RowVisitor = std::function<Status(const std::string& table, const std::string& json)>;

// Visits rows and counts them; the last line must agree.
class LineReader {
 public:
  LineReader(const std::string& path, const RowVisitor& row) : path_(path), row_(row) {}

  Status Take(std::string_view line) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (json.is_discarded() || !json.is_object() || complete_) return Damaged();
    if (json.contains("rows")) {
      complete_ = json["rows"] == nlohmann::json(rows_);
      return complete_ ? OkStatus() : Damaged();
    }
    const auto table = json.find("table");
    const auto row = json.find("row");
    if (table == json.end() || !table->is_string() || row == json.end()) return Damaged();
    ++rows_[table->get<std::string>()];
    // As written: a number keeps its digits.
    const size_t begin = line.find("\"row\":") + 6;
    return row_(table->get<std::string>(),
                std::string(line.substr(begin, line.size() - begin - 1)));
  }
  Status Finish() const { return complete_ ? OkStatus() : Damaged(); }

 private:
  Status Damaged() const { return FailedPrecondition(path_ + " is no whole archive"); }

  const std::string& path_;
  const RowVisitor& row_;
  std::map<std::string, uint64_t> rows_;
  bool complete_ = false;
};

}  // namespace

Status ReadArchiveFile(const std::string& path, const RowVisitor& row) {
  std::string sha256;
  std::ifstream(path + ".sha256") >> sha256;
  QF_RETURN_IF_ERROR(CheckContent(path, sha256));
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return FailedPrecondition("cannot read " + path);
  io::FileInputStream file(descriptor);
  file.SetCloseOnDelete(true);
  io::GzipInputStream gzip(&file);
  LineReader reader(path, row);
  std::string rest;
  const void* bytes = nullptr;
  for (int size = 0; gzip.Next(&bytes, &size);) {
    rest.append(static_cast<const char*>(bytes), static_cast<size_t>(size));
    size_t begin = 0;
    for (size_t end = 0; (end = rest.find('\n', begin)) != std::string::npos; begin = end + 1) {
      QF_RETURN_IF_ERROR(reader.Take(std::string_view(rest).substr(begin, end - begin)));
    }
    rest.erase(0, begin);
  }
  return reader.Finish();
}

}  // namespace quantfleet
