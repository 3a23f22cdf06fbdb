#include "tests/bench/push_load.h"

#include <chrono>
#include <deque>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "google/protobuf/util/time_util.h"
#include "grpcpp/client_context.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/proto_buffer_reader.h"
#include "sync/base/hash.h"
#include "sync/base/mutex.h"
#include "sync/base/signing.h"
#include "sync/base/status.h"
#include "sync/transport/channel.h"
#include "vigil/v1/operation.pb.h"
#include "vigil/v1/sync_service.pb.h"

namespace vigil::bench {
namespace {

constexpr int kHistoryBatch = 50;
constexpr char kHello[] = "vigil.v1.SyncService/Hello";
constexpr char kPush[] = "/vigil.v1.SyncService/Push";

// Makes the operations of one phone.
class Author {
 public:
  Author(Seed& seed, transport::ProgramAccess& access, bool edits_only)
      : seed_(seed), access_(access), edits_only_(edits_only) {}

  // These may be edited by this phone, and by no other one.
  void Owns(const KnownRecord& record) {
    (record.is_hazard ? hazards_ : sources_).push_back(record);
  }

  absl::StatusOr<grpc::ByteBuffer> Push(int operations) {
    v1::PushRequest request;
    for (int i = 0; i < operations; ++i) Add(request);
    const v1::PushEntry& last = request.entries(operations - 1);
    VIGIL_ASSIGN_OR_RETURN(*request.mutable_signature(),
                           access_.signer().Sign(BytesToSign(
                               PushToSign{.register_id = access_.register_id(),
                                          .device = Uuid::ParseOrNil(access_.device()),
                                          .device_seq = DeviceSeq(last.device_seq()),
                                          .operation_hash = Sha256Of(last.operation())})));
    const grpc::Slice slice(request.SerializeAsString());
    return grpc::ByteBuffer(&slice, 1);
  }

 private:
  void Add(v1::PushRequest& request) {
    v1::Operation operation = made_ % 2 == 0 && !edits_only_ ? Inspect() : Edit();
    ++made_;
    operation.set_id(NewId());
    operation.set_device(access_.device());
    operation.set_person(access_.person());
    operation.set_device_seq(made_);
    *operation.mutable_made_at() = google::protobuf::util::TimeUtil::GetCurrentTime();
    operation.set_epoch(seed_.epoch());
    v1::PushEntry& entry = *request.add_entries();
    entry.set_operation_id(operation.id());
    entry.set_device_seq(operation.device_seq());
    entry.set_previous_hash(last_hash_);
    entry.set_operation(operation.SerializeAsString());
    last_hash_ = std::string(Sha256Of(entry.operation()).bytes());
  }

  v1::Operation Inspect() {
    const KnownRecord& source = Next(sources_);
    v1::Operation operation;
    See(source, operation);
    v1::CreateRecord& create = *operation.mutable_create_record();
    create.set_record(NewId());
    v1::Inspection& inspection = *create.mutable_entity()->mutable_inspection();
    inspection.set_risk_source(source.id);
    *inspection.mutable_started_at() = google::protobuf::util::TimeUtil::GetCurrentTime();
    *inspection.mutable_ended_at() = inspection.started_at();
    inspection.set_signature_refused_because("现场无人");
    inspection.set_remark("坡面无新裂缝，截水沟已清理，坡脚围护完好；下次复查坡顶位移点");
    return operation;
  }

  v1::Operation Edit() {
    const bool hazard = made_ % 4 == 1 && !hazards_.empty();
    const KnownRecord& record = Next(hazard ? hazards_ : sources_);
    v1::Operation operation;
    See(record, operation);
    v1::EditRecord& edit = *operation.mutable_edit_record();
    edit.set_record(record.id);
    if (hazard) {
      edit.mutable_entity()->mutable_hazard()->set_category(absl::StrCat("边坡 ", made_));
      edit.mutable_update_mask()->add_paths("category");
    } else {
      v1::Position& position = *edit.mutable_entity()->mutable_risk_source()->mutable_position();
      position.set_latitude(22.5 + static_cast<double>(made_ % 1000) / 10'000);
      position.set_longitude(114.1);
      position.set_accuracy_m(5);
      position.set_datum(v1::DATUM_WGS84);
      edit.mutable_update_mask()->add_paths("position");
    }
    return operation;
  }

  const KnownRecord& Next(const std::vector<KnownRecord>& records) {
    return records[next_++ % records.size()];
  }
  static void See(const KnownRecord& record, v1::Operation& operation) {
    v1::Seen& seen = *operation.add_seen();
    seen.set_record(record.id);
    seen.set_version(record.version);
  }
  std::string NewId() { return MakeUuidV7(absl::Now(), seed_.parts().random).ToString(); }

  Seed& seed_;
  transport::ProgramAccess& access_;
  bool edits_only_;
  std::vector<KnownRecord> hazards_;
  std::vector<KnownRecord> sources_;
  std::size_t next_ = 0;
  std::uint64_t made_ = 0;
  std::string last_hash_;
};

// One phone at work.
struct Sender {
  const PhoneLoad* load = nullptr;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<grpc::GenericStub> stub;
  // Of the call that is under way; all that were, so that answers are read when the time is over.
  std::unique_ptr<grpc::ClientContext> context;
  std::deque<grpc::ByteBuffer> answers;
  absl::Time sent_at;
  // What it says first, if anything.
  grpc::ByteBuffer greeting;
  grpc::ByteBuffer greeted;
};

class PushRun {
 public:
  PushRun(const Server& server, const std::vector<PhoneLoad>& load) : senders_(load.size()) {
    for (std::size_t i = 0; i < load.size(); ++i) {
      senders_[i].load = &load[i];
      senders_[i].channel = server.Connect();
      senders_[i].stub = std::make_unique<grpc::GenericStub>(senders_[i].channel);
    }
  }

  absl::StatusOr<PushResult> Run(const PushOptions& options) {
    VIGIL_RETURN_IF_ERROR(options.greeters != nullptr ? PrepareGreetings(*options.greeters)
                                                      : Connect());
    {
      const MutexLock lock(mutex_);
      left_ = senders_.size();
    }
    const absl::Time start = absl::Now();
    result_.began_at = start;
    for (Sender& sender : senders_) {
      if (options.greeters != nullptr) {
        Greet(sender);
      } else {
        Send(sender);
      }
    }
    {
      const MutexLock lock(mutex_);
      while (left_ > 0) over_.Wait(mutex_);
      VIGIL_RETURN_IF_ERROR(status_);
    }
    result_.seconds = absl::ToDoubleSeconds(absl::Now() - start);
    for (Sender& sender : senders_) VIGIL_RETURN_IF_ERROR(CheckAnswers(sender));
    return std::move(result_);
  }

 private:
  absl::Status Connect() {
    const auto patience = std::chrono::system_clock::now() + std::chrono::seconds(30);
    for (Sender& sender : senders_) {
      if (!sender.channel->WaitForConnected(patience)) {
        return Error(absl::StatusCode::kUnavailable, "the server does not answer");
      }
    }
    return absl::OkStatus();
  }

  absl::Status PrepareGreetings(
      const std::vector<std::shared_ptr<transport::ProgramAccess>>& greeters) {
    v1::HelloRequest hello;
    hello.set_protocol(1);
    hello.set_client("vigil_bench");
    const grpc::Slice slice(hello.SerializeAsString());
    for (std::size_t i = 0; i < senders_.size(); ++i) {
      VIGIL_ASSIGN_OR_RETURN(const auto headers, greeters[i]->MakeHeaders(kHello));
      senders_[i].greeting = grpc::ByteBuffer(&slice, 1);
      senders_[i].context = std::make_unique<grpc::ClientContext>();
      transport::Prepare(headers, *senders_[i].context);
    }
    return absl::OkStatus();
  }

  void Greet(Sender& sender) {
    sender.stub->UnaryCall(sender.context.get(), std::string("/") + kHello, grpc::StubOptions(),
                           &sender.greeting, &sender.greeted,
                           [this, &sender](const grpc::Status& status) {
                             if (status.ok()) return Send(sender);
                             const MutexLock lock(mutex_);
                             End(status);
                           });
  }

  void End(const grpc::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!status.ok()) {
      status_ = Error(absl::StatusCode::kInternal, "a call failed: " + status.error_message());
    }
    if (--left_ == 0) over_.NotifyAll();
  }

  void Send(Sender& sender) {
    sender.context = std::make_unique<grpc::ClientContext>();
    sender.context->AddMetadata("authorization", sender.load->authorization);
    const grpc::ByteBuffer& push = sender.load->pushes[sender.answers.size()];
    sender.sent_at = absl::Now();
    sender.stub->UnaryCall(
        sender.context.get(), kPush, grpc::StubOptions(), &push, &sender.answers.emplace_back(),
        [this, &sender](const grpc::Status& status) { Answered(sender, status); });
  }

  void Answered(Sender& sender, const grpc::Status& status) {
    const double took_ms = absl::ToDoubleMilliseconds(absl::Now() - sender.sent_at);
    {
      const MutexLock lock(mutex_);
      result_.latency_ms.Add(took_ms);
      if (!status.ok() || sender.answers.size() == sender.load->pushes.size()) return End(status);
    }
    Send(sender);
  }

  static absl::Status CheckAnswers(Sender& sender) {
    for (grpc::ByteBuffer& answer : sender.answers) {
      grpc::ProtoBufferReader reader(&answer);
      v1::PushResponse response;
      if (!response.ParseFromZeroCopyStream(&reader)) {
        return absl::InternalError("an answer cannot be read");
      }
      for (const v1::Outcome& outcome : response.outcomes()) {
        if (outcome.verdict() == v1::VERDICT_APPLIED) continue;
        return Error(absl::StatusCode::kInternal,
                     "an operation was not applied: " + outcome.ShortDebugString());
      }
    }
    return absl::OkStatus();
  }

  std::vector<Sender> senders_;
  Mutex mutex_;
  CondVar over_;
  std::size_t left_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  PushResult result_;
};

}  // namespace

absl::StatusOr<std::vector<PhoneLoad>> PreparePushes(Seed& seed, const PushSpec& spec) {
  std::vector<Author> authors;
  for (int i = 0; i < spec.phones; ++i) {
    authors.emplace_back(seed, *seed.phones()[static_cast<std::size_t>(i)], spec.edits_only);
  }
  for (std::size_t i = 0; i < seed.records().size(); ++i) {
    authors[i % authors.size()].Owns(seed.records()[i]);
  }
  std::vector<PhoneLoad> load;
  for (int i = 0; i < spec.phones; ++i) {
    VIGIL_ASSIGN_OR_RETURN(
        const auto headers,
        seed.phones()[static_cast<std::size_t>(i)]->MakeHeaders("vigil.v1.SyncService/Push"));
    PhoneLoad& phone = load.emplace_back();
    phone.authorization = headers.authorization;
    for (int j = 0; j < spec.history; ++j) {
      VIGIL_ASSIGN_OR_RETURN(phone.pushes.emplace_back(),
                             authors[static_cast<std::size_t>(i)].Push(kHistoryBatch));
    }
    for (int j = 0; j < spec.pushes; ++j) {
      VIGIL_ASSIGN_OR_RETURN(phone.pushes.emplace_back(),
                             authors[static_cast<std::size_t>(i)].Push(spec.operations));
    }
  }
  return load;
}

absl::StatusOr<PushResult> RunPushes(const Server& server, const std::vector<PhoneLoad>& load,
                                     const PushOptions& options) {
  return PushRun(server, load).Run(options);
}

}  // namespace vigil::bench
