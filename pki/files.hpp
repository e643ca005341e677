// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

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

bool FileExists(const std::string& path);
// Makes a folder that only its owner enters, with those above it; one that exists stays as it is.
Status MakePrivateFolder(const std::string& path);

}  // namespace quantfleet::pki
