#ifndef VIGIL_TESTS_UNIT_SERVER_SERVICE_SYNC_CORE_FIXTURE_H_
#define VIGIL_TESTS_UNIT_SERVER_SERVICE_SYNC_CORE_FIXTURE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "server/service/stream_sink.h"
#include "server/service/sync_core.h"
#include "server/service/watch_hub.h"
#include "sync/base/hash.h"
#include "tests/support/test_register.h"

// A register with the phones' protocol in front of it, and readers of its streams.

namespace vigil::testing {

inline void Parse(const std::string& bytes, v1::PullResponse& page) {
  EXPECT_TRUE(page.ParseFromString(bytes));
}
template <typename Message>
void Parse(const Message& sent, Message& message) {
  message = sent;
}

// Takes pages at its own pace, on the executor; `Sent` is what they are sent as.
template <typename Message, typename Sent = Message>
class Sink final : public service::StreamSink<Sent> {
 public:
  using Ready = typename service::StreamSink<Sent>::Ready;

  explicit Sink(Executor& executor) : executor_(executor) {}

  void Write(Sent message, Ready ready) override {
    EXPECT_FALSE(finished) << "a message after the end";
    EXPECT_FALSE(writing) << "a message before the one before it was taken";
    writing = true;
    Parse(message, messages.emplace_back());
    if (is_slow && is_slow()) {
      waits = ready;
      return;
    }
    executor_.Post([this, ready] {
      if (on_message) on_message();
      writing = false;
      ready(!gone);
    });
  }
  void Finish(const absl::Status& end) override {
    EXPECT_FALSE(finished) << "two ends";
    finished = true;
    status = end;
  }

  // The message that a slow reader has not taken so far.
  void Take() {
    writing = false;
    std::exchange(waits, nullptr)(true);
  }

  std::vector<Message> messages;
  std::function<bool()> is_slow;
  Ready waits;
  std::function<void()> on_message;
  bool gone = false;
  bool writing = false;
  bool finished = false;
  absl::Status status;

 private:
  Executor& executor_;
};

using Pages = Sink<v1::PullResponse, std::string>;

class SyncCoreTest : public ::testing::Test {
 protected:
  SyncCoreTest()
      : reg_({.on_committed = [this](const registry::Committed& made) { hub_.Publish(made); }}),
        core_(reg_.target(), hub_,
              {.push_operations_max = 5, .operation_bytes_max = 4096, .server_name = "test"}),
        inspector_(reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit)) {}

  std::shared_ptr<Pages> Pull(const v1::PullRequest& request) { return Pull(inspector_, request); }
  std::shared_ptr<Pages> Pull(const Actor& actor, const v1::PullRequest& request) {
    auto sink = std::make_shared<Pages>(reg_.executor());
    core_.Pull(actor.author, request, sink);
    reg_.executor().RunUntilIdle();
    EXPECT_TRUE(sink->finished);
    return sink;
  }

  // What a phone holds after these pages, by id.
  static std::map<std::string, std::string> Held(const Pages& sink) {
    std::map<std::string, std::string> held;
    for (const v1::PullResponse& page : sink.messages) {
      for (const std::string& bytes : page.records()) {
        v1::Record record;
        EXPECT_TRUE(record.ParseFromString(bytes));
        held[record.id()] = bytes;
      }
      for (const v1::Departure& departure : page.departures()) held.erase(departure.record());
    }
    return held;
  }

  // The sums as the contract describes them, over what a phone holds.
  static std::vector<std::uint64_t> DigestOf(const std::map<std::string, std::string>& held) {
    std::vector<std::uint64_t> sums(256);
    for (const auto& [id, bytes] : held) {
      const Sha256 place = Sha256Of(Uuid::Parse(id)->bytes());
      const Sha256 content = Sha256Of(bytes);
      std::uint64_t value = 0;
      for (std::size_t i = 0; i < 8; ++i) {
        value = value << 8 | static_cast<unsigned char>(content.bytes()[i]);
      }
      sums[static_cast<unsigned char>(place.bytes()[0])] += value;
    }
    return sums;
  }

  static std::vector<std::uint64_t> DigestOf(const v1::PullResponse& page) {
    return {page.digest().begin(), page.digest().end()};
  }

  std::string Report(const std::string& source, const std::string& description = "loose rock") {
    Actor finder = reg_.Phone(v1::ROLE_INSPECTOR, reg_.bureau);
    const std::string hazard = reg_.NewId();
    v1::Operation operation = reg_.Begin(finder);
    operation.mutable_report_hazard()->set_hazard_id(hazard);
    v1::Hazard& body = *operation.mutable_report_hazard()->mutable_hazard();
    body.set_risk_source(source);
    body.set_description(description);
    *body.mutable_found_at() = operation.made_at();
    EXPECT_EQ(reg_.Submit(finder, operation).verdict(), v1::VERDICT_APPLIED);
    return hazard;
  }

  v1::PushEntry Entry(Actor& actor, const std::string& hazard) {
    v1::Operation operation = reg_.Begin(actor);
    operation.mutable_report_hazard()->set_hazard_id(hazard);
    v1::Hazard& body = *operation.mutable_report_hazard()->mutable_hazard();
    body.set_risk_source(reg_.risk_source);
    body.set_description("pushed");
    *body.mutable_found_at() = operation.made_at();
    v1::PushEntry entry;
    entry.set_operation_id(operation.id());
    entry.set_device_seq(operation.device_seq());
    entry.set_operation(operation.SerializeAsString());
    return entry;
  }

  // Links the entries to what was pushed before, and signs.
  absl::StatusOr<v1::PushResponse> Push(v1::PushRequest request) {
    for (v1::PushEntry& entry : *request.mutable_entries()) {
      hashes_[entry.device_seq()] = entry.has_withheld_hash()
                                        ? *Sha256::FromBytes(entry.withheld_hash())
                                        : Sha256Of(entry.operation());
      if (entry.device_seq() == 1) continue;
      entry.set_previous_hash(std::string(hashes_.at(entry.device_seq() - 1).bytes()));
    }
    reg_.Sign(inspector_, request);
    absl::StatusOr<v1::PushResponse> answer = absl::UnknownError("not answered");
    core_.Push({inspector_.author, Uuid(), inspector_.key->public_key()}, request,
               [&](absl::StatusOr<v1::PushResponse> response) { answer = std::move(response); });
    reg_.executor().RunUntilIdle();
    return answer;
  }

  service::WatchHub hub_;
  TestRegister reg_;
  service::SyncCore core_;
  Actor inspector_;
  // Of the inspector's operations, by their sequence.
  std::map<std::uint64_t, Sha256> hashes_;
};

}  // namespace vigil::testing

#endif  // VIGIL_TESTS_UNIT_SERVER_SERVICE_SYNC_CORE_FIXTURE_H_
