// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/spool/spool_file.hpp"

#include <limits>

#include "base/digest.hpp"

namespace quantfleet::agent {
namespace {

constexpr std::string_view kMagic = "quantfleet-spool 1 ";
constexpr size_t kDigestBytes = 64;
constexpr size_t kHeaderBytes = kMagic.size() + kDigestBytes + 1;

Status Damaged(const char* why) {
  return Status(StatusCode::kDataLoss, why);
}

}  // namespace

std::string EncodeSpoolFile(const v1::ReportRequest& entry) {
  const std::string message = entry.SerializeAsString();
  return std::string(kMagic) + Sha256Hex(message) + "\n" + message;
}

Result<v1::ReportRequest> DecodeSpoolFile(std::string_view content) {
  if (!content.starts_with(kMagic)) return Damaged("not a spool file");
  if (content.size() < kHeaderBytes || content[kHeaderBytes - 1] != '\n') {
    return Damaged("the header is cut off");
  }
  const std::string_view message = content.substr(kHeaderBytes);
  if (content.substr(kMagic.size(), kDigestBytes) != Sha256Hex(message)) {
    return Damaged("the checksum does not fit");
  }
  v1::ReportRequest entry;
  if (message.size() > std::numeric_limits<int>::max() ||
      !entry.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
    return Damaged("not a report");
  }
  return entry;
}

}  // namespace quantfleet::agent
