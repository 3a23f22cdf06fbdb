#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/property/merge_model.h"

// Every interleaving of a few devices with a few writes each, with every pull before each write:
// none, one that was interrupted after its first page, a complete one. After every arrival the
// register is compared with the oracle.

namespace vigil::testing {
namespace {

enum class Pull : std::uint8_t { kNone, kInterrupted, kComplete };

class Interleavings {
 public:
  // Interchangeable devices, the first `phones` of which are phones, the others the office's.
  Interleavings(int devices, int phones, int writes)
      : devices_(devices), phones_(phones), writes_(writes) {}

  void Run() {
    std::vector<bool> kinds;
    for (int i = 0; i < devices_; ++i) kinds.push_back(i < phones_);
    Step(MergeModel(kinds), {.trace = "", .last_maker = 0});
  }
  std::uint64_t ends() const { return ends_; }
  const std::string& faults() const { return faults_; }

 private:
  struct Place {
    std::string trace;
    // Between two arrivals the order in which devices make their writes is nobody's business:
    // only one of them is tried.
    int last_maker = 0;
  };

  // Of devices of one kind that have done nothing yet, only the first goes on.
  bool IsNext(const MergeModel& model, int device) const {
    if (model.made(device) > 0 || device == 0) return true;
    const bool same_kind = (device < phones_) == (device - 1 < phones_);
    return !same_kind || model.made(device - 1) > 0;
  }

  void Step(const MergeModel& model, const Place& place) {
    if (!faults_.empty()) return;
    bool ended = true;
    for (int device = 0; device < devices_; ++device) {
      if (model.made(device) < writes_) {
        ended = false;
        if (device >= place.last_maker && IsNext(model, device)) MakeOf(model, place, device);
      }
      if (model.HasUnsent(device)) {
        ended = false;
        Arrive(model, place, device);
      }
    }
    if (ended) ++ends_;
  }

  void MakeOf(const MergeModel& model, const Place& place, int device) {
    for (const Pull pull : {Pull::kNone, Pull::kInterrupted, Pull::kComplete}) {
      MergeModel next = model;
      bool came = true;
      if (pull == Pull::kInterrupted) {
        came = next.PullPage(device);
        // Nothing more to come: that was a complete one.
        MergeModel further = next;
        came = came && further.PullPage(device);
      } else if (pull == Pull::kComplete) {
        came = next.PullPage(device);
        next.PullAll(device);
      }
      if (!came) continue;
      const int value = 5 * device + 3 * next.made(device) + 1;
      next.Make(device, ChangesOf(value), value % 4);
      Step(next, {.trace = place.trace + " " + "nic"[static_cast<int>(pull)] + "M" +
                           std::to_string(device),
                  .last_maker = device});
    }
  }

  void Arrive(const MergeModel& model, const Place& place, int device) {
    MergeModel next = model;
    next.Push(device);
    const std::string trace = place.trace + " P" + std::to_string(device);
    const ModelOp& last = next.arrived().back();
    if (std::string faults = next.merged().DifferencesAfter(last, next.oracle()); !faults.empty()) {
      faults_ = trace + "\n" + faults;
      return;
    }
    Step(next, {.trace = trace, .last_maker = 0});
  }

  // First writes go to one record and then to the other, so that pages can split them; every
  // second one is of both.
  static std::array<std::vector<Change>, kRecords> ChangesOf(int value) {
    const std::vector<Change> all = {{.field = Which::kGrade, .value = value},
                                     {.field = Which::kStatus, .value = value},
                                     {.field = Which::kPhotos, .value = 7 * value}};
    std::array<std::vector<Change>, kRecords> changes;
    if (value % 3 != 0) changes[0] = all;
    if (value % 3 != 1) changes[1] = all;
    return changes;
  }

  const int devices_;
  const int phones_;
  const int writes_;
  std::uint64_t ends_ = 0;
  std::string faults_;
};

struct Case {
  int devices;
  int phones;
  int writes;
};

class EveryInterleaving : public ::testing::TestWithParam<Case> {};

TEST_P(EveryInterleaving, Promise4NothingIsLostSiblingsAreTheWritesThatNoLaterWriteCovered) {
  Interleavings all(GetParam().devices, GetParam().phones, GetParam().writes);
  all.Run();
  EXPECT_EQ(all.faults(), "");
  EXPECT_GT(all.ends(), 30U);
  RecordProperty("interleavings", std::to_string(all.ends()));
}

std::string NameOf(const ::testing::TestParamInfo<Case>& info) {
  return std::to_string(info.param.phones) + "PhonesAnd" +
         std::to_string(info.param.devices - info.param.phones) + "ClerksWith" +
         std::to_string(info.param.writes) + "WritesEach";
}

#ifdef VIGIL_TEST_FULL
INSTANTIATE_TEST_SUITE_P(Full, EveryInterleaving, ::testing::Values(Case{3, 3, 2}, Case{3, 2, 2}),
                         NameOf);
#else
INSTANTIATE_TEST_SUITE_P(Fast, EveryInterleaving,
                         ::testing::Values(Case{2, 2, 2}, Case{2, 1, 2}, Case{2, 0, 2},
                                           Case{3, 3, 1}, Case{3, 2, 1}),
                         NameOf);
#endif

}  // namespace
}  // namespace vigil::testing
