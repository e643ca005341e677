// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/status.hpp"
#include "kernels/engine/device.hpp"
#include "kernels/engine/grade.hpp"
#include "kernels/engine/host_load.hpp"
#include "kernels/engine/messages.hpp"
#include "kernels/engine/operation.hpp"
#include "kernels/engine/stopping.hpp"

namespace quantfleet::engine {

// One run of one block: the state behind BlockRunner::Run. Used once.
class BlockRun {
 public:
  // What the run reads of its surroundings.
  struct Host {
    Clock* clock;
    ProcessorTimesSource processors;
  };

  BlockRun(Device& device, std::span<const std::unique_ptr<Operation>> operations, Host host,
           const Block& block, std::stop_token stop,
           const std::function<void(const Progress&)>& on_progress);

  Result<std::vector<Measurement>> Run();

 private:
  struct Arm {
    const BlockArm* spec = nullptr;
    std::unique_ptr<PreparedArm> prepared;
    Measurement measurement;
    StopRule stop_rule;
    Evidence evidence;
    std::vector<double> samples;
    std::vector<double> host_seconds;
    std::vector<double> clock_fractions;  // around accepted visits, over the reference
    double sampled_seconds = 0;
    uint32_t set_aside = 0;
    uint32_t visit_samples = 1;
    double call_seconds = 0;
    bool active = false;
  };

  Status Prepare(Arm& arm);
  // Runs the arm on its first and last copy and checks what it puts out, if it has an output.
  Status Check(Arm& arm);
  Status CheckCopy(Arm& arm, uint32_t copy);
  Status WarmUp(Arm& arm);
  void SampleRounds();
  Status Visit(Arm& arm, uint32_t round, uint32_t position);
  // True if the visit's samples do not count: the device's clock was held down.
  bool SetAside(Arm& arm, const ClockReading& before, const ClockReading& after, size_t samples);
  std::vector<Arm*> OrderOf(uint32_t round);
  bool AnyCandidateActive() const;
  // Runs the arm for a while between two readings of the energy counter, if the device has one.
  Status MeasureEnergy(Arm& arm);
  void Finish(Arm& arm, double host_busy);
  void Fail(Arm& arm, const Status& status);
  void Report(const Arm* arm, const char* phase, double fraction);

  Device& device_;
  std::span<const std::unique_ptr<Operation>> operations_;
  Host host_;
  const Block& block_;
  std::stop_token stop_;
  const std::function<void(const Progress&)>& on_progress_;
  std::vector<Arm> arms_;
  Duration last_report_{};
  uint32_t reported_arm_ = 0;
  std::string_view reported_phase_;  // a literal
  double fraction_ = 0;
};

}  // namespace quantfleet::engine
