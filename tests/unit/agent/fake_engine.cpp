// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// An engine that measures nothing and fails as its arms ask: the label "fault" of an arm names what
// happens when it is reached, the label "once" a file that, once made, keeps the fault away. An arm
// labelled "mistaken" is measured as another.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>

#include <nlohmann/json.hpp>
#include <unistd.h>

namespace {

using Json = nlohmann::json;

void Say(const Json& event) {
  const std::string line = event.dump() + "\n";
  // In two pieces: a reader may not count on whole lines.
  std::cout << line.substr(0, line.size() / 2) << std::flush;
  std::cout << line.substr(line.size() / 2) << std::flush;
}

void Describe() {
  const Json device = {{"uid", "cpu-1t"},
                       {"kind", "DEVICE_KIND_CPU"},
                       {"selector", "cpu"},
                       {"name", "A fake"},
                       {"deviceClass", "cpu/fake/1t"}};
  const Json values = {{"values", {{"engine.pid", std::to_string(getpid())}}}};
  Say({{"description", {{"devices", {{{"device", device}, {"fingerprint", values}}}}}}});
  Say({{"done", Json::object()}});
}

bool IsDue(const Json& labels) {
  if (!labels.contains("once")) return true;
  const std::string path = labels["once"];
  if (std::ifstream(path).good()) return false;
  std::ofstream(path) << "x";
  return true;
}

// True if the run is over.
bool Fail(const std::string& fault) {
  if (fault == "crash") {
    std::cerr << "last words of the engine" << std::endl;
    std::abort();
  }
  if (fault == "out_of_memory") {
    std::cerr << "std::bad_alloc" << std::endl;
    _exit(1);
  }
  if (fault == "exit") _exit(7);
  if (fault == "cut_off") {
    std::cout << R"({"progress":{"armIn)" << std::flush;
    _exit(0);
  }
  if (fault == "flood") {
    const std::string part(size_t{1} << 20, 'x');
    while (std::cout << part) {
    }
  }
  if (fault == "hang" || fault == "chatter") {
    while (true) {
      if (fault == "hang") pause();
      std::cerr << std::string(1000, 'x') << std::endl;
    }
  }
  if (fault == "wait_for_cancel") {
    std::string line;
    std::getline(std::cin, line);
    Say({{"done", {{"cancelled", true}}}});
  } else if (fault == "garbage") {
    std::cout << R"({"progress":{"armIndex":0,"unheardOf":1}})" << std::endl;
  } else if (fault == "error" || fault == "refuse") {
    Say({{"error", {{"message", "a reason"}, {"invalidRequest", fault == "refuse"}}}});
  } else if (fault == "forget") {
    Say({{"done", Json::object()}});
  }
  return true;
}

void Run(const Json& block) {
  for (const Json& arm : block["arms"]) {
    Say({{"progress", {{"armIndex", arm.value("index", 0)}, {"phase", "prepare"}}}});
    const Json labels = arm.value("labels", Json::object());
    if (labels.contains("fault") && IsDue(labels) && Fail(labels["fault"])) return;
  }
  for (const Json& arm : block["arms"]) {
    const bool mistaken = arm.value("labels", Json::object()).contains("mistaken");
    Say({{"measurement",
          {{"armIndex", arm.value("index", 0)},
           {"armId", mistaken ? Json("another") : arm["armId"]},
           {"outcome", "OUTCOME_MEASURED"},
           {"kernelUsed", "pid " + std::to_string(getpid())}}}});
  }
  Say({{"done", Json::object()}});
}

}  // namespace

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    const Json request = Json::parse(line);
    if (request.contains("describe")) Describe();
    if (request.contains("calibrate")) {
      Say({{"ceilings", {{"dramReadBytesPerSecond", 1e9}}}});
      Say({{"done", Json::object()}});
    }
    if (request.contains("run")) Run(request["run"]["block"]);
  }
}
