// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/series/step_cause.hpp"

#include <algorithm>
#include <functional>
#include <set>
#include <string_view>
#include <vector>

namespace quantfleet::analysis {
namespace {

enum class KeyKind { kMoment, kCode, kDriver, kHost };

KeyKind KindOf(std::string_view key) {
  if (key.starts_with("gpu.now.")) return KeyKind::kMoment;
  for (const char* prefix : {"engine.", "blas", "simd", "compiler."}) {
    if (key.starts_with(prefix)) return KeyKind::kCode;
  }
  for (const char* prefix : {"driver", "cuda.", "cublaslt"}) {
    if (key.starts_with(prefix)) return KeyKind::kDriver;
  }
  return KeyKind::kHost;
}

std::string ValueOf(const std::map<std::string, std::string>& values, const std::string& key) {
  const auto found = values.find(key);
  return found == values.end() ? "unknown" : found->second;
}

// Keys of a kind whose values differ, as "driver 550 -> 580".
std::vector<std::string> ChangesOf(const FleetSeries& series, KeyKind kind) {
  std::set<std::string> keys;
  for (const auto* side : {&series.before, &series.after}) {
    for (const auto& [key, value] : *side) keys.insert(key);
  }
  std::vector<std::string> changes;
  for (const std::string& key : keys) {
    const std::string before = ValueOf(series.before, key);
    const std::string after = ValueOf(series.after, key);
    if (KindOf(key) != kind || before == after) continue;
    changes.push_back(key + " " + before.substr(0, 12) + " -> " + after.substr(0, 12));
  }
  return changes;
}

using Members = std::vector<const FleetSeries*>;

bool All(const Members& members, const std::function<bool(const FleetSeries&)>& holds) {
  return std::all_of(members.begin(), members.end(), [&](const auto* one) { return holds(*one); });
}

v1::StepCause Cause(v1::StepCauseKind kind, std::string reason) {
  v1::StepCause cause;
  cause.set_kind(kind);
  cause.set_reason(std::move(reason));
  return cause;
}

// The fleet, parted by the step.
class Parted {
 public:
  explicit Parted(std::span<const FleetSeries> fleet) {
    for (const FleetSeries& series : fleet) (series.stepped ? with_ : without_).push_back(&series);
  }

  v1::StepCause Classify() const {
    if (with_.empty()) return {};
    for (const auto& rule : {&Parted::OfChange, &Parted::OfPlace}) {
      if (v1::StepCause cause = (this->*rule)(); cause.kind() != v1::STEP_CAUSE_KIND_UNSPECIFIED) {
        return cause;
      }
    }
    return Cause(v1::STEP_CAUSE_KIND_UNCLEAR,
                 Where() +
                     ", which no single cause fits: neither all devices, nor one "
                     "architecture, host or device alone, nor those where something changed");
  }

 private:
  std::string Where() const {
    return std::to_string(with_.size()) + " of " + std::to_string(with_.size() + without_.size()) +
           " series stepped";
  }

  // A kind of key changed on every device that stepped and on none that did not.
  bool Separates(KeyKind kind) const {
    const auto changed = [kind](const FleetSeries& one) { return !ChangesOf(one, kind).empty(); };
    return All(with_, changed) && All(without_, [&](const auto& one) { return !changed(one); });
  }

  std::string First(KeyKind kind) const { return ChangesOf(*with_.front(), kind).front(); }

  // Something changed exactly where the step is.
  v1::StepCause OfChange() const {
    const bool code = Separates(KeyKind::kCode);
    const bool driver = Separates(KeyKind::kDriver);
    const bool host = Separates(KeyKind::kHost);
    if (code && driver) {
      return Cause(v1::STEP_CAUSE_KIND_UNCLEAR, Where() + ", just where both " +
                                                    First(KeyKind::kCode) + " and " +
                                                    First(KeyKind::kDriver) + " changed");
    }
    if (code) {
      return Cause(v1::STEP_CAUSE_KIND_CODE,
                   Where() + ", just where the engine changed: " + First(KeyKind::kCode));
    }
    if (driver) {
      return Cause(v1::STEP_CAUSE_KIND_DRIVER,
                   Where() + ", just where the driver changed: " + First(KeyKind::kDriver));
    }
    if (host) {
      return Cause(v1::STEP_CAUSE_KIND_HOST,
                   Where() + ", just where the host changed: " + First(KeyKind::kHost));
    }
    return {};
  }

  // True if all series that stepped, and no others, share this word.
  bool Alone(std::string FleetSeries::*word) const {
    const std::string& shared = with_.front()->*word;
    return !shared.empty() && All(with_, [&](const auto& one) { return one.*word == shared; }) &&
           All(without_, [&](const auto& one) { return one.*word != shared; });
  }

  v1::StepCause OfPlace() const {
    const FleetSeries& first = *with_.front();
    if (without_.empty() && with_.size() > 1) {
      // An engine that is known and stayed the same is not to blame.
      const bool same = All(with_, [](const FleetSeries& one) {
        return one.after.count("engine.digest") > 0 && ChangesOf(one, KeyKind::kCode).empty();
      });
      return same ? Cause(v1::STEP_CAUSE_KIND_UNCLEAR,
                          Where() + ", but the engine stayed the same everywhere")
                  : Cause(v1::STEP_CAUSE_KIND_CODE, Where() + ": the same step on every device");
    }
    if (without_.empty()) return {};
    if (with_.size() > 1 && Alone(&FleetSeries::architecture)) {
      return Cause(v1::STEP_CAUSE_KIND_ARCHITECTURE,
                   Where() + ": all devices of " + first.architecture + " and no other");
    }
    if (with_.size() > 1 && Alone(&FleetSeries::host)) {
      return Cause(v1::STEP_CAUSE_KIND_HOST,
                   Where() + ": all devices of the host " + first.host + " and no other");
    }
    if (with_.size() == 1) {
      return Cause(v1::STEP_CAUSE_KIND_DEVICE,
                   Where() + ": only " + first.device_class + " on " + first.host +
                       ", about which nothing known changed; look at its temperature and clocks");
    }
    return {};
  }

  Members with_;
  Members without_;
};

}  // namespace

v1::StepCause CauseOfStep(std::span<const FleetSeries> fleet) {
  return Parted(fleet).Classify();
}

}  // namespace quantfleet::analysis
