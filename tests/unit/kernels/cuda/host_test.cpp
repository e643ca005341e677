// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernels/cuda/host/fingerprint.hpp"
#include "kernels/cuda/host/naming.hpp"
#include "kernels/cuda/host/nvml.hpp"

namespace quantfleet::cuda {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Key;
using testing::Not;
using testing::Pair;

TEST(NamingTest, DeviceClassIsKindAndModelWithDashes) {
  EXPECT_EQ(DeviceClassOf("NVIDIA GeForce RTX 4090"), "cuda/nvidia-geforce-rtx-4090");
  EXPECT_EQ(DeviceClassOf("Tesla T4"), "cuda/tesla-t4");
  EXPECT_EQ(DeviceClassOf("NVIDIA A100-SXM4-80GB"), "cuda/nvidia-a100-sxm4-80gb");
  EXPECT_EQ(DeviceClassOf(" NVIDIA (R)  H200 "), "cuda/nvidia-r-h200");
}

TEST(NamingTest, UidIsWrittenAsNvmlWritesIt) {
  std::array<std::byte, 16> uuid{};
  for (size_t i = 0; i < uuid.size(); ++i) uuid[i] = static_cast<std::byte>(0xF0 + i);
  EXPECT_EQ(UidOf(uuid), "GPU-f0f1f2f3-f4f5-f6f7-f8f9-fafbfcfdfeff");
}

TEST(NamingTest, FeaturesFollowTheCapability) {
  EXPECT_THAT(FeaturesOf({7, 0}), ElementsAre("fp16"));
  EXPECT_THAT(FeaturesOf({7, 5}), ElementsAre("fp16", "int8"));
  EXPECT_THAT(FeaturesOf({8, 0}), ElementsAre("bf16", "fp16", "int8", "tf32"));
  EXPECT_THAT(FeaturesOf({8, 9}), ElementsAre("bf16", "fp16", "fp8", "int8", "tf32"));
  EXPECT_THAT(FeaturesOf({12, 0}), ElementsAre("bf16", "fp16", "fp4", "fp8", "int8", "tf32"));
}

TEST(NamingTest, FeaturesAreSorted) {
  for (const Capability capability : {Capability{7, 5}, {8, 6}, {9, 0}, {10, 0}, {12, 0}}) {
    const auto features = FeaturesOf(capability);
    EXPECT_TRUE(std::is_sorted(features.begin(), features.end()));
  }
}

TEST(NamingTest, SelectorsAreCudaAndAnIndex) {
  EXPECT_EQ(IndexOfSelector("cuda:0"), 0);
  EXPECT_EQ(IndexOfSelector("cuda:12"), 12);
  for (const char* wrong : {"", "cpu", "cuda", "cuda:", "cuda:-1", "cuda:1x", "cuda: 1", "CUDA:1",
                            "cuda:99999999999"}) {
    EXPECT_EQ(IndexOfSelector(wrong), std::nullopt) << wrong;
  }
}

TEST(NamingTest, VersionsAreUnpacked) {
  EXPECT_EQ(CudaVersionText(12040), "12.4");
  EXPECT_EQ(CudaVersionText(13000), "13.0");
  EXPECT_EQ(CublasVersionText(130100), "13.1.0");
  EXPECT_EQ(CublasVersionText(120405), "12.4.5");
  EXPECT_EQ(ArchitectureName({8, 9}), "sm_89");
  EXPECT_EQ(ArchitectureName({12, 0}), "sm_120");
}

TEST(FingerprintTest, WhatIsUnknownIsLeftOut) {
  EXPECT_THAT(FingerprintOf({}, {}), IsEmpty());
  const auto values = FingerprintOf({}, {"13.0", "", "", "", ""});
  EXPECT_THAT(values, ElementsAre(Pair("cuda.runtime", "13.0")));
}

TEST(ThrottleTest, OnlyPowerHeatAndBrakesCount) {
  EXPECT_FALSE(IsThrottled(0));
  EXPECT_FALSE(IsThrottled(0x1));   // idle
  EXPECT_FALSE(IsThrottled(0x2));   // application clocks: locked by the owner
  EXPECT_FALSE(IsThrottled(0x10));  // sync boost
  for (const uint64_t bit : {0x4U, 0x8U, 0x20U, 0x40U, 0x80U}) {
    EXPECT_TRUE(IsThrottled(bit | 1U)) << bit;
  }
}

class NvmlTest : public testing::Test {
 protected:
  static constexpr const char* kCard = "0000:01:00.0";

  void SetUp() override {
    library_ = dlopen(QUANTFLEET_FAKE_NVML, RTLD_NOW);
    ASSERT_NE(library_, nullptr) << dlerror();
    Variable<int>("fake_init_result") = 0;
    Variable<unsigned long long>("fake_throttle_reasons") = 0;
    Variable<unsigned>("fake_processes") = 1;
  }
  void TearDown() override {
    EXPECT_EQ(Variable<int>("fake_open_sessions"), 0);
    dlclose(library_);
  }

  template <typename T>
  T& Variable(const char* name) {
    return *static_cast<T*>(dlsym(library_, name));
  }

 private:
  void* library_ = nullptr;
};

TEST_F(NvmlTest, AMissingLibraryIsUnavailable) {
  const auto nvml = Nvml::Open("/nowhere/libnvidia-ml.so.1", kCard);
  ASSERT_FALSE(nvml.ok());
  EXPECT_EQ(nvml.status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(nvml.status().message(), HasSubstr("/nowhere/libnvidia-ml.so.1"));
}

TEST_F(NvmlTest, ALibraryThatIsNotNvmlIsUnavailable) {
  const auto nvml = Nvml::Open("libm.so.6", kCard);
  ASSERT_FALSE(nvml.ok());
  EXPECT_EQ(nvml.status().code(), StatusCode::kUnavailable);
}

TEST_F(NvmlTest, FailuresCarryItsWords) {
  const auto missing = Nvml::Open(QUANTFLEET_FAKE_NVML, "0000:02:00.0");
  ASSERT_FALSE(missing.ok());
  EXPECT_THAT(missing.status().message(), HasSubstr("0000:02:00.0: Not Found"));
  Variable<int>("fake_init_result") = 9;
  const auto broken = Nvml::Open(QUANTFLEET_FAKE_NVML, kCard);
  ASSERT_FALSE(broken.ok());
  EXPECT_THAT(broken.status().message(), HasSubstr("Driver Gone"));
}

TEST_F(NvmlTest, StateBecomesAFingerprint) {
  auto nvml = Nvml::Open(QUANTFLEET_FAKE_NVML, kCard);
  ASSERT_TRUE(nvml.ok()) << nvml.status().ToString();
  const auto values = FingerprintOf((*nvml)->ReadState(), {"", "", "13.1.0", "", ""});
  EXPECT_THAT(values, Contains(Pair("driver", "580.159.04")));
  EXPECT_THAT(values, Contains(Pair("cublaslt", "13.1.0")));
  EXPECT_THAT(values, Contains(Pair("gpu.clock.sm.max_mhz", "3105")));
  EXPECT_THAT(values, Contains(Pair("gpu.now.clock.sm_mhz", "2520")));
  EXPECT_THAT(values, Contains(Pair("gpu.power.limit_milliwatt", "450000")));
  EXPECT_THAT(values, Contains(Pair("gpu.now.pcie.generation", "4")));
  EXPECT_THAT(values, Contains(Pair("gpu.now.pcie.width", "16")));
  EXPECT_THAT(values, Contains(Pair("gpu.persistence", "on")));
  EXPECT_THAT(values, Not(Contains(Key("gpu.ecc"))));
}

TEST_F(NvmlTest, ReadsEnergyAndUtilization) {
  auto nvml = Nvml::Open(QUANTFLEET_FAKE_NVML, kCard);
  ASSERT_TRUE(nvml.ok());
  const EnergyState state = (*nvml)->ReadEnergy();
  EXPECT_EQ(state.millijoules, 1234500U);
  EXPECT_EQ(state.gpu_percent, 97U);
  EXPECT_EQ(state.memory_percent, 63U);
}

TEST_F(NvmlTest, ClockKnowsThrottlingAndForeignProcesses) {
  auto nvml = Nvml::Open(QUANTFLEET_FAKE_NVML, kCard);
  ASSERT_TRUE(nvml.ok());
  ClockState state = (*nvml)->ReadClock();
  EXPECT_EQ(state.sm_clock_mhz, 2520U);
  EXPECT_FALSE(state.throttled);
  EXPECT_FALSE((*nvml)->HasForeignProcess());
  Variable<unsigned long long>("fake_throttle_reasons") = 0x40;
  Variable<unsigned>("fake_processes") = 2;
  state = (*nvml)->ReadClock();
  EXPECT_TRUE(state.throttled);
  EXPECT_TRUE((*nvml)->HasForeignProcess());
}

}  // namespace
}  // namespace quantfleet::cuda
