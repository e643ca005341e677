// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace quantfleet {

// Error codes with the names and numbers of gRPC, so that a status crosses the wire unchanged.
// Source: https://grpc.github.io/grpc/core/md_doc_statuscodes.html
enum class StatusCode : int {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

// Name as gRPC writes it ("INVALID_ARGUMENT").
std::string_view StatusCodeName(StatusCode code);

// Outcome of anything the world can make fail. A bug is not a status: it ends the program through
// QF_CHECK.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }

  // The same code with `context` and ": " before the message. Callers add what they were doing.
  Status WithContext(std::string_view context) const;
  // "INVALID_ARGUMENT: message", or "OK".
  std::string ToString() const;

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

inline Status OkStatus() {
  return {};
}
Status InvalidArgument(std::string message);
Status NotFound(std::string message);
Status AlreadyExists(std::string message);
Status FailedPrecondition(std::string message);
Status ResourceExhausted(std::string message);
Status Unavailable(std::string message);
Status DeadlineExceeded(std::string message);
Status Unimplemented(std::string message);
Status Internal(std::string message);

// A value, or the status that says why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  // Implicit, so that `return value;` and `return status;` read as they should.
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(T value) : value_(std::move(value)) {}
  // `status` is not ok.
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(Status status) : status_(std::move(status)) {
    if (status_.ok()) {
      std::fputs("Result made from an ok status\n", stderr);
      std::abort();
    }
  }

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }
  // Only if ok().
  T& value() & { return *value_; }
  const T& value() const& { return *value_; }
  T&& value() && { return *std::move(value_); }
  T& operator*() & { return *value_; }
  const T& operator*() const& { return *value_; }
  T&& operator*() && { return *std::move(value_); }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }

 private:
  std::optional<T> value_;
  Status status_;
};

// Ends the program with file, line and expression: for bugs, never for input.
[[noreturn]] void CheckFailed(const char* file, int line, const char* expression);

}  // namespace quantfleet

#define QF_CHECK(expression) \
  ((expression) ? (void)0 : ::quantfleet::CheckFailed(__FILE__, __LINE__, #expression))

#define QF_CONCAT_INNER(a, b) a##b
#define QF_CONCAT(a, b) QF_CONCAT_INNER(a, b)

// Returns the status of `expression` from the enclosing function unless it is ok. __COUNTER__,
// because an expression may hold a lambda that uses the macro again.
#define QF_RETURN_IF_ERROR(...) \
  QF_RETURN_IF_ERROR_IMPL(QF_CONCAT(qf_status_, __COUNTER__), __VA_ARGS__)
#define QF_RETURN_IF_ERROR_IMPL(status_name, ...)                                                \
  do {                                                                                           \
    if (::quantfleet::Status status_name = (__VA_ARGS__); !status_name.ok()) return status_name; \
  } while (false)

// `QF_ASSIGN_OR_RETURN(auto x, Compute());`
#define QF_ASSIGN_OR_RETURN(declaration, ...) \
  QF_ASSIGN_OR_RETURN_IMPL(QF_CONCAT(qf_result_, __COUNTER__), declaration, __VA_ARGS__)
#define QF_ASSIGN_OR_RETURN_IMPL(result_name, declaration, ...) \
  auto result_name = (__VA_ARGS__);                             \
  if (!result_name.ok()) return result_name.status();           \
  declaration = *std::move(result_name)
