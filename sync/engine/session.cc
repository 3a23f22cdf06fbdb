#include "sync/engine/session.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "google/protobuf/util/time_util.h"
#include "sync/base/signing.h"
#include "sync/base/status.h"
#include "sync/engine/register_key.h"
#include "sync/rules/reason.h"

namespace vigil::engine {
namespace {

using google::protobuf::util::TimeUtil;

Sha256 HashOf(const v1::PushEntry& entry) {
  return entry.has_withheld_hash() ? Sha256::FromBytes(entry.withheld_hash()).value_or(Sha256())
                                   : Sha256Of(entry.operation());
}

class Attempt final : public Session, public std::enable_shared_from_this<Attempt> {
 public:
  Attempt(const Parts& parts, Options options, Done done)
      : replica_(parts.replica),
        transport_(parts.transport),
        executor_(parts.executor),
        signer_(parts.signer),
        register_key_(parts.register_key),
        options_(std::move(options)),
        done_(std::move(done)) {}

  void Begin();
  void Cancel() override;

 private:
  class Pages;
  using Step = std::uint64_t;

  // What was asked earlier is no longer waited for; the new step has its own limit of time.
  Step NextStep();
  // The answer to `step` is still waited for.
  bool Waits(Step step) const { return done_ != nullptr && step == step_; }
  void Finish(const absl::Status& status);
  // Finishes unless the status is OK. Returns whether it is.
  bool Check(const absl::Status& status);

  void OnHello(absl::Time asked_at, const v1::HelloRequest& asked,
               absl::StatusOr<v1::HelloResponse> hello);
  void ReturnCopies();
  void OnReturned(const v1::ReturnCopiesRequest& copies, const absl::Status& status);
  void Push();
  absl::Status Sign(v1::PushRequest& push);
  void OnPushed(const replica::Replica::PushBatch& batch,
                absl::StatusOr<v1::PushResponse> response);
  void Pull();
  // Everybody's records alone, with the tree of org units.
  void PullUnits();
  void StartPull(v1::PullRequest request);
  absl::Status CheckHead(const v1::RegisterHead& head);
  // False: no further page of this pull is wanted.
  bool OnPage(v1::PullResponse page);
  // Whether the link is fast enough for pages to wait for one another.
  void Measure(std::size_t bytes);
  // Stores what has come and is not stored yet. False: as OnPage.
  bool StorePages();
  absl::StatusOr<replica::Applied> ApplyPages();
  void OnPulled(const absl::Status& status);
  void CompareDigests();
  void RepairNext();
  void OnRepaired(const absl::StatusOr<v1::RepairResponse>& response);
  void FinishWell();

  replica::Replica& replica_;
  Transport& transport_;
  Executor& executor_;
  Signer& signer_;
  const P256PublicKey register_key_;
  const Options options_;
  Done done_;
  Step step_ = 0;
  SessionReport report_;

  // The last one that was found to be signed by the register.
  std::string signed_head_;
  v1::SyncLimits limits_;
  // What pushes are signed for.
  Uuid register_id_;
  Uuid device_;
  std::uint64_t pushed_to_ = 0;
  // Of the pull that is under way.
  bool last_page_seen_ = false;
  bool pull_again_ = false;
  bool push_again_ = false;
  bool units_alone_ = false;
  int pulls_ = 0;
  // Pages that have come and are not stored yet.
  std::vector<v1::PullResponse> gathered_;
  std::size_t gathered_bytes_ = 0;
  bool gathers_ = false;
  // What has come since then.
  absl::Time measured_from_;
  std::size_t measured_bytes_ = 0;
  // Of the last page: the register's sums if they are wanted, or else the hash of them.
  bool wants_sums_ = false;
  std::vector<std::uint64_t> digest_;
  std::string digest_hash_;
  std::vector<int> to_repair_;
  replica::Replica::Repair repair_;
  std::string repair_token_;
};

// Takes the pages of one pull as long as they are waited for.
class Attempt::Pages final : public PageSink {
 public:
  Pages(std::shared_ptr<Attempt> attempt, Step step) : attempt_(std::move(attempt)), step_(step) {}

  void Page(v1::PullResponse page, Ready ready) override {
    if (!attempt_->Waits(step_)) return ready(false);
    const bool goes_on = attempt_->OnPage(std::move(page));
    if (goes_on) step_ = attempt_->NextStep();
    ready(goes_on);
  }

  void Finish(const absl::Status& status) override {
    if (attempt_->Waits(step_)) attempt_->OnPulled(status);
  }

 private:
  const std::shared_ptr<Attempt> attempt_;
  Step step_;
};

Attempt::Step Attempt::NextStep() {
  const Step step = ++step_;
  executor_.PostAfter(options_.tuning.step_max, [self = shared_from_this(), step] {
    if (!self->Waits(step)) return;
    self->Finish(
        rules::Refuse(v1::REASON_SERVER_UNREACHABLE, "the register did not answer in time"));
  });
  return step;
}

void Attempt::Finish(const absl::Status& status) {
  // What breaks off keeps what has come. If that cannot be stored, it comes again.
  if (!gathered_.empty()) static_cast<void>(ApplyPages());
  // What cannot be cleaned now is cleaned at the end of the next session.
  static_cast<void>(replica_.CleanFile());
  report_.status = status;
  ++step_;
  executor_.Post([done = std::exchange(done_, nullptr), report = report_] { done(report); });
}

bool Attempt::Check(const absl::Status& status) {
  if (!status.ok()) Finish(status);
  return status.ok();
}

void Attempt::Cancel() {
  if (done_ != nullptr) Finish(absl::CancelledError("the session was cancelled"));
}

void Attempt::Begin() {
  absl::StatusOr<v1::HelloRequest> begun = replica_.BeginHello();
  if (!Check(begun.status())) return;
  v1::HelloRequest& request = *begun;
  request.set_protocol(kProtocolVersion);
  request.set_client(options_.client);
  const absl::Time asked_at = replica_.Now();
  *request.mutable_device_time() = TimeUtil::MillisecondsToTimestamp(absl::ToUnixMillis(asked_at));
  transport_.Hello(request, [self = shared_from_this(), step = NextStep(), asked_at,
                             request](absl::StatusOr<v1::HelloResponse> hello) {
    if (self->Waits(step)) self->OnHello(asked_at, request, std::move(hello));
  });
}

void Attempt::OnHello(absl::Time asked_at, const v1::HelloRequest& asked,
                      absl::StatusOr<v1::HelloResponse> hello) {
  if (!Check(hello.status())) return;
  if (hello->protocol() == 0 || hello->protocol() > kProtocolVersion) {
    return Finish(rules::Refuse(v1::REASON_SERVER_TOO_OLD,
                                "the register speaks no version of the protocol that this phone "
                                "knows"));
  }
  // The register looked at its clock somewhere between question and answer: half-way, as a guess.
  const absl::Time half_way = asked_at + (replica_.Now() - asked_at) / 2;
  const absl::Time server_time =
      absl::FromUnixMillis(TimeUtil::TimestampToMilliseconds(hello->server_time()));
  if (!Check(CheckSigned(*hello, register_key_))) return;
  signed_head_ = hello->head().SerializeAsString();
  if (!Check(replica_.ApplyHello({asked, *hello, server_time - half_way}))) return;
  limits_ = hello->limits();
  register_id_ = Uuid::ParseOrNil(hello->epochs().rbegin()->id());
  device_ = Uuid::ParseOrNil(hello->device());
  ReturnCopies();
}

// Before the push, so that the register knows every number that a copy names before it gives a new
// one.
void Attempt::ReturnCopies() {
  const absl::StatusOr<v1::ReturnCopiesRequest> copies = replica_.NextCopies(
      {.copies_max = options_.tuning.copies_max, .bytes_max = options_.tuning.push_bytes_max});
  report_.copies_status = copies.status();
  if (!copies.ok() || copies->copies().empty()) return Push();
  transport_.ReturnCopies(*copies, [self = shared_from_this(), step = NextStep(), copies = *copies](
                                       const absl::StatusOr<v1::ReturnCopiesResponse>& response) {
    if (self->Waits(step)) self->OnReturned(copies, response.status());
  });
}

void Attempt::OnReturned(const v1::ReturnCopiesRequest& copies, const absl::Status& status) {
  report_.copies_status = status;
  if (!status.ok()) return Push();
  if (!Check(replica_.NoteCopiesTaken(copies))) return;
  report_.copies_returned += copies.copies_size();
  ReturnCopies();
}

void Attempt::Push() {
  replica::Replica::PushLimits limits;
  limits.after = pushed_to_;
  limits.operations_max = options_.tuning.push_operations_max;
  if (limits_.push_operations() > 0) {
    limits.operations_max =
        std::min(limits.operations_max, static_cast<int>(limits_.push_operations()));
  }
  limits.bytes_max = options_.tuning.push_bytes_max;
  absl::StatusOr<replica::Replica::PushBatch> batch = replica_.NextPush(limits);
  // What cannot be sent does not keep the phone from receiving.
  report_.push_status = batch.status();
  if (batch.ok() && !batch->request.entries().empty()) report_.push_status = Sign(batch->request);
  if (!report_.push_status.ok() || batch->request.entries().empty()) return Pull();
  transport_.Push(batch->request, [self = shared_from_this(), step = NextStep(),
                                   batch = *batch](absl::StatusOr<v1::PushResponse> response) {
    if (self->Waits(step)) self->OnPushed(batch, std::move(response));
  });
}

// The last entry speaks for all before it.
absl::Status Attempt::Sign(v1::PushRequest& push) {
  const v1::PushEntry& last = *push.entries().rbegin();
  VIGIL_ASSIGN_OR_RETURN(
      *push.mutable_signature(),
      signer_.Sign(BytesToSign(PushToSign{.register_id = register_id_,
                                          .device = device_,
                                          .device_seq = DeviceSeq(last.device_seq()),
                                          .operation_hash = HashOf(last)})));
  return absl::OkStatus();
}

void Attempt::OnPushed(const replica::Replica::PushBatch& batch,
                       absl::StatusOr<v1::PushResponse> response) {
  if (!response.ok()) {
    report_.push_status = response.status();
    return Pull();
  }
  // A reused identity is recorded under one of its own; here it answers the entry that named it.
  for (int i = 0; i < std::min(response->outcomes_size(), batch.request.entries_size()); ++i) {
    v1::Outcome& outcome = *response->mutable_outcomes(i);
    if (outcome.error().reason() != v1::REASON_ID_REUSED) continue;
    outcome.set_operation(batch.request.entries(i).operation_id());
  }
  const absl::StatusOr<replica::OutcomeCounts> counts = replica_.ApplyOutcomes(*response);
  if (!Check(counts.status())) return;
  report_.outcomes.applied += counts->applied;
  report_.outcomes.merged += counts->merged;
  report_.outcomes.refused += counts->refused;
  report_.outcomes.deferred += counts->deferred;
  pushed_to_ = batch.last;
  Push();
}

void Attempt::Pull() {
  const absl::StatusOr<replica::SyncState> state = replica_.GetSyncState();
  if (!Check(state.status())) return;
  v1::PullRequest request;
  request.set_epoch(state->epoch);
  request.mutable_cursors()->Add(state->cursors.begin(), state->cursors.end());
  units_alone_ = false;
  StartPull(std::move(request));
}

void Attempt::PullUnits() {
  const absl::StatusOr<replica::SyncState> state = replica_.GetSyncState();
  if (!Check(state.status())) return;
  v1::PullRequest request;
  request.set_epoch(state->epoch);
  *request.add_cursors() = state->cursors.front();
  units_alone_ = true;
  StartPull(std::move(request));
}

void Attempt::StartPull(v1::PullRequest request) {
  ++pulls_;
  last_page_seen_ = false;
  pull_again_ = false;
  request.set_page_bytes(options_.tuning.page_bytes);
  measured_from_ = replica_.Now();
  measured_bytes_ = 0;
  request.set_digest_hash_only(!wants_sums_);
  const Step step = NextStep();
  transport_.Pull(request, std::make_shared<Pages>(shared_from_this(), step));
}

// The pages of a pull mostly bring one and the same.
absl::Status Attempt::CheckHead(const v1::RegisterHead& head) {
  std::string bytes = head.SerializeAsString();
  if (bytes == signed_head_) return absl::OkStatus();
  VIGIL_RETURN_IF_ERROR(CheckSigned(head, register_key_));
  signed_head_ = std::move(bytes);
  return absl::OkStatus();
}

bool Attempt::OnPage(v1::PullResponse page) {
  if (!Check(CheckHead(page.head()))) return false;
  if (page.last()) {
    last_page_seen_ = true;
    digest_.assign(page.digest().begin(), page.digest().end());
    digest_hash_ = page.digest_hash();
  }
  const std::size_t bytes = page.ByteSizeLong();
  Measure(bytes);
  gathered_bytes_ += bytes;
  gathered_.push_back(std::move(page));
  const bool waits = gathers_ && !last_page_seen_ && gathered_bytes_ < options_.tuning.gather_bytes;
  return waits || StorePages();
}

void Attempt::Measure(std::size_t bytes) {
  measured_bytes_ += bytes;
  if (measured_bytes_ < options_.tuning.gather_bytes) return;
  const absl::Time now = replica_.Now();
  gathers_ = now - measured_from_ <= options_.tuning.gather_max;
  measured_from_ = now;
  measured_bytes_ = 0;
}

bool Attempt::StorePages() {
  const std::uint64_t remaining = gathered_.back().remaining();
  const absl::StatusOr<replica::Applied> applied = ApplyPages();
  if (!Check(applied.status())) return false;
  if (options_.on_progress != nullptr) options_.on_progress(report_, remaining);
  if (!applied->pull_anew) return true;
  pulls_ < options_.tuning.pulls_max ? Pull() : FinishWell();
  return false;
}

absl::StatusOr<replica::Applied> Attempt::ApplyPages() {
  const std::vector<v1::PullResponse> pages = std::exchange(gathered_, {});
  gathered_bytes_ = 0;
  VIGIL_ASSIGN_OR_RETURN(const replica::Applied applied, replica_.ApplyPages(pages));
  report_.pages += applied.pages;
  report_.records += applied.records;
  report_.departures += applied.departures;
  pull_again_ |= applied.pull_again;
  push_again_ |= applied.push_again;
  return applied;
}

void Attempt::OnPulled(const absl::Status& status) {
  if (!gathered_.empty() && !StorePages()) return;
  const bool may_go_on = pulls_ < options_.tuning.pulls_max;
  // A unit that is read by a row of its own has left the scope meanwhile: the phone learns it from
  // the tree of units.
  if (rules::ReasonOf(status) == v1::REASON_OUT_OF_SCOPE && !units_alone_ && may_go_on) {
    return PullUnits();
  }
  if (!Check(status)) return;
  if (!last_page_seen_) {
    return Finish(
        rules::Refuse(v1::REASON_SERVER_UNREACHABLE, "the pull ended before its last page"));
  }
  if (may_go_on && std::exchange(push_again_, false)) {
    pushed_to_ = 0;
    return Push();
  }
  if (pull_again_ || units_alone_) {
    // What has come into the scopes is no difference; the next session goes on.
    return may_go_on ? Pull() : FinishWell();
  }
  report_.complete = true;
  CompareDigests();
}

void Attempt::CompareDigests() {
  if (digest_.empty()) {
    const absl::StatusOr<bool> equal = replica_.HasDigest(digest_hash_);
    if (!Check(equal.status())) return;
    report_.digest_equal = *equal;
    if (*equal || pulls_ >= options_.tuning.pulls_max) return FinishWell();
    wants_sums_ = true;
    return Pull();
  }
  const absl::StatusOr<std::vector<int>> differing = replica_.DifferingBuckets(digest_);
  if (!Check(differing.status())) return;
  to_repair_ = *differing;
  report_.digest_equal = to_repair_.empty();
  if (static_cast<int>(to_repair_.size()) > options_.tuning.repair_buckets_max) {
    to_repair_.resize(static_cast<std::size_t>(options_.tuning.repair_buckets_max));
  }
  RepairNext();
}

void Attempt::RepairNext() {
  if (to_repair_.empty()) return FinishWell();
  const absl::StatusOr<replica::SyncState> state = replica_.GetSyncState();
  if (!Check(state.status())) return;
  repair_.bucket = to_repair_.back();
  v1::RepairRequest request;
  request.set_epoch(state->epoch);
  request.add_buckets(static_cast<std::uint32_t>(repair_.bucket));
  request.set_page_token(repair_token_);
  transport_.Repair(request, [self = shared_from_this(), step = NextStep()](
                                 const absl::StatusOr<v1::RepairResponse>& response) {
    if (self->Waits(step)) self->OnRepaired(response);
  });
}

void Attempt::OnRepaired(const absl::StatusOr<v1::RepairResponse>& response) {
  if (!Check(response.status())) return;
  // What is newer than the first page may be missing from it.
  if (repair_token_.empty()) repair_.seq = response->seq();
  repair_.records.insert(repair_.records.end(), response->records().begin(),
                         response->records().end());
  repair_token_ = response->next_page_token();
  if (repair_token_.empty()) {
    const absl::StatusOr<replica::Applied> applied = replica_.ApplyRepair(repair_);
    if (!Check(applied.status())) return;
    ++report_.repaired;
    repair_ = {};
    to_repair_.pop_back();
  }
  RepairNext();
}

void Attempt::FinishWell() {
  if (report_.repaired > 0) {
    // Changes since the last page may make a difference of their own; the next session tells.
    const absl::StatusOr<std::vector<int>> differing = replica_.DifferingBuckets(digest_);
    if (!Check(differing.status())) return;
    report_.digest_equal = differing->empty();
  }
  if (!report_.push_status.ok()) return Finish(report_.push_status);
  if (!report_.copies_status.ok()) return Finish(report_.copies_status);
  const absl::StatusOr<replica::SyncState> state = replica_.GetSyncState();
  if (!Check(state.status())) return;
  if (!Check(replica_.PruneJournal(state->archived_seq))) return;
  if (!Check(replica_.MarkSynced())) return;
  Finish(absl::OkStatus());
}

}  // namespace

std::shared_ptr<Session> Session::Start(const Parts& parts, Options options, Done done) {
  auto attempt = std::make_shared<Attempt>(parts, std::move(options), std::move(done));
  attempt->Begin();
  return attempt;
}

}  // namespace vigil::engine
