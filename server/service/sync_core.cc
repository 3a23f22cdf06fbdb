#include "server/service/sync_core.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "google/protobuf/util/time_util.h"
#include "server/access/access_control.h"
#include "server/service/pull_stream.h"
#include "server/service/watch_stream.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/rules/reason.h"

namespace vigil::service {

using registry::Incoming;
using registry::Register;
using rules::Refuse;

namespace {

constexpr int kBuckets = 256;
constexpr std::size_t kRepairBytes = 64 * 1024;

class OpenedWatch final : public Watch {
 public:
  explicit OpenedWatch(std::shared_ptr<WatchStream> stream) : stream_(std::move(stream)) {}
  ~OpenedWatch() override { stream_->Stop(); }

 private:
  const std::shared_ptr<WatchStream> stream_;
};

// An answer without a judgement: nothing is stored, the operation stays where it is.
v1::Outcome Deferred(const v1::PushEntry& entry, const rules::Author& author,
                     const absl::Status& why) {
  v1::Outcome outcome;
  outcome.set_operation(entry.operation_id());
  outcome.set_device(author.device);
  outcome.set_device_seq(entry.device_seq());
  outcome.set_verdict(v1::VERDICT_DEFERRED);
  *outcome.mutable_error() = rules::ToDetail(why);
  return outcome;
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
    : register_(target), hub_(hub), options_(std::move(options)) {}

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
  VIGIL_ASSIGN_OR_RETURN(const std::vector<v1::Epoch> epochs, snapshot->Epochs());

  v1::HelloResponse response;
  response.set_protocol(std::min(request.protocol(), kProtocolVersion));
  response.set_server(options_.server_name);
  *response.mutable_server_time() =
      google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(ToMicros(register_.Now()));
  response.set_device(author.device);
  response.set_person(author.person);
  response.mutable_epochs()->Add(epochs.begin(), epochs.end());
  *response.mutable_head() = ToRegisterHead(head);
  for (const Uuid& unit : scope.units) response.add_units(unit.ToString());
  response.set_last_judged_device_seq(device.last_judged.value());
  response.mutable_limits()->set_push_operations(options_.push_operations_max);
  response.mutable_limits()->set_operation_bytes(options_.operation_bytes_max);
  response.set_time_zone(options_.time_zone_name);
  return response;
}

void SyncCore::Push(const rules::Author& author, const v1::PushRequest& request, PushDone done) {
  if (static_cast<std::uint32_t>(request.entries_size()) > options_.push_operations_max) {
    return done(Refuse(v1::REASON_TOO_LARGE, "too many operations in one push")
                    .With("push_operations", std::int64_t{options_.push_operations_max}));
  }
  v1::PushResponse response;
  std::vector<Incoming> operations;
  // Which of the answers are the register's.
  std::vector<int> judged;
  for (int i = 0; i < request.entries_size(); ++i) {
    const v1::PushEntry& entry = request.entries(i);
    v1::Outcome& outcome = *response.add_outcomes();
    if (entry.content_case() != v1::PushEntry::kOperation) {
      outcome = Deferred(
          entry, author,
          Refuse(v1::REASON_FIELD_UNKNOWN, "this server does not take withheld operations yet"));
      continue;
    }
    Incoming incoming;
    incoming.bytes = entry.operation();
    incoming.operation_id = entry.operation_id();
    incoming.device_seq = entry.device_seq();
    if (!entry.previous_hash().empty()) {
      const std::optional<Sha256> hash = Sha256::FromBytes(entry.previous_hash());
      if (!hash) {
        outcome = Deferred(entry, author,
                           Refuse(v1::REASON_CHAIN_BROKEN, "the previous hash is no SHA-256"));
        continue;
      }
      incoming.previous_hash = *hash;
    }
    operations.push_back(std::move(incoming));
    judged.push_back(i);
  }
  if (operations.empty()) return done(std::move(response));
  register_.Submit(author, std::move(operations),
                   [response = std::move(response), judged = std::move(judged),
                    done = std::move(done)](absl::StatusOr<Register::Outcomes> outcomes) mutable {
                     if (!outcomes.ok()) return done(outcomes.status());
                     VIGIL_CHECK(outcomes->size() == judged.size());
                     for (std::size_t i = 0; i < judged.size(); ++i) {
                       *response.mutable_outcomes(judged[i]) = std::move((*outcomes)[i]);
                     }
                     done(std::move(response));
                   });
}

void SyncCore::Pull(const rules::Author& author, const v1::PullRequest& request,
                    std::shared_ptr<PageSink> sink) {
  std::make_shared<PullStream>(register_, author, std::move(sink))->Start(request);
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
