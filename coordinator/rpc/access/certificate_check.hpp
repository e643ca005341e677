// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <ctime>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "base/clock.hpp"
#include "base/status.hpp"
#include "coordinator/access/role.hpp"
#include "coordinator/rpc/access/tls_files.hpp"

namespace quantfleet::rpc {

// Who a certificate that passed the handshake says its owner is, and whether that holds now. A
// handshake is asked once a connection, this with every call: certificates end while a connection
// lasts. Thread-safe.
class CertificateCheck {
 public:
  explicit CertificateCheck(TlsFiles files);

  struct Holder {
    std::string name;
    access::Role role = access::Role::kViewer;
    std::string serial;
    // True: a coordinator signed it, and the database knows whether it is still good.
    bool enrolled = false;
  };
  // kUnauthenticated: expired, revoked, of an unknown authority, or saying more than its authority
  // may sign.
  Result<Holder> Check(const std::string& pem);

 private:
  struct Known {
    Holder holder;
    int64_t not_after = 0;
  };
  Result<Known> Read(const std::string& pem) const;
  // Reads the revocation list again if the file changed. One that cannot be read leaves the last
  // one in force.
  void Reload();

  const TlsFiles files_;
  std::mutex mutex_;
  std::map<std::string, Known> known_;  // by the PEM's SHA-256
  std::set<std::string> revoked_;       // serials
  Duration next_look_{};
  int64_t read_mtime_ns_ = -1;
};

}  // namespace quantfleet::rpc
