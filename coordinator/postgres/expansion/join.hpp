// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/status.hpp"
#include "coordinator/matrix/expansion.hpp"
#include "coordinator/postgres/connection.hpp"
#include "coordinator/postgres/matching.hpp"

namespace quantfleet::postgres {

// Lets device classes join a matrix that was just stored with its expansion: those of `plan` have
// their copies, later ones come by AdmitJoiners. Needs LockMatching.
Status OpenJoining(Transaction& tx, const std::string& matrix_id, const matrix::Plan& plan,
                   ClassIds& classes);

// Gives device classes that joined one running matrix their copy of its blocks, each once whatever
// replicas do it, and closes what was open for long enough; a class whose session was opened in
// time still joins then, if it is connected. The copies are made by the Expander. True: there may
// be more to do at once.
Result<bool> AdmitJoiners(Connection& db);

// What a running matrix waits for, for people, a line for each target that classes may join.
Result<std::vector<std::string>> JoiningOf(Transaction& tx, const std::string& matrix_id);

}  // namespace quantfleet::postgres
