// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/format_files.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <vector>

#include <unistd.h>

#include "cli/verbs/verbs.hpp"
#include "kernels/formats/format.hpp"

namespace quantfleet::cli {
namespace {

namespace fs = std::filesystem;
using formats::Format;

// Far beyond any layer, and rows times columns cannot overflow.
constexpr uint64_t kMostColumns = uint64_t{1} << 31;
// Rows that every format takes: to check columns before the rows are known.
constexpr uint64_t kSomeRows = 256;

Result<const Format*> CheckedFormat(const FormatFiles& files) {
  const Format* const format = formats::FindFormat(files.format);
  if (format == nullptr) {
    return InvalidArgument("there is no format \"" + files.format +
                           "\"; `quantfleet format list` shows them");
  }
  if (files.columns == 0 || files.columns > kMostColumns) {
    return InvalidArgument("--columns takes 1 to " + std::to_string(kMostColumns) + ", not " +
                           std::to_string(files.columns));
  }
  QF_RETURN_IF_ERROR(format->CheckShape(kSomeRows, files.columns));
  return format;
}

// The rows that the file's size gives, if `--rows` and the format agree.
Status CheckRows(const FormatFiles& files, const Format& format, uint64_t rows) {
  if (files.rows && *files.rows != rows) {
    return InvalidArgument(files.in + " holds " + std::to_string(rows) + " rows of " +
                           std::to_string(files.columns) + " columns, not " +
                           std::to_string(*files.rows));
  }
  return format.CheckShape(rows, files.columns);
}

Result<uint64_t> RowsOfFloats(const FormatFiles& files, uint64_t bytes) {
  const uint64_t row_bytes = files.columns * sizeof(float);
  if (bytes == 0) return InvalidArgument(files.in + " is empty");
  if (bytes % row_bytes == 0) return bytes / row_bytes;
  return InvalidArgument(files.in + " has " + std::to_string(bytes) +
                         " bytes, which is no whole number of rows of " +
                         std::to_string(files.columns) + " fp32 values (" +
                         std::to_string(row_bytes) + " bytes each)");
}

Result<uint64_t> RowsOfPacked(const FormatFiles& files, const Format& format, uint64_t bytes) {
  if (bytes == 0) return InvalidArgument(files.in + " is empty");
  // The first count of rows that takes as many bytes; every format has at least a bit a weight.
  uint64_t low = 1;
  uint64_t high = 8 * bytes / files.columns + 1;
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    if (format.PackedBytes(middle, files.columns) < bytes) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (format.PackedBytes(low, files.columns) == bytes) return low;
  const auto size = [&](uint64_t rows) {
    return std::to_string(format.PackedBytes(rows, files.columns)) + " for " + std::to_string(rows);
  };
  return InvalidArgument(files.in + " has " + std::to_string(bytes) +
                         " bytes, which is no whole number of " + files.format + " rows of " +
                         std::to_string(files.columns) + " columns (" +
                         (low > 1 ? size(low - 1) + ", " : "") + size(low) + ")");
}

Status WriteTo(const std::string& path, std::span<const std::byte> bytes) {
  errno = 0;
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (file) return OkStatus();
  return InvalidArgument("cannot write " + path + ": " + std::strerror(errno));
}

Status WriteWhole(const std::string& path, std::span<const std::byte> bytes) {
  std::error_code error;
  // A device or a pipe must not be replaced by a file.
  if (fs::exists(path, error) && !fs::is_regular_file(path, error)) return WriteTo(path, bytes);
  const std::string beside = path + ".part" + std::to_string(getpid());
  const Status status = WriteTo(beside, bytes);
  if (status.ok()) fs::rename(beside, path, error);
  if (status.ok() && !error) return OkStatus();
  std::remove(beside.c_str());
  return status.ok() ? InvalidArgument("cannot write " + path + ": " + error.message()) : status;
}

}  // namespace

Status EncodeFile(const FormatFiles& files) {
  QF_ASSIGN_OR_RETURN(const Format* format, CheckedFormat(files));
  QF_ASSIGN_OR_RETURN(const std::string text, ReadDocument(files.in));
  QF_ASSIGN_OR_RETURN(const uint64_t rows, RowsOfFloats(files, text.size()));
  QF_RETURN_IF_ERROR(CheckRows(files, *format, rows));
  std::vector<float> weights(rows * files.columns);
  std::memcpy(weights.data(), text.data(), text.size());
  std::vector<std::byte> packed(format->PackedBytes(rows, files.columns));
  if (const Status status = format->Encode(weights, rows, files.columns, packed); !status.ok()) {
    return InvalidArgument(files.in + ": " + status.message());
  }
  return WriteWhole(files.out, packed);
}

Status DecodeFile(const FormatFiles& files) {
  QF_ASSIGN_OR_RETURN(const Format* format, CheckedFormat(files));
  QF_ASSIGN_OR_RETURN(const std::string text, ReadDocument(files.in));
  QF_ASSIGN_OR_RETURN(const uint64_t rows, RowsOfPacked(files, *format, text.size()));
  QF_RETURN_IF_ERROR(CheckRows(files, *format, rows));
  std::vector<float> weights(rows * files.columns);
  QF_RETURN_IF_ERROR(format->Decode(std::as_bytes(std::span(text)), rows, files.columns, weights));
  return WriteWhole(files.out, std::as_bytes(std::span(weights)));
}

}  // namespace quantfleet::cli
