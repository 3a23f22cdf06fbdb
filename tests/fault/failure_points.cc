#include "tests/fault/failure_points.h"

#include <cstdlib>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/support/sqlite_memory.h"

namespace vigil::testing {

const Failure::Kind Failure::kKinds[] = {
    {"a call fails", false, {.operations = SimVfs::kAny}},
    {"all calls fail", false, {.operations = SimVfs::kAny, .sticky = true}},
    {"a write is torn", false, {.operations = SimVfs::kWrite, .torn = true}},
    {"all writes are torn", false, {.operations = SimVfs::kWrite, .sticky = true, .torn = true}},
    {"the disk is full once", false, {.operations = SimVfs::kWrite, .full = true}},
    {"the disk is full", false, {.operations = SimVfs::kWrite, .sticky = true, .full = true}},
    {"an allocation fails", true, {}},
    {"all allocations fail", true, {.sticky = true}},
};

void Failure::Begin(SimVfs& disk) {
  disk_ = &disk;
  if (kind_->memory) return SetMemoryFault({.after = after_, .sticky = kind_->fault.sticky});
  SimVfs::Fault fault = kind_->fault;
  fault.after = after_;
  disk.SetFault(fault);
}

void Failure::End() {
  if (disk_ == nullptr) return;
  struck_ = kind_->memory ? MemoryFaultStruck() : disk_->fault_struck();
  ClearMemoryFault();
  disk_->ClearFaults();
  disk_ = nullptr;
}

void Failure::Die(SimVfs& disk) const {
  if (death_ == Death::kPower) {
    disk.Crash();
  } else {
    disk.KillProcess();
  }
}

std::string Failure::ToString() const {
  return absl::StrCat(kind_->name, " after ", after_, ", then the ",
                      death_ == Death::kPower ? "power" : "process", " ends");
}

struct FailurePoints {
  static std::int64_t Run(const std::function<void(Failure&)>& scenario) {
    std::int64_t runs = 0;
    for (const Failure::Kind& kind : Failure::kKinds) {
      std::int64_t points = 0;
      std::int64_t after = 0;
      for (bool struck = true; struck; after += StepOf(kind, after)) {
        for (const auto death : {Failure::Death::kProcess, Failure::Death::kPower}) {
          // What memory fails does not end on the disk: one of the two each time.
          if (kind.memory && (points % 2 == 0) == (death == Failure::Death::kPower)) continue;
          Failure failure;
          failure.kind_ = &kind;
          failure.after_ = after;
          failure.death_ = death;
          SCOPED_TRACE(failure.ToString());
          scenario(failure);
          failure.End();
          struck = failure.struck();
          runs += struck ? 1 : 0;
          if (::testing::Test::HasFailure()) return runs;
        }
        ++points;
      }
      std::cout << "  " << kind.name << ": " << points - 1 << " of " << after << " points\n";
    }
    return runs;
  }

  // Allocations are many: without VIGIL_TEST_SCALE only the first ones each, then wider apart.
  static std::int64_t StepOf(const Failure::Kind& kind, std::int64_t after) {
    static const bool every = [] {
      const char* const scale = std::getenv("VIGIL_TEST_SCALE");
      return scale != nullptr && std::atoi(scale) > 1;
    }();
    return kind.memory && !every ? 1 + after / 40 : 1;
  }
};

std::int64_t ForEachFailure(const std::function<void(Failure&)>& scenario) {
  return FailurePoints::Run(scenario);
}

}  // namespace vigil::testing
