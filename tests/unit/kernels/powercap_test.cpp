// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/cpu/powercap.hpp"

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

namespace quantfleet::cpu {
namespace {

namespace fs = std::filesystem;

class PowercapTest : public ::testing::Test {
 protected:
  PowercapTest()
      : root_(fs::path(::testing::TempDir()) / ("powercap-" + std::to_string(getpid()))) {
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  ~PowercapTest() override { fs::remove_all(root_); }

  void Write(const std::string& zone, const std::string& file, const std::string& text) {
    fs::create_directories(root_ / zone);
    std::ofstream(root_ / zone / file) << text << "\n";
  }
  void AddZone(const std::string& zone, const std::string& name, const std::string& microjoules) {
    Write(zone, "name", name);
    Write(zone, "energy_uj", microjoules);
    Write(zone, "max_energy_range_uj", "1000000");
  }

  fs::path root_;
};

TEST_F(PowercapTest, SumsPackagesAndFollowsThemAroundTheirRange) {
  AddZone("intel-rapl:0", "package-0", "900000");
  AddZone("intel-rapl:1", "package-1", "100000");
  AddZone("intel-rapl:0:0", "core", "5");
  Powercap powercap(root_.string());
  EXPECT_EQ(powercap.ReadJoules(), 0);
  Write("intel-rapl:0", "energy_uj", "100000");
  Write("intel-rapl:1", "energy_uj", "150000");
  Write("intel-rapl:0:0", "energy_uj", "999999");
  ASSERT_TRUE(powercap.ReadJoules().has_value());
  EXPECT_DOUBLE_EQ(*powercap.ReadJoules(), 0.25);
}

TEST_F(PowercapTest, SaysNothingWithoutPackages) {
  EXPECT_FALSE(Powercap((root_ / "missing").string()).ReadJoules().has_value());
  AddZone("dtpm", "power", "1");
  EXPECT_FALSE(Powercap(root_.string()).ReadJoules().has_value());
}

}  // namespace
}  // namespace quantfleet::cpu
