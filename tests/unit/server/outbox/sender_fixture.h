#ifndef VIGIL_TESTS_UNIT_SERVER_OUTBOX_SENDER_FIXTURE_H_
#define VIGIL_TESTS_UNIT_SERVER_OUTBOX_SENDER_FIXTURE_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "server/outbox/sender.h"
#include "server/store/sqlite_store.h"
#include "sync/base/file.h"
#include "sync/base/random.h"
#include "tests/support/sim_executor.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/server/store/store_maker.h"
#include "vigil/v1/record.pb.h"

// A sender over a real store, in virtual time, with channels that do as they are told.

namespace vigil::testing {

using outbox::Attempt;
using outbox::Channel;
using outbox::Lane;
using outbox::Message;
using outbox::Sender;

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
  SenderTest() {
    auto opened = store::SqliteRegisterStore::Open(JoinPath(directory_.path(), "register.db"),
                                                   store::testing::NewRegister());
    VIGIL_EXPECT_OK(opened);
    store_ = *std::move(opened);
    store::testing::GroupMaker group(Seq(0));
    group.Operation();
    AddUnit(group, bureau_, "BUREAU", "");
    AddUnit(group, department_, "DEP", bureau_);
    AddUnit(group, unit_, "UNIT", bureau_);
    v1::Entity person;
    person.mutable_person()->set_code("P-1");
    person.mutable_person()->set_name("Inspector");
    person.mutable_person()->set_unit(unit_);
    AddRecord(group, person_, person);
    VIGIL_EXPECT_OK(group.CommitTo(*store_));
  }

  static void AddRecord(store::testing::GroupMaker& group, const std::string& id,
                        const v1::Entity& entity) {
    store::RecordChange& change = group.Create({.id = *Uuid::Parse(id)});
    v1::Record record;
    record.set_id(id);
    record.set_version(group.seq().value());
    *record.mutable_entity() = entity;
    change.bytes = record.SerializeAsString();
  }

  static void AddUnit(store::testing::GroupMaker& group, const std::string& id,
                      const std::string& code, const std::string& above) {
    v1::Entity unit;
    unit.mutable_org_unit()->set_code(code);
    unit.mutable_org_unit()->set_name(code + " by name");
    if (!above.empty()) unit.mutable_org_unit()->set_parent_unit(above);
    AddRecord(group, id, unit);
  }

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
    sender_ = std::make_unique<Sender>(
        Sender::Parts{*store_, executor_, [this] { return has_room_; }, random_}, std::move(lanes),
        std::move(options));
    return *sender_;
  }

  // A message in the outbox; its number.
  std::int64_t Tell(const std::string& recipient) {
    auto snapshot = store_->Read();
    store::testing::GroupMaker group((*snapshot)->GetHead()->seq);
    group.Operation();
    group.writes().notifications.push_back(
        {*Uuid::Parse(recipient), "escalation", Uuid(), "超期", "overdue", executor_.Now()});
    VIGIL_EXPECT_OK(group.CommitTo(*store_));
    return All().back().id();
  }

  std::vector<v1::Notification> All(const store::NotificationFilter& filter = {}) {
    auto snapshot = store_->Read();
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
    executor_.RunUntilIdle();
  }

  const std::string bureau_ = store::testing::Id(100).ToString();
  const std::string department_ = store::testing::Id(101).ToString();
  const std::string unit_ = store::testing::Id(102).ToString();
  const std::string person_ = store::testing::Id(103).ToString();
  TempDir directory_;
  SimExecutor executor_;
  std::unique_ptr<store::SqliteRegisterStore> store_;
  bool has_room_ = true;
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

inline std::vector<Lane> Two(Lane one, Lane two) {
  std::vector<Lane> lanes;
  lanes.push_back(std::move(one));
  lanes.push_back(std::move(two));
  return lanes;
}

inline std::vector<Lane> One(Lane lane) {
  std::vector<Lane> lanes;
  lanes.push_back(std::move(lane));
  return lanes;
}

}  // namespace vigil::testing

#endif  // VIGIL_TESTS_UNIT_SERVER_OUTBOX_SENDER_FIXTURE_H_
