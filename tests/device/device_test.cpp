// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "kernels/cuda/backend.hpp"
#include "tests/device/checks.hpp"

namespace quantfleet::device_checks {
namespace {

// One device for all tests of the program; nullptr on a machine without a GPU.
engine::OpenedDevice* SharedDevice() {
  static const auto opened = []() -> std::unique_ptr<engine::OpenedDevice> {
    const auto backend = cuda::MakeCudaBackend();
    if (backend->Selectors().empty()) return nullptr;
    auto result = backend->Open("cuda:0");
    EXPECT_TRUE(result.ok()) << result.status().ToString();
    if (!result.ok()) return nullptr;
    return std::make_unique<engine::OpenedDevice>(*std::move(result));
  }();
  return opened.get();
}

class DeviceTest : public testing::TestWithParam<Check> {};

TEST_P(DeviceTest, Holds) {
  // Registered under the label "device", which is run only where a GPU is asked for: none is a
  // failure.
  ASSERT_NE(SharedDevice(), nullptr) << "no CUDA GPU on this machine";
  const uint32_t seed = std::random_device()();
  const Status status = GetParam().run({SharedDevice(), seed});
  // Unsupported is an answer, with its reason (bf16 on sm_75); the output lists it.
  if (status.code() == StatusCode::kUnimplemented) GTEST_SKIP() << status.message();
  EXPECT_TRUE(status.ok()) << status.ToString() << "\nseed " << seed;
}

INSTANTIATE_TEST_SUITE_P(Checks, DeviceTest, testing::ValuesIn(AllChecks()),
                         [](const auto& test) { return test.param.name; });

// Without a GPU the backend is empty, and opening one is an answer.
TEST(BackendTest, UnknownSelectorsAreNotFound) {
  const auto backend = cuda::MakeCudaBackend();
  for (const char* selector : {"cuda:4096", "cpu", "cuda:x"}) {
    const auto opened = backend->Open(selector);
    ASSERT_FALSE(opened.ok()) << selector;
    EXPECT_EQ(opened.status().code(), StatusCode::kNotFound) << selector;
  }
}

}  // namespace
}  // namespace quantfleet::device_checks
