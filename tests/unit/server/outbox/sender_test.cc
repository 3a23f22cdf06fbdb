#include "server/outbox/sender.h"

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/util/time_util.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_register.h"

namespace vigil::testing {
namespace {

using outbox::Attempt;
using outbox::Channel;
using outbox::Lane;
using outbox::Message;
using outbox::Sender;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr auto kPending = v1::NOTIFICATION_STATE_PENDING;
constexpr auto kSent = v1::NOTIFICATION_STATE_SENT;
constexpr auto kDead = v1::NOTIFICATION_STATE_DEAD;

// What a channel was given. Its owner says what becomes of it, now or later.
struct Book {
  std::vector<Message> messages;
  std::deque<Channel::Done> waiting;
  // Answered at once with this, unless `hangs`.
  Attempt answer;
  bool hangs = false;

  std::vector<std::int64_t> Numbers() const {
    std::vector<std::int64_t> numbers;
    for (const Message& message : messages) numbers.push_back(message.number);
    return numbers;
  }
};

class BookChannel final : public Channel {
 public:
  explicit BookChannel(Book& book) : book_(book) {}

  void Send(const Message& message, Done done) override {
    book_.messages.push_back(message);
    if (book_.hangs) {
      book_.waiting.push_back(std::move(done));
    } else {
      done(book_.answer);
    }
  }

 private:
  Book& book_;
};

class SenderTest : public ::testing::Test {
 protected:
  Lane LaneOf(const std::string& name, Book& book, std::vector<std::string> recipients = {}) {
    Lane lane;
    lane.name = name;
    lane.recipients = std::move(recipients);
    lane.channel = std::make_unique<BookChannel>(book);
    return lane;
  }

  // With the log's and these.
  Sender& Open(std::vector<Lane> lanes, Sender::Options options = {}) {
    lanes.insert(lanes.begin(), LaneOf("log", log_));
    options.on_error = [this](const absl::Status& status) { errors_.push_back(status); };
    options.on_failure = [this](const Sender::Failure& failure) { failures_.push_back(failure); };
    options.on_unserved = [this](const v1::Notification& message) {
      unserved_.push_back(message.id());
    };
    options.on_ended = [this](std::int64_t count) { ended_ += count; };
    sender_ = std::make_unique<Sender>(Sender::Parts{reg_.target(), reg_.executor(), random_},
                                       std::move(lanes), std::move(options));
    return *sender_;
  }

  // A message in the outbox; its number.
  std::int64_t Tell(const std::string& recipient, const std::string& text = "overdue") {
    store::WriteSet writes;
    auto snapshot = reg_.store().Read();
    const store::Head head = *(*snapshot)->GetHead();
    writes.audit_root = head.audit_root;
    writes.notifications.push_back(
        {*Uuid::Parse(recipient), "escalation", Uuid(), "超期", text, reg_.executor().Now()});
    VIGIL_EXPECT_OK(reg_.store().Commit(head.seq, writes, reg_.executor().Now()));
    return All().back().id();
  }

  std::vector<v1::Notification> All(const store::NotificationFilter& filter = {}) {
    auto snapshot = reg_.store().Read();
    auto found = (*snapshot)->Notifications(0, 1000, filter);
    VIGIL_EXPECT_OK(found);
    return *std::move(found);
  }

  v1::NotificationDelivery DeliveryOf(std::int64_t number, const std::string& channel) {
    for (const v1::Notification& message : All()) {
      for (const v1::NotificationDelivery& delivery : message.deliveries()) {
        if (message.id() == number && delivery.channel() == channel) return delivery;
      }
    }
    ADD_FAILURE() << "no delivery of " << number << " by " << channel;
    return {};
  }

  void Run() {
    VIGIL_EXPECT_OK(sender_->Poll());
    reg_.executor().RunUntilIdle();
  }

  TestRegister reg_;
  SeededRandom random_{7};
  Book log_;
  Book a_;
  Book b_;
  std::vector<absl::Status> errors_;
  std::vector<Sender::Failure> failures_;
  std::vector<std::int64_t> unserved_;
  std::int64_t ended_ = 0;
  std::unique_ptr<Sender> sender_;
};

std::vector<Lane> Two(Lane one, Lane two) {
  std::vector<Lane> lanes;
  lanes.push_back(std::move(one));
  lanes.push_back(std::move(two));
  return lanes;
}

std::vector<Lane> One(Lane lane) {
  std::vector<Lane> lanes;
  lanes.push_back(std::move(lane));
  return lanes;
}

TEST_F(SenderTest, AMessageLeavesOnceByEachChannelInOrder) {
  Open(Two(LaneOf("a", a_), LaneOf("b", b_)));
  const std::int64_t one = Tell(reg_.unit);
  const std::int64_t two = Tell(reg_.department);
  Run();
  Run();
  EXPECT_THAT(a_.Numbers(), ElementsAre(one, two));
  EXPECT_THAT(b_.Numbers(), ElementsAre(one, two));
  EXPECT_THAT(log_.Numbers(), IsEmpty());
  EXPECT_EQ(All()[0].state(), kSent);
  EXPECT_THAT(All()[0].deliveries(), SizeIs(2));
  EXPECT_EQ(a_.messages[0].recipient, reg_.unit);
  EXPECT_FALSE(a_.messages[0].recipient_name.empty());
  EXPECT_NE(a_.messages[0].id, b_.messages[0].id);
  EXPECT_NE(a_.messages[0].id, a_.messages[1].id);
}

TEST_F(SenderTest, OnlyTheChannelsThatServeTheRecipientAndWhatIsAboveHim) {
  const std::string unit_code = reg_.Find(reg_.unit).entity().org_unit().code();
  const std::string bureau_code = reg_.Find(reg_.bureau).entity().org_unit().code();
  Open(Two(LaneOf("a", a_, {unit_code}), LaneOf("b", b_, {bureau_code})));
  const std::int64_t to_unit = Tell(reg_.unit);
  const std::int64_t to_department = Tell(reg_.department);
  const Actor inspector = reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit);
  const std::int64_t to_person = Tell(inspector.author.person);
  Run();
  EXPECT_THAT(a_.Numbers(), ElementsAre(to_unit, to_person));
  EXPECT_THAT(b_.Numbers(), ElementsAre(to_unit, to_department, to_person));
}

TEST_F(SenderTest, WhatNoChannelServesGoesToTheLogAndSaysSo) {
  Open(One(LaneOf("a", a_, {"NOBODY"})));
  const std::int64_t one = Tell(reg_.unit);
  Run();
  EXPECT_THAT(a_.Numbers(), IsEmpty());
  EXPECT_THAT(log_.Numbers(), ElementsAre(one));
  EXPECT_THAT(unserved_, ElementsAre(one));
  EXPECT_EQ(All()[0].state(), kSent);
}

TEST_F(SenderTest, WithoutChannelsTheLogTakesAll) {
  Open({});
  const std::int64_t one = Tell(reg_.unit);
  Run();
  EXPECT_THAT(log_.Numbers(), ElementsAre(one));
  EXPECT_THAT(unserved_, IsEmpty()) << "nothing else was to be expected";
}

TEST_F(SenderTest, EachAddressHasItsOwnAttempts) {
  Lane mail = LaneOf("mail", a_);
  const std::string unit_code = reg_.Find(reg_.unit).entity().org_unit().code();
  mail.addresses = {{"all@example.org", {}}, {"unit@example.org", {unit_code}}};
  Open(One(std::move(mail)));
  const std::int64_t to_unit = Tell(reg_.unit);
  Tell(reg_.department);
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
  const std::int64_t one = Tell(reg_.unit);
  const std::int64_t two = Tell(reg_.unit);
  Run();
  Run();
  EXPECT_THAT(a_.Numbers(), ElementsAre(one)) << "one at a time";
  EXPECT_THAT(b_.Numbers(), ElementsAre(one, two));
  EXPECT_EQ(All()[0].state(), kPending);
  a_.waiting.front()(Attempt{});
  reg_.executor().RunUntilIdle();
  EXPECT_EQ(All()[0].state(), kSent);
  EXPECT_THAT(a_.Numbers(), ElementsAre(one, two)) << "the next one does not wait for a poll";
}

TEST_F(SenderTest, AFailingChannelPausesAndDoesNotAskForEachMessage) {
  a_.answer = outbox::Failed("it is down");
  Open(Two(LaneOf("a", a_), LaneOf("b", b_)));
  const std::int64_t one = Tell(reg_.unit);
  const std::int64_t two = Tell(reg_.unit);
  Run();
  Run();
  EXPECT_THAT(a_.Numbers(), ElementsAre(one));
  EXPECT_THAT(b_.Numbers(), ElementsAre(one, two));
  EXPECT_EQ(DeliveryOf(one, "a").last_error(), "it is down");
  EXPECT_EQ(DeliveryOf(two, "a").attempts(), 0);
  a_.answer = {};
  reg_.executor().RunFor(absl::Minutes(1));
  Run();
  EXPECT_THAT(a_.Numbers(), ElementsAre(one, one, two));
  EXPECT_EQ(a_.messages[0].id, a_.messages[1].id) << "the same message, whenever it is sent";
  EXPECT_EQ(DeliveryOf(one, "a").last_error(), "");
}

TEST_F(SenderTest, EachPauseIsBetweenHalfAndAllOfTwiceTheLast) {
  a_.answer = outbox::Failed("it is down");
  Open(One(LaneOf("a", a_)),
       {.first_retry = absl::Minutes(1), .longest_retry = absl::Minutes(10), .attempts_max = 6});
  const std::int64_t one = Tell(reg_.unit);
  Run();
  const std::vector<int> whole_minutes = {1, 2, 4, 8, 10};
  for (std::size_t i = 0; i < whole_minutes.size(); ++i) {
    EXPECT_EQ(a_.messages.size(), i + 1);
    const v1::NotificationDelivery delivery = DeliveryOf(one, "a");
    const absl::Duration pause = absl::Microseconds(
        google::protobuf::util::TimeUtil::TimestampToMicroseconds(delivery.next_attempt_at()) -
        ToMicros(reg_.executor().Now()));
    EXPECT_GE(pause, absl::Minutes(whole_minutes[i]) / 2);
    EXPECT_LE(pause, absl::Minutes(whole_minutes[i]));
    EXPECT_NE(pause, absl::Minutes(whole_minutes[i])) << "there is jitter";
    reg_.executor().RunFor(pause - absl::Milliseconds(1));
    Run();
    EXPECT_EQ(a_.messages.size(), i + 1) << "not before its time";
    reg_.executor().RunFor(absl::Milliseconds(1));
    Run();
  }
  EXPECT_EQ(a_.messages.size(), 6U);
  EXPECT_EQ(DeliveryOf(one, "a").state(), kDead);
  EXPECT_EQ(All()[0].state(), kDead);
  ASSERT_THAT(failures_, SizeIs(6));
  EXPECT_FALSE(failures_[4].dead);
  EXPECT_TRUE(failures_[5].dead);
  reg_.executor().RunFor(absl::Hours(24));
  Run();
  EXPECT_EQ(a_.messages.size(), 6U);
}

TEST_F(SenderTest, AReceiverMayAskForALongerPause) {
  a_.answer = {Attempt::End::kFailed, "too many", absl::Minutes(30)};
  Open(One(LaneOf("a", a_)));
  Tell(reg_.unit);
  Tell(reg_.unit);
  Run();
  reg_.executor().RunFor(absl::Minutes(29));
  Run();
  EXPECT_EQ(a_.messages.size(), 1U) << "nor for the other message";
  reg_.executor().RunFor(absl::Minutes(1));
  Run();
  EXPECT_EQ(a_.messages.size(), 2U);
}

TEST_F(SenderTest, ButNotForAnEternalOne) {
  a_.answer = {Attempt::End::kFailed, "too many", absl::Hours(24 * 365)};
  Open(One(LaneOf("a", a_)), {.longest_retry = absl::Hours(6)});
  Tell(reg_.unit);
  Run();
  reg_.executor().RunFor(absl::Hours(6));
  Run();
  EXPECT_EQ(a_.messages.size(), 2U);
}

TEST_F(SenderTest, ARefusalIsTriedAFewTimesOnlyAndOthersGoOn) {
  a_.answer = outbox::Refused("not like this");
  Open(One(LaneOf("a", a_)));
  const std::int64_t one = Tell(reg_.unit);
  const std::int64_t two = Tell(reg_.unit);
  Run();
  EXPECT_THAT(a_.Numbers(), ElementsAre(one, two)) << "the other one may be right";
  for (int i = 0; i < 10; ++i) {
    reg_.executor().RunFor(absl::Hours(6));
    Run();
  }
  EXPECT_EQ(DeliveryOf(one, "a").attempts(), 5);
  EXPECT_EQ(DeliveryOf(one, "a").state(), kDead);
  EXPECT_EQ(DeliveryOf(two, "a").state(), kDead);
}

TEST_F(SenderTest, WhoIsGoneIsAskedOnce) {
  a_.answer = {Attempt::End::kGone, "gone", {}};
  Open(Two(LaneOf("a", a_), LaneOf("b", b_)));
  const std::int64_t one = Tell(reg_.unit);
  Run();
  EXPECT_EQ(DeliveryOf(one, "a").state(), kDead);
  EXPECT_EQ(DeliveryOf(one, "b").state(), kSent);
  EXPECT_EQ(All()[0].state(), kDead);
  EXPECT_THAT(All({kDead, ""}), SizeIs(1));
  EXPECT_THAT(All({kDead, ""})[0].deliveries(), SizeIs(1));
  EXPECT_THAT(All({kDead, "b"}), IsEmpty());
  EXPECT_THAT(All({kPending, ""}), IsEmpty());
}

TEST_F(SenderTest, WhatIsDeadIsTriedAgainOnDemand) {
  a_.answer = {Attempt::End::kGone, "gone", {}};
  Open(Two(LaneOf("a", a_), LaneOf("b", b_)));
  const std::int64_t one = Tell(reg_.unit);
  Tell(reg_.unit);
  Run();
  a_.answer = {};
  v1::RetryNotificationsRequest request;
  request.add_ids(one);
  VIGIL_ASSERT_OK_AND_ASSIGN(auto response, sender_->Retry(request));
  reg_.executor().RunUntilIdle();
  EXPECT_EQ(response.retried(), 1);
  EXPECT_EQ(All()[0].state(), kSent);
  EXPECT_EQ(All()[1].state(), kDead);
  request.Clear();
  request.set_dead(true);
  VIGIL_ASSERT_OK_AND_ASSIGN(response, sender_->Retry(request));
  reg_.executor().RunUntilIdle();
  EXPECT_EQ(response.retried(), 1);
  EXPECT_EQ(All()[1].state(), kSent);
  EXPECT_EQ(b_.messages.size(), 2U) << "what was sent is not sent again";
  VIGIL_ASSERT_OK_AND_ASSIGN(response, sender_->Retry(request));
  EXPECT_EQ(response.retried(), 0);
}

TEST_F(SenderTest, ARetryWaitsForNoPause) {
  a_.answer = outbox::Failed("it is down");
  Open(One(LaneOf("a", a_)));
  const std::int64_t one = Tell(reg_.unit);
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
  const std::int64_t one = Tell(reg_.unit);
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
  const std::int64_t one = Tell(reg_.unit);
  Run();
  Open(Two(LaneOf("b", b_), LaneOf("c", log_)));
  sender_->Start();
  reg_.executor().RunFor(absl::Minutes(1));
  EXPECT_EQ(ended_, 1);
  EXPECT_EQ(DeliveryOf(one, "a").state(), kDead);
  EXPECT_THAT(DeliveryOf(one, "a").last_error(), HasSubstr("not in the configuration"));
  EXPECT_EQ(All()[0].state(), kDead);
  v1::RetryNotificationsRequest request;
  request.set_dead(true);
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto response, sender_->Retry(request));
  reg_.executor().RunFor(absl::Minutes(1));
  EXPECT_EQ(response.retried(), 1);
  EXPECT_EQ(All()[0].state(), kSent);
  EXPECT_EQ(DeliveryOf(one, "c").state(), kSent);
  EXPECT_EQ(b_.messages.size(), 1U) << "it was told already";
}

TEST_F(SenderTest, ACrashBetweenSendingAndMarkingSendsAgainUnderTheSameId) {
  a_.hangs = true;
  Open(One(LaneOf("a", a_)));
  const std::int64_t one = Tell(reg_.unit);
  Run();
  ASSERT_THAT(a_.messages, SizeIs(1));
  sender_.reset();
  a_.waiting.front()(Attempt{});
  reg_.executor().RunUntilIdle();
  EXPECT_EQ(DeliveryOf(one, "a").state(), kPending) << "nobody was there to mark it";
  a_.hangs = false;
  Open(One(LaneOf("a", a_)));
  Run();
  ASSERT_THAT(a_.messages, SizeIs(2));
  EXPECT_EQ(a_.messages[0].id, a_.messages[1].id);
  EXPECT_EQ(DeliveryOf(one, "a").state(), kSent);
}

TEST_F(SenderTest, APacedChannelKeepsItsDistance) {
  Lane lane = LaneOf("a", a_);
  lane.pace = absl::Seconds(3);
  Open(One(std::move(lane)), {.poll = absl::Seconds(1)});
  for (int i = 0; i < 30; ++i) Tell(reg_.unit);
  sender_->Start();
  reg_.executor().RunFor(absl::Seconds(59));
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
  reg_.executor().RunUntilIdle();
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
