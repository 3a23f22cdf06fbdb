#include "server/service/watch_hub.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/ids.h"

namespace vigil::service {
namespace {

using ::testing::ElementsAreArray;

Uuid Unit(int number) {
  return DerivedUuid({.name_space = "test", .name = std::to_string(number)});
}

// Otherwise a simulated run could not be repeated from one process to the next.
TEST(WatchHubTest, ListenersAreToldInTheOrderInWhichTheyBegan) {
  WatchHub hub;
  std::vector<int> told;
  std::vector<int> all;
  constexpr int kListeners = 40;
  for (int i = 0; i < kListeners; ++i) {
    hub.Subscribe({Unit(i % 3)}, [&told, i](Seq, bool) { told.push_back(i); });
    all.push_back(i);
  }
  hub.Publish({.head = Seq(1), .units = {Uuid()}});
  EXPECT_THAT(told, ElementsAreArray(all));
  told.clear();
  hub.Publish({.head = Seq(2), .units = {Unit(2), Unit(0), Unit(1)}});
  EXPECT_THAT(told, ElementsAreArray(all));
}

}  // namespace
}  // namespace vigil::service
