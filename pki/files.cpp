// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "pki/files.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

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

namespace {

// Names of certificates' folders start with no dot.
constexpr const char* kNext = ".next";
constexpr const char* kBeingMade = ".next.new";

Status SyncFolder(const std::string& folder) {
  const int file = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool done = file >= 0 && fsync(file) == 0;
  if (file >= 0) close(file);
  return done ? OkStatus() : FailedPrecondition("cannot write " + folder);
}

}  // namespace

Status ReplaceTogether(const std::string& folder,
                       const std::map<std::string, std::string>& contents,
                       const std::set<std::string>& secret) {
  QF_RETURN_IF_ERROR(FinishReplacement(folder));
  const std::string making = folder + "/" + kBeingMade;
  std::error_code error;
  std::filesystem::remove_all(making, error);
  QF_RETURN_IF_ERROR(MakePrivateFolder(making));
  for (const auto& [name, text] : contents) {
    const std::string path = making + "/" + name;
    QF_RETURN_IF_ERROR(secret.contains(name) ? WriteSecret(path, text) : WritePublic(path, text));
  }
  QF_RETURN_IF_ERROR(SyncFolder(making));
  // From here on the new files are the ones that count.
  if (std::rename(making.c_str(), (folder + "/" + kNext).c_str()) != 0) {
    return FailedPrecondition("cannot write " + folder + ": " + std::strerror(errno));
  }
  QF_RETURN_IF_ERROR(SyncFolder(folder));
  return FinishReplacement(folder);
}

Status FinishReplacement(const std::string& folder) {
  const std::string next = folder + "/" + kNext;
  if (!FileExists(next)) return OkStatus();
  std::error_code error;
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(next, error))
    names.push_back(entry.path().filename().string());
  for (const std::string& name : names) {
    if (std::rename((next + "/" + name).c_str(), (folder + "/" + name).c_str()) != 0) {
      return FailedPrecondition("cannot write " + folder + "/" + name + ": " +
                                std::strerror(errno));
    }
  }
  // The names are in place for good before the sign that some are missing goes.
  QF_RETURN_IF_ERROR(SyncFolder(folder));
  if (error || rmdir(next.c_str()) != 0) return FailedPrecondition("cannot write " + next);
  return SyncFolder(folder);
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
