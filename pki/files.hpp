// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/status.hpp"

namespace quantfleet::pki {

// Names inside the folders that programs take: --tls of the coordinator, --identity of agent and
// client.
inline constexpr const char* kAuthorityFile = "ca.crt";  // a bundle, the newest first
inline constexpr const char* kRevocationFile = "ca.crl";
inline constexpr const char* kAgentsAuthorityFile = "agents.crt";
inline constexpr const char* kAgentsKeyFile = "agents.key";
inline constexpr const char* kTokenFile = "token";

// Written beside, synced and renamed, so that a reader never sees half a file. Secrets are the
// owner's alone (0600), whatever the umask; the rest is 0644.
Status WriteSecret(const std::string& path, std::string_view text);
Status WritePublic(const std::string& path, std::string_view text);

// At most 1 MiB. kNotFound: it cannot be read.
Result<std::string> ReadPublic(const std::string& path);
// kFailedPrecondition: others than its owner may read it.
Result<std::string> ReadSecret(const std::string& path);

// Replaces several files of a folder so that a crash at any point leaves all the old ones or, once
// FinishReplacement has run, all the new ones. Names by content; those in `secret` get mode 0600.
Status ReplaceTogether(const std::string& folder,
                       const std::map<std::string, std::string>& contents,
                       const std::set<std::string>& secret);
// Does what is left of a replacement that was cut short; nothing if there was none. Before the
// files are read.
Status FinishReplacement(const std::string& folder);

bool FileExists(const std::string& path);
// Makes a folder that only its owner enters, with those above it; one that exists stays as it is.
Status MakePrivateFolder(const std::string& path);

}  // namespace quantfleet::pki
