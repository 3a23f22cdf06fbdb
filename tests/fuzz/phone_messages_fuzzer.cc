// Whatever a register, or somebody in its place, says to a phone: a message is taken or refused as
// a whole, the phone's file is sound afterwards, and what it holds can be read. The first byte says
// what kind of message the rest is.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "sync/base/check.h"
#include "sync/base/random.h"
#include "sync/base/status.h"
#include "sync/replica/outbox_file.h"
#include "sync/replica/replica.h"
#include "sync/sqlite/database.h"
#include "tests/support/manual_clock.h"
#include "tests/support/phone_file_check.h"
#include "tests/support/rules_world.h"
#include "tests/support/sim_vfs.h"

namespace vigil::testing {
namespace {

using replica::Replica;

constexpr char kFile[] = "phone.db";

// A phone that has said hello, whose file is brought back after each message that it took.
class Phone {
 public:
  Phone() {
    Open();
    const replica::Identity identity{IdOf("device"), IdOf("person")};
    VIGIL_CHECK(replica_->Initialise(identity).ok());
    v1::HelloResponse hello;
    hello.set_device(identity.device);
    hello.set_person(identity.person);
    hello.add_epochs()->set_id(IdOf("epoch"));
    hello.mutable_head()->set_epoch(IdOf("epoch"));
    hello.add_units(IdOf("department"));
    VIGIL_CHECK(replica_->ApplyHello({*replica_->BeginHello(), hello}).ok());
    v1::Operation report;
    report.mutable_report_hazard()->set_hazard_id(IdOf("hazard"));
    v1::Hazard& hazard = *report.mutable_report_hazard()->mutable_hazard();
    hazard.set_risk_source(IdOf("source"));
    hazard.set_description("crack");
    hazard.mutable_found_at()->set_seconds(absl::ToUnixSeconds(clock_.Now()));
    const auto made = replica_->Make(report);
    VIGIL_CHECK(made.ok()) << made.status().ToString();
    replica_.reset();
    file_ = disk_.Content(kFile);
    Open();
  }

  // Its file says the same as before unless the message was taken.
  void Take(std::uint8_t kind, const std::string& bytes) {
    if (!Apply(kind % 6, bytes).ok()) return;
    Read();
    replica_.reset();
    {
      auto database = sqlite::Database::Open(kFile, {.vfs = disk_.name()});
      VIGIL_CHECK(database.ok()) << database.status().ToString();
      const absl::Status sound = CheckPhoneFile(*database);
      VIGIL_CHECK(sound.ok()) << sound.ToString();
    }
    for (const std::string& path : disk_.Paths()) disk_.Remove(path);
    disk_.SetContent(kFile, file_);
    Open();
  }

 private:
  void Open() {
    auto opened = Replica::Open(kFile, {.vfs = disk_.name()}, clock_, random_);
    VIGIL_CHECK(opened.ok()) << opened.status().ToString();
    replica_ = *std::move(opened);
  }

  template <typename Message>
  static absl::Status Parse(const std::string& bytes, Message& message) {
    return message.ParseFromString(bytes) ? absl::OkStatus() : absl::DataLossError("no message");
  }

  absl::Status Apply(int kind, const std::string& bytes) {
    switch (kind) {
      case 0: {
        v1::PullResponse page;
        VIGIL_RETURN_IF_ERROR(Parse(bytes, page));
        page.mutable_head()->set_epoch(IdOf("epoch"));
        return internal::ToStatus(replica_->ApplyPage(page));
      }
      case 1: {
        v1::HelloResponse hello;
        VIGIL_RETURN_IF_ERROR(Parse(bytes, hello));
        hello.set_device(IdOf("device"));
        hello.set_person(IdOf("person"));
        return replica_->ApplyHello({*replica_->BeginHello(), hello, absl::Seconds(1)});
      }
      case 2: {
        v1::PushResponse answer;
        VIGIL_RETURN_IF_ERROR(Parse(bytes, answer));
        const auto outbox = replica_->Outbox();
        VIGIL_CHECK(outbox.ok() && outbox->size() == 1);
        for (v1::Outcome& outcome : *answer.mutable_outcomes()) {
          outcome.set_operation(outbox->front().operation.id());
        }
        return internal::ToStatus(replica_->ApplyOutcomes(answer));
      }
      case 3: {
        v1::RepairResponse answer;
        VIGIL_RETURN_IF_ERROR(Parse(bytes, answer));
        Replica::Repair repair;
        repair.records.assign(answer.records().begin(), answer.records().end());
        repair.seq = answer.seq();
        return internal::ToStatus(replica_->ApplyRepair(repair));
      }
      case 4: {
        v1::PushRequest work;
        VIGIL_RETURN_IF_ERROR(Parse(bytes, work));
        return internal::ToStatus(replica_->ImportOutbox(replica::EncodeOutboxFile(work)));
      }
      default:
        return internal::ToStatus(replica_->ImportOutbox(bytes));
    }
  }

  void Read() {
    VIGIL_CHECK(replica_->List({}).ok());
    VIGIL_CHECK(replica_->Conflicts().ok());
    VIGIL_CHECK(replica_->Counts().ok());
    VIGIL_CHECK(replica_->GetSyncState().ok());
    VIGIL_CHECK(replica_->Outbox().ok());
    VIGIL_CHECK(replica_->Journal().ok());
    VIGIL_CHECK(replica_->Attention().ok());
  }

  SimVfs disk_;
  ManualClock clock_;
  SeededRandom random_{1};
  std::string file_;
  std::unique_ptr<Replica> replica_;
};

}  // namespace
}  // namespace vigil::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static auto* const phone = new vigil::testing::Phone();
  if (size == 0) return 0;
  phone->Take(data[0], std::string(reinterpret_cast<const char*>(data + 1), size - 1));
  return 0;
}
