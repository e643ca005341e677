// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <thread>

#include "agent/session/identity.hpp"
#include "base/status.hpp"

namespace quantfleet::agent {

struct EnrolmentOptions {
  std::string folder;      // of the identity
  std::string address;     // of a coordinator's port that asks for no certificate
  std::string token_file;  // the enrolment token's; empty: none
};

// The folder's identity; if it has no certificate that is good yet, trades the token for one, with
// retries while the coordinator is away. kFailedPrecondition: there is no token, and it is needed.
Result<Identity> ObtainIdentity(const EnrolmentOptions& options, const std::stop_token& stop);

// Seconds until the next attempt, after one failed: a tenth of what the certificate still lasts,
// but at least a second; once it has ended, 2 s, 4 s, and so on up to five minutes.
double RenewalPause(double seconds_left, int failures_after_end);

// Fetches the next certificate when the present one is two thirds over, from a thread of its own,
// and hands it to `use`. Failures are logged and tried again, oftener towards the end.
class Renewal {
 public:
  Renewal(std::string folder, std::string address, Identity identity,
          std::function<void(const Identity&)> use);
  Renewal(const Renewal&) = delete;
  Renewal& operator=(const Renewal&) = delete;

 private:
  void Loop(const std::stop_token& stop);

  const std::string folder_;
  const std::string address_;
  Identity identity_;
  const std::function<void(const Identity&)> use_;
  std::jthread thread_;  // last: ends before what it uses
};

}  // namespace quantfleet::agent
