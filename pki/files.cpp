// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "pki/files.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace quantfleet::pki {
namespace {

constexpr uintmax_t kMostBytes = uintmax_t{1} << 20;

bool WriteAll(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = write(file, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    text.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

Status Write(const std::string& path, std::string_view text, mode_t mode) {
  const std::string beside = path + ".new";
  unlink(beside.c_str());
  // With the mode from the start: a moment of 0644 would be enough to read a key.
  const int file = open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
  const bool written =
      file >= 0 && fchmod(file, mode) == 0 && WriteAll(file, text) && fsync(file) == 0;
  const int reason = errno;
  if (file >= 0) close(file);
  if (written && std::rename(beside.c_str(), path.c_str()) == 0) return OkStatus();
  unlink(beside.c_str());
  return FailedPrecondition("cannot write " + path + ": " + std::strerror(reason));
}

}  // namespace

Status WriteSecret(const std::string& path, std::string_view text) {
  return Write(path, text, 0600);
}

Status WritePublic(const std::string& path, std::string_view text) {
  return Write(path, text, 0644);
}

Result<std::string> ReadPublic(const std::string& path) {
  std::error_code error;
  const bool regular = std::filesystem::is_regular_file(path, error);
  const uintmax_t size = regular ? std::filesystem::file_size(path, error) : 0;
  std::ifstream file(path, std::ios::binary);
  if (!regular || error || !file) return NotFound("cannot read " + path);
  if (size > kMostBytes) return InvalidArgument(path + " is larger than 1 MiB");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Result<std::string> ReadSecret(const std::string& path) {
  struct stat facts {};
  if (stat(path.c_str(), &facts) != 0) return NotFound("cannot read " + path);
  if ((facts.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return FailedPrecondition("others may read " + path + ": chmod 600 it");
  }
  return ReadPublic(path);
}

bool FileExists(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

Status MakePrivateFolder(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return OkStatus();
  const std::filesystem::path above = std::filesystem::absolute(path).parent_path();
  std::filesystem::create_directories(above, error);
  if (error || (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)) {
    return FailedPrecondition("cannot make the folder " + path);
  }
  return OkStatus();
}

}  // namespace quantfleet::pki
