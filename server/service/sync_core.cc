#include "server/service/sync_core.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "google/protobuf/util/time_util.h"
#include "server/access/access_control.h"
#include "server/register/epochs.h"
#include "server/service/pull_stream.h"
#include "server/service/watch_stream.h"
#include "sync/base/bucket_sums.h"
#include "sync/base/hash.h"
#include "sync/base/mutex.h"
#include "sync/base/signing.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/rules/reason.h"
#include "sync/rules/record.h"
#include "sync/rules/validate.h"

namespace vigil::service {

using registry::Incoming;
using registry::Register;
using rules::Refuse;

namespace {

constexpr int kCopiesMax = 64;
constexpr std::size_t kRepairBytes = 64 * 1024;

class OpenedWatch final : public Watch {
 public:
  explicit OpenedWatch(std::shared_ptr<WatchStream> stream) : stream_(std::move(stream)) {}
  ~OpenedWatch() override { stream_->Stop(); }

 private:
  const std::shared_ptr<WatchStream> stream_;
};

// Of what is malformed the register says so, entry by entry.
Incoming ToIncoming(const v1::PushEntry& entry) {
  Incoming incoming;
  incoming.operation_id = entry.operation_id();
  incoming.device_seq = entry.device_seq();
  incoming.previous_hash = Sha256::FromBytes(entry.previous_hash()).value_or(Sha256());
  incoming.withheld = entry.has_withheld_hash();
  if (incoming.withheld) {
    incoming.hash = Sha256::FromBytes(entry.withheld_hash()).value_or(Sha256());
  } else {
    incoming.bytes = entry.operation();
    incoming.hash = Sha256Of(incoming.bytes);
  }
  return incoming;
}

// The newest as many as a phone may keep.
std::vector<v1::RegisterHead> HeadsOf(const v1::HelloRequest& request) {
  constexpr std::size_t kHeadsMax = 65;
  std::vector<v1::RegisterHead> heads;
  if (request.has_head()) heads.push_back(request.head());
  for (const v1::RegisterHead& head : request.kept_heads()) {
    if (heads.size() == kHeadsMax) break;
    heads.push_back(head);
  }
  return heads;
}

// Where in a repair: index into the request's buckets and the last id sent of it.
struct RepairPlace {
  int bucket = 0;
  Uuid after;
};

std::string FormatPlace(const RepairPlace& place) {
  return std::to_string(place.bucket) + ":" + place.after.ToString();
}

absl::StatusOr<RepairPlace> ParsePlace(const std::string& token, int buckets) {
  RepairPlace place;
  if (token.empty()) return place;
  const std::size_t colon = token.find(':');
  const std::optional<Uuid> after =
      colon == std::string::npos ? std::nullopt : Uuid::Parse(token.substr(colon + 1));
  if (!after || !absl::SimpleAtoi(token.substr(0, colon), &place.bucket) || place.bucket < 0 ||
      place.bucket >= buckets) {
    return Refuse(v1::REASON_INVALID_PAGE_TOKEN, "this page token is not of this repair");
  }
  place.after = *after;
  return place;
}

}  // namespace

SyncCore::SyncCore(registry::Register& target, WatchHub& hub, SyncOptions options)
    : register_(target), hub_(hub), options_(std::move(options)), register_id_(target.store()) {}

absl::StatusOr<v1::HelloResponse> SyncCore::Hello(const rules::Author& author,
                                                  const v1::HelloRequest& request) {
  if (request.protocol() < 1) {
    return Refuse(v1::REASON_CLIENT_TOO_OLD, "this client speaks no version of the protocol")
        .With("protocol", std::int64_t{kProtocolVersion});
  }
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, register_.store().Read());
  VIGIL_ASSIGN_OR_RETURN(const store::Head head, snapshot->GetHead());
  VIGIL_ASSIGN_OR_RETURN(const access::Scope scope, access::ScopeOf(author, *snapshot));
  VIGIL_ASSIGN_OR_RETURN(const store::DeviceState device,
                         snapshot->GetDevice(*Uuid::Parse(author.device)));
  VIGIL_ASSIGN_OR_RETURN(const std::vector<v1::Epoch> own, snapshot->Epochs());
  const registry::Epochs epochs(*snapshot, own, SignedEpochs(request));
  VIGIL_RETURN_IF_ERROR(KeepEpochs(*snapshot, epochs));

  v1::HelloResponse response;
  response.set_protocol(std::min(request.protocol(), kProtocolVersion));
  response.set_server(options_.server_name);
  *response.mutable_server_time() =
      google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(ToMicros(register_.Now()));
  response.set_device(author.device);
  response.set_person(author.person);
  response.mutable_epochs()->Add(own.begin(), own.end());
  *response.mutable_head() = register_.ShowHead(head);
  for (const Uuid& unit : scope.units) response.add_units(unit.ToString());
  response.set_last_judged_device_seq(device.last_judged.value());
  response.mutable_limits()->set_push_operations(options_.push_operations_max);
  response.mutable_limits()->set_operation_bytes(options_.operation_bytes_max);
  response.set_time_zone(options_.time_zone_name);
  const std::shared_ptr<const rules::Deadlines> deadlines = register_.deadlines();
  const v1::WorkingDayLists& lists = deadlines->working_days.lists();
  if (request.working_days_hash() != Sha256Of(rules::CanonicalBytes(lists)).bytes()) {
    *response.mutable_working_days() = lists;
  }
  VIGIL_ASSIGN_OR_RETURN(const Seq archived, registry::ArchivedSeq(*snapshot));
  response.set_archived_seq(archived.value());
  VIGIL_ASSIGN_OR_RETURN(std::optional<v1::HeadProof> proof,
                         registry::ProveHead(*snapshot, epochs, HeadsOf(request)));
  if (proof) *response.mutable_proof() = *std::move(proof);
  return response;
}

std::vector<v1::Epoch> SyncCore::SignedEpochs(const v1::HelloRequest& request) const {
  std::vector<v1::Epoch> brought;
  for (const v1::Epoch& epoch : request.epochs()) {
    if (brought.size() == registry::kEpochsPerCallMax) break;
    if (register_.HasSigned(epoch)) brought.push_back(epoch);
  }
  return brought;
}

// Whoever pushes after his hello finds them kept: the writer takes one after the other.
absl::Status SyncCore::KeepEpochs(store::Snapshot& snapshot, const registry::Epochs& epochs) {
  VIGIL_ASSIGN_OR_RETURN(std::vector<v1::Epoch> missing, epochs.NotKept());
  if (missing.empty()) return absl::OkStatus();
  VIGIL_ASSIGN_OR_RETURN(const std::int64_t kept, snapshot.CountForeignEpochs());
  if (kept + static_cast<std::int64_t>(missing.size()) > registry::kForeignEpochsMax) {
    return absl::OkStatus();
  }
  // Told at once where the writer takes nothing in; later there is nobody to tell.
  struct Answer {
    Mutex mutex;
    absl::Status status ABSL_GUARDED_BY(mutex);
  };
  auto answer = std::make_shared<Answer>();
  register_.ChangeAccess(
      [missing = std::move(missing)](store::Snapshot&, absl::Time) {
        Register::AccessChange change;
        change.restore.foreign_epochs = missing;
        return change;
      },
      [answer](const absl::Status& status) {
        const MutexLock lock(answer->mutex);
        answer->status = status;
      });
  const MutexLock lock(answer->mutex);
  return answer->status;
}

void SyncCore::Push(const access::Principal& principal, const v1::PushRequest& request,
                    PushDone done) {
  if (static_cast<std::uint32_t>(request.entries_size()) > options_.push_operations_max) {
    return done(Refuse(v1::REASON_TOO_LARGE, "too many operations in one push")
                    .With("push_operations", std::int64_t{options_.push_operations_max}));
  }
  if (request.entries().empty()) {
    return done(Refuse(v1::REASON_REQUIRED_FIELD_MISSING, "a push holds at least one operation")
                    .With("field", "entries"));
  }
  for (const v1::PushEntry& entry : request.entries()) {
    if (!entry.has_withheld_hash()) continue;
    const std::optional<Sha256> hash = Sha256::FromBytes(entry.withheld_hash());
    if (hash && !hash->is_zero()) continue;
    return done(Refuse(v1::REASON_MALFORMED, "a withheld operation is named by its SHA-256"));
  }
  std::vector<Incoming> operations;
  operations.reserve(static_cast<std::size_t>(request.entries_size()));
  for (const v1::PushEntry& entry : request.entries()) operations.push_back(ToIncoming(entry));
  absl::StatusOr<registry::PushHead> head =
      CheckSignature(principal, operations.back(), request.signature());
  if (!head.ok()) return done(head.status());
  // Here, and not on the one thread that everybody waits for.
  for (Incoming& incoming : operations) {
    if (incoming.withheld || incoming.bytes.size() > options_.operation_bytes_max) continue;
    incoming.content = rules::ParseOperation(incoming.bytes);
  }
  register_.SubmitPush(principal.author, std::move(operations), *std::move(head),
                       [done = std::move(done)](absl::StatusOr<Register::Outcomes> outcomes) {
                         if (!outcomes.ok()) return done(outcomes.status());
                         v1::PushResponse response;
                         for (v1::Outcome& outcome : *outcomes) {
                           *response.add_outcomes() = std::move(outcome);
                         }
                         done(std::move(response));
                       });
}

absl::StatusOr<registry::PushHead> SyncCore::CheckSignature(const access::Principal& principal,
                                                            const Incoming& last,
                                                            const std::string& signature) {
  VIGIL_ASSIGN_OR_RETURN(const Uuid register_id, register_id_.Get());
  registry::PushHead head;
  head.device_seq = DeviceSeq(last.device_seq);
  head.operation_hash = last.hash;
  head.signature = signature;
  const std::string bytes =
      BytesToSign(PushToSign{.register_id = register_id,
                             .device = Uuid::ParseOrNil(principal.author.device),
                             .device_seq = head.device_seq,
                             .operation_hash = head.operation_hash});
  if (!principal.key.Verifies({.message = bytes, .signature = signature})) {
    return Refuse(v1::REASON_SIGNATURE_INVALID,
                  "the push was not signed with this device's key; nothing of it was taken");
  }
  return head;
}

void SyncCore::Pull(const rules::Author& author, const v1::PullRequest& request,
                    std::shared_ptr<PageSink> sink) {
  std::make_shared<PullStream>(register_, author, std::move(sink))->Start(request);
}

void SyncCore::ReturnCopies(const rules::Author& author, const v1::ReturnCopiesRequest& request,
                            ReturnDone done) {
  if (request.copies_size() > kCopiesMax) {
    return done(Refuse(v1::REASON_TOO_LARGE, "too many copies in one call")
                    .With("copies", std::int64_t{kCopiesMax}));
  }
  const absl::Status epoch = [&]() -> absl::Status {
    VIGIL_ASSIGN_OR_RETURN(const auto snapshot, register_.store().Read());
    VIGIL_ASSIGN_OR_RETURN(const store::Head head, snapshot->GetHead());
    return CheckEpoch(head, request.epoch());
  }();
  if (!epoch.ok()) return done(epoch);
  std::vector<registry::ReturnedCopy> copies;
  for (const v1::WitnessCopy& copy : request.copies()) {
    copies.push_back({.epoch = copy.epoch(), .bytes = copy.record()});
  }
  v1::ReturnCopiesResponse response;
  response.set_taken(static_cast<std::uint32_t>(request.copies_size()));
  register_.ReturnCopies(author, std::move(copies),
                         [response, done = std::move(done)](const absl::Status& status) {
                           if (!status.ok()) return done(status);
                           done(response);
                         });
}

absl::StatusOr<v1::RepairResponse> SyncCore::Repair(const rules::Author& author,
                                                    const v1::RepairRequest& request) {
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, register_.store().Read());
  VIGIL_ASSIGN_OR_RETURN(const store::Head head, snapshot->GetHead());
  VIGIL_RETURN_IF_ERROR(CheckEpoch(head, request.epoch()));
  if (request.buckets_size() > kBuckets) {
    return Refuse(v1::REASON_TOO_LARGE, "a repair names each bucket once at most");
  }
  VIGIL_ASSIGN_OR_RETURN(RepairPlace place,
                         ParsePlace(request.page_token(), request.buckets_size()));
  VIGIL_ASSIGN_OR_RETURN(const access::Scope scope, access::ScopeOf(author, *snapshot));
  std::vector<Uuid> units = scope.expanded;
  units.emplace_back();

  v1::RepairResponse response;
  response.set_seq(head.seq.value());
  std::size_t bytes = 0;
  while (place.bucket < request.buckets_size() && bytes < kRepairBytes) {
    const std::uint32_t bucket = request.buckets(place.bucket);
    if (bucket >= kBuckets) {
      return Refuse(v1::REASON_INVALID_VALUE, "buckets are numbered from 0 to 255");
    }
    VIGIL_ASSIGN_OR_RETURN(
        store::RecordPage page,
        snapshot->Bucket(units, static_cast<int>(bucket), place.after, kRepairBytes - bytes));
    for (store::StoredRecord& record : page.records) {
      place.after = record.id;
      bytes += record.bytes.size();
      response.add_records(std::move(record.bytes));
    }
    if (page.next_page_token.empty()) place = {place.bucket + 1, Uuid()};
  }
  if (place.bucket < request.buckets_size()) response.set_next_page_token(FormatPlace(place));
  return response;
}

absl::StatusOr<std::unique_ptr<Watch>> SyncCore::OpenWatch(const rules::Author& author,
                                                           const v1::WatchRequest& request,
                                                           std::shared_ptr<WatchSink> sink) {
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, register_.store().Read());
  VIGIL_ASSIGN_OR_RETURN(const store::Head head, snapshot->GetHead());
  VIGIL_RETURN_IF_ERROR(CheckEpoch(head, request.epoch()));
  auto stream =
      std::make_shared<WatchStream>(WatchStream::Target{register_, hub_}, author, std::move(sink));
  // Knowledge from beyond the head cannot be: such a caller is told of everything.
  const Seq known = Seq(request.seq()) > head.seq ? Seq(0) : Seq(request.seq());
  VIGIL_RETURN_IF_ERROR(stream->Start(known));
  return std::unique_ptr<Watch>(std::make_unique<OpenedWatch>(std::move(stream)));
}

}  // namespace vigil::service
