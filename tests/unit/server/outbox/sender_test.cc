#include "gmock/gmock.h"
#include "google/protobuf/util/time_util.h"
#include "tests/unit/server/outbox/sender_fixture.h"

namespace vigil::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr auto kPending = v1::NOTIFICATION_STATE_PENDING;
constexpr auto kSent = v1::NOTIFICATION_STATE_SENT;
constexpr auto kDead = v1::NOTIFICATION_STATE_DEAD;

TEST_F(SenderTest, AMessageLeavesOnceByEachChannelInOrder) {
  Open(Two(LaneOf("a", a_), LaneOf("b", b_)));
  const std::int64_t one = Tell(unit_);
  const std::int64_t two = Tell(department_);
  Run();
  Run();
  EXPECT_THAT(a_.Numbers(), ElementsAre(one, two));
  EXPECT_THAT(b_.Numbers(), ElementsAre(one, two));
  EXPECT_THAT(log_.Numbers(), IsEmpty());
  EXPECT_EQ(All()[0].state(), kSent);
  EXPECT_THAT(All()[0].deliveries(), SizeIs(2));
  EXPECT_EQ(a_.messages[0].recipient, unit_);
  EXPECT_EQ(a_.messages[0].recipient_name, "UNIT by name");
  EXPECT_NE(a_.messages[0].id, b_.messages[0].id);
  EXPECT_NE(a_.messages[0].id, a_.messages[1].id);
}

TEST_F(SenderTest, OnlyTheChannelsThatServeTheRecipientAndWhatIsAboveHim) {
  Open(Two(LaneOf("a", a_, {"UNIT"}), LaneOf("b", b_, {"BUREAU"})));
  const std::int64_t to_unit = Tell(unit_);
  const std::int64_t to_department = Tell(department_);
  const std::int64_t to_person = Tell(person_);
  Run();
  EXPECT_THAT(a_.Numbers(), ElementsAre(to_unit, to_person));
  EXPECT_THAT(b_.Numbers(), ElementsAre(to_unit, to_department, to_person));
}

TEST_F(SenderTest, WhatNoChannelServesGoesToTheLogAndSaysSo) {
  Open(One(LaneOf("a", a_, {"NOBODY"})));
  const std::int64_t one = Tell(unit_);
  Run();
  EXPECT_THAT(a_.Numbers(), IsEmpty());
  EXPECT_THAT(log_.Numbers(), ElementsAre(one));
  EXPECT_THAT(unserved_, ElementsAre(one));
  EXPECT_EQ(All()[0].state(), kSent);
}

TEST_F(SenderTest, WithoutChannelsTheLogTakesAll) {
  Open({});
  const std::int64_t one = Tell(unit_);
  Run();
  EXPECT_THAT(log_.Numbers(), ElementsAre(one));
  EXPECT_THAT(unserved_, IsEmpty()) << "nothing else was to be expected";
}

TEST_F(SenderTest, EachAddressHasItsOwnAttempts) {
  Lane mail = LaneOf("mail", a_);
  mail.addresses = {{"all@example.org", {}}, {"unit@example.org", {"UNIT"}}};
  Open(One(std::move(mail)));
  const std::int64_t to_unit = Tell(unit_);
  Tell(department_);
  Run();
  ASSERT_THAT(a_.messages, SizeIs(3));
  EXPECT_EQ(a_.messages[0].address, "all@example.org");
  EXPECT_EQ(a_.messages[1].address, "unit@example.org");
  EXPECT_EQ(a_.messages[1].number, to_unit);
  EXPECT_NE(a_.messages[0].id, a_.messages[1].id);
  EXPECT_EQ(a_.messages[2].address, "all@example.org");
}

TEST_F(SenderTest, AChannelThatHangsHoldsUpItselfAlone) {
  a_.hangs = true;
  Open(Two(LaneOf("a", a_), LaneOf("b", b_)));
  const std::int64_t one = Tell(unit_);
  const std::int64_t two = Tell(unit_);
  Run();
  Run();
  EXPECT_THAT(a_.Numbers(), ElementsAre(one)) << "one at a time";
  EXPECT_THAT(b_.Numbers(), ElementsAre(one, two));
  EXPECT_EQ(All()[0].state(), kPending);
  a_.waiting.front()(Attempt{});
  executor_.RunUntilIdle();
  EXPECT_EQ(All()[0].state(), kSent);
  EXPECT_THAT(a_.Numbers(), ElementsAre(one, two)) << "the next one does not wait for a poll";
}

TEST_F(SenderTest, AFailingChannelPausesAndDoesNotAskForEachMessage) {
  a_.answer = outbox::Failed("it is down");
  Open(Two(LaneOf("a", a_), LaneOf("b", b_)));
  const std::int64_t one = Tell(unit_);
  const std::int64_t two = Tell(unit_);
  Run();
  Run();
  EXPECT_THAT(a_.Numbers(), ElementsAre(one));
  EXPECT_THAT(b_.Numbers(), ElementsAre(one, two));
  EXPECT_EQ(DeliveryOf(one, "a").last_error(), "it is down");
  EXPECT_EQ(DeliveryOf(two, "a").attempts(), 0);
  a_.answer = {};
  executor_.RunFor(absl::Minutes(1));
  Run();
  EXPECT_THAT(a_.Numbers(), ElementsAre(one, one, two));
  EXPECT_EQ(a_.messages[0].id, a_.messages[1].id) << "the same message, whenever it is sent";
  EXPECT_EQ(DeliveryOf(one, "a").last_error(), "");
}

TEST_F(SenderTest, EachPauseIsBetweenHalfAndAllOfTwiceTheLast) {
  a_.answer = outbox::Failed("it is down");
  Open(One(LaneOf("a", a_)),
       {.first_retry = absl::Minutes(1), .longest_retry = absl::Minutes(10), .attempts_max = 6});
  const std::int64_t one = Tell(unit_);
  Run();
  const std::vector<int> whole_minutes = {1, 2, 4, 8, 10};
  for (std::size_t i = 0; i < whole_minutes.size(); ++i) {
    EXPECT_EQ(a_.messages.size(), i + 1);
    const v1::NotificationDelivery delivery = DeliveryOf(one, "a");
    const absl::Duration pause = absl::Microseconds(
        google::protobuf::util::TimeUtil::TimestampToMicroseconds(delivery.next_attempt_at()) -
        ToMicros(executor_.Now()));
    EXPECT_GE(pause, absl::Minutes(whole_minutes[i]) / 2);
    EXPECT_LE(pause, absl::Minutes(whole_minutes[i]));
    EXPECT_NE(pause, absl::Minutes(whole_minutes[i])) << "there is jitter";
    executor_.RunFor(pause - absl::Milliseconds(1));
    Run();
    EXPECT_EQ(a_.messages.size(), i + 1) << "not before its time";
    executor_.RunFor(absl::Milliseconds(1));
    Run();
  }
  EXPECT_EQ(a_.messages.size(), 6U);
  EXPECT_EQ(DeliveryOf(one, "a").state(), kDead);
  EXPECT_EQ(All()[0].state(), kDead);
  ASSERT_THAT(failures_, SizeIs(6));
  EXPECT_FALSE(failures_[4].dead);
  EXPECT_TRUE(failures_[5].dead);
  executor_.RunFor(absl::Hours(24));
  Run();
  EXPECT_EQ(a_.messages.size(), 6U);
}

TEST_F(SenderTest, AReceiverMayAskForALongerPause) {
  a_.answer = {Attempt::End::kFailed, "too many", absl::Minutes(30)};
  Open(One(LaneOf("a", a_)));
  const std::int64_t one = Tell(unit_);
  Tell(unit_);
  Run();
  EXPECT_EQ(DeliveryOf(one, "a").next_attempt_at().seconds(),
            absl::ToUnixSeconds(executor_.Now() + absl::Minutes(30)))
      << "a restart does not forget it";
  executor_.RunFor(absl::Minutes(29));
  Run();
  EXPECT_EQ(a_.messages.size(), 1U) << "nor for the other message";
  executor_.RunFor(absl::Minutes(1));
  Run();
  EXPECT_EQ(a_.messages.size(), 2U);
}

TEST_F(SenderTest, ButNotForAnEternalOne) {
  a_.answer = {Attempt::End::kFailed, "too many", absl::Hours(24 * 365)};
  Open(One(LaneOf("a", a_)), {.longest_retry = absl::Hours(6)});
  Tell(unit_);
  Run();
  executor_.RunFor(absl::Hours(6));
  Run();
  EXPECT_EQ(a_.messages.size(), 2U);
}

TEST_F(SenderTest, ARefusalIsTriedAFewTimesOnlyAndOthersGoOn) {
  a_.answer = outbox::Refused("not like this");
  Open(One(LaneOf("a", a_)));
  const std::int64_t one = Tell(unit_);
  const std::int64_t two = Tell(unit_);
  Run();
  EXPECT_THAT(a_.Numbers(), ElementsAre(one, two)) << "the other one may be right";
  for (int i = 0; i < 10; ++i) {
    executor_.RunFor(absl::Hours(6));
    Run();
  }
  EXPECT_EQ(DeliveryOf(one, "a").attempts(), 5);
  EXPECT_EQ(DeliveryOf(one, "a").state(), kDead);
  EXPECT_EQ(DeliveryOf(two, "a").state(), kDead);
}

TEST_F(SenderTest, WhoIsGoneIsAskedOnce) {
  a_.answer = {Attempt::End::kGone, "gone", {}};
  Open(Two(LaneOf("a", a_), LaneOf("b", b_)));
  const std::int64_t one = Tell(unit_);
  Run();
  EXPECT_EQ(DeliveryOf(one, "a").state(), kDead);
  EXPECT_EQ(DeliveryOf(one, "b").state(), kSent);
  EXPECT_EQ(All()[0].state(), kDead);
  ASSERT_THAT(All({kDead, ""}), SizeIs(1));
  EXPECT_THAT(All({kDead, ""})[0].deliveries(), SizeIs(1));
  EXPECT_THAT(All({kDead, "b"}), IsEmpty());
  EXPECT_THAT(All({kPending, ""}), IsEmpty());
}

TEST_F(SenderTest, WhatIsDeadIsTriedAgainOnDemand) {
  a_.answer = {Attempt::End::kGone, "gone", {}};
  Open(Two(LaneOf("a", a_), LaneOf("b", b_)));
  const std::int64_t one = Tell(unit_);
  Tell(unit_);
  Run();
  a_.answer = {};
  v1::RetryNotificationsRequest request;
  request.add_ids(one);
  VIGIL_ASSERT_OK_AND_ASSIGN(auto response, sender_->Retry(request));
  executor_.RunUntilIdle();
  EXPECT_EQ(response.retried(), 1);
  EXPECT_EQ(All()[0].state(), kSent);
  EXPECT_EQ(All()[1].state(), kDead);
  request.Clear();
  request.set_dead(true);
  VIGIL_ASSERT_OK_AND_ASSIGN(response, sender_->Retry(request));
  executor_.RunUntilIdle();
  EXPECT_EQ(response.retried(), 1);
  EXPECT_EQ(All()[1].state(), kSent);
  EXPECT_EQ(b_.messages.size(), 2U) << "what was sent is not sent again";
  VIGIL_ASSERT_OK_AND_ASSIGN(response, sender_->Retry(request));
  EXPECT_EQ(response.retried(), 0);
}

TEST_F(SenderTest, ARetryWaitsForNoPause) {
  a_.answer = outbox::Failed("it is down");
  Open(One(LaneOf("a", a_)));
  const std::int64_t one = Tell(unit_);
  Run();
  v1::RetryNotificationsRequest request;
  request.add_ids(one);
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto response, sender_->Retry(request));
  EXPECT_EQ(response.retried(), 1);
  EXPECT_EQ(a_.messages.size(), 2U);
}

TEST_F(SenderTest, ARetryOfWhatIsNotThereDoesNothing) {
  a_.answer = {Attempt::End::kGone, "gone", {}};
  Open(One(LaneOf("a", a_)));
  const std::int64_t one = Tell(unit_);
  Run();
  v1::RetryNotificationsRequest request;
  EXPECT_THAT(sender_->Retry(request), ReasonIs("REASON_MALFORMED"));
  request.add_ids(one);
  request.add_ids(one + 100);
  EXPECT_THAT(sender_->Retry(request), ReasonIs("REASON_NOT_FOUND"));
  EXPECT_EQ(All()[0].state(), kDead) << "all or nothing";
  request.set_dead(true);
  EXPECT_THAT(sender_->Retry(request), ReasonIs("REASON_MALFORMED"));
}

TEST_F(SenderTest, WhatIsPendingByAChannelThatIsGoneIsDeadAndARetryFindsAnotherWay) {
  a_.hangs = true;
  Open(Two(LaneOf("a", a_), LaneOf("b", b_)));
  const std::int64_t one = Tell(unit_);
  Run();
  Open(Two(LaneOf("b", b_), LaneOf("c", log_)));
  sender_->Start();
  executor_.RunFor(absl::Minutes(1));
  EXPECT_EQ(ended_, 1);
  EXPECT_EQ(DeliveryOf(one, "a").state(), kDead);
  EXPECT_THAT(DeliveryOf(one, "a").last_error(), HasSubstr("not in the configuration"));
  EXPECT_EQ(All()[0].state(), kDead);
  v1::RetryNotificationsRequest request;
  request.set_dead(true);
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto response, sender_->Retry(request));
  executor_.RunFor(absl::Minutes(1));
  EXPECT_EQ(response.retried(), 1);
  EXPECT_EQ(All()[0].state(), kSent);
  EXPECT_EQ(DeliveryOf(one, "c").state(), kSent);
  EXPECT_EQ(b_.messages.size(), 1U) << "it was told already";
}

TEST_F(SenderTest, ACrashBetweenSendingAndMarkingSendsAgainUnderTheSameId) {
  a_.hangs = true;
  Open(One(LaneOf("a", a_)));
  const std::int64_t one = Tell(unit_);
  Run();
  ASSERT_THAT(a_.messages, SizeIs(1));
  sender_.reset();
  a_.waiting.front()(Attempt{});
  executor_.RunUntilIdle();
  EXPECT_EQ(DeliveryOf(one, "a").state(), kPending) << "nobody was there to mark it";
  a_.hangs = false;
  Open(One(LaneOf("a", a_)));
  Run();
  ASSERT_THAT(a_.messages, SizeIs(2));
  EXPECT_EQ(a_.messages[0].id, a_.messages[1].id);
  EXPECT_EQ(DeliveryOf(one, "a").state(), kSent);
}

TEST_F(SenderTest, WithoutRoomForAMarkNothingIsSent) {
  Open(One(LaneOf("a", a_)));
  Tell(unit_);
  has_room_ = false;
  Run();
  ASSERT_THAT(a_.messages, IsEmpty());
  has_room_ = true;
  a_.hangs = true;
  Run();
  has_room_ = false;
  ASSERT_THAT(a_.waiting, SizeIs(1));
  a_.waiting.front()(Attempt{});
  executor_.RunUntilIdle();
  EXPECT_THAT(errors_, SizeIs(1)) << "it was sent, and that could not be kept";
  has_room_ = true;
  Run();
  EXPECT_EQ(a_.messages.size(), 1U) << "not at once again";
}

TEST_F(SenderTest, APacedChannelKeepsItsDistance) {
  Lane lane = LaneOf("a", a_);
  lane.pace = absl::Seconds(3);
  Open(One(std::move(lane)), {.poll = absl::Seconds(1)});
  for (int i = 0; i < 30; ++i) Tell(unit_);
  sender_->Start();
  executor_.RunFor(absl::Seconds(59));
  EXPECT_LE(a_.messages.size(), 20U);
  EXPECT_GE(a_.messages.size(), 15U);
}

TEST_F(SenderTest, ATestIsSentAndMarksNothing) {
  a_.answer = outbox::Failed("it is down");
  Open(One(LaneOf("a", a_)));
  v1::TestNotificationChannelRequest request;
  request.set_channel("a");
  absl::StatusOr<v1::TestNotificationChannelResponse> answer = absl::UnknownError("none");
  const auto take = [&](absl::StatusOr<v1::TestNotificationChannelResponse> got) { answer = got; };
  sender_->Test(request, take);
  executor_.RunUntilIdle();
  VIGIL_ASSERT_OK(answer);
  EXPECT_FALSE(answer->sent());
  EXPECT_EQ(answer->error(), "it is down");
  EXPECT_EQ(a_.messages[0].topic, "test");
  EXPECT_THAT(All(), IsEmpty());
  request.set_channel("z");
  sender_->Test(request, take);
  EXPECT_THAT(answer, ReasonIs("REASON_NOT_FOUND"));
}

}  // namespace
}  // namespace vigil::testing
