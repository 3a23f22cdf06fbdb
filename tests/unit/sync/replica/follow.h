#ifndef VIGIL_TESTS_UNIT_SYNC_REPLICA_FOLLOW_H_
#define VIGIL_TESTS_UNIT_SYNC_REPLICA_FOLLOW_H_

#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_phone.h"

namespace vigil::testing {

// The greeting and all pages, each so many times, without the push in between.
inline void Follow(SimServer& server, TestPhone& phone, int times = 1) {
  class Sink final : public engine::PageSink {
   public:
    Sink(replica::Replica& replica, int times) : replica_(replica), times_(times) {}
    void Page(v1::PullResponse page, Ready ready) override {
      for (int i = 0; i < times_; ++i) EXPECT_THAT(replica_.ApplyPage(page), IsOk());
      ready(true);
    }
    void Finish(const absl::Status& status) override { EXPECT_THAT(status, IsOk()); }

   private:
    replica::Replica& replica_;
    const int times_;
  };
  v1::HelloRequest hello = *phone.replica().BeginHello();
  hello.set_protocol(1);
  phone.transport().Hello(hello, [&](const absl::StatusOr<v1::HelloResponse>& answer) {
    VIGIL_ASSERT_OK(answer);
    VIGIL_ASSERT_OK(phone.replica().ApplyHello({hello, *answer}));
  });
  server.executor().RunUntilIdle();
  v1::PullRequest pull;
  const replica::SyncState state = *phone.replica().GetSyncState();
  pull.mutable_cursors()->Add(state.cursors.begin(), state.cursors.end());
  phone.transport().Pull(pull, std::make_shared<Sink>(phone.replica(), times));
  server.executor().RunUntilIdle();
}

}  // namespace vigil::testing

#endif  // VIGIL_TESTS_UNIT_SYNC_REPLICA_FOLLOW_H_
