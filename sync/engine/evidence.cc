#include "sync/engine/evidence.h"

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

#include "sync/base/status.h"
#include "sync/rules/asked_pause.h"
#include "sync/rules/reason.h"

namespace vigil::engine {
namespace {

using replica::EvidenceItem;

// What the register takes in one question.
constexpr std::size_t kAskedMax = 256;
// Answers in a row by which a content gets no further.
constexpr int kStandstillsMax = 3;
// That a round waits for where the register asks for it.
constexpr absl::Duration kPauseMax = absl::Seconds(10);

// The register will not take this content, however often it is offered.
bool IsRefusal(const absl::Status& status) {
  switch (rules::ReasonOf(status)) {
    case v1::REASON_MEDIA_TYPE_REFUSED:
    case v1::REASON_TOO_LARGE:
    case v1::REASON_INVALID_NUMBER:
    case v1::REASON_INVALID_ID:
      return true;
    default:
      return false;
  }
}

// Of this content; others may fare better.
bool IsOfOneContent(const absl::Status& status) {
  return rules::ReasonOf(status) == v1::REASON_CONTENT_MISMATCH ||
         rules::ReasonOf(status) == v1::REASON_QUOTA_EXCEEDED;
}

class Attempt final : public EvidenceRound, public std::enable_shared_from_this<Attempt> {
 public:
  Attempt(const Parts& parts, Options options, Done done)
      : parts_(parts), options_(std::move(options)), done_(std::move(done)) {}

  void Begin();
  void Cancel() override;

 private:
  using Step = std::uint64_t;

  // As in a session: what was asked earlier is no longer waited for.
  Step NextStep();
  bool Waits(Step step) const { return done_ != nullptr && step == step_; }
  void Finish(const absl::Status& status);
  bool Check(const absl::Status& status);

  void AskNext();
  void OnStatuses(const std::vector<EvidenceItem>& asked,
                  const absl::StatusOr<v1::GetEvidenceStatusResponse>& response);
  absl::Status TakeStatus(const EvidenceItem& item, const v1::EvidenceStatus& status);
  absl::Status Forget(const EvidenceItem& item);

  void SendNext();
  // OK and false: it cannot be sent.
  absl::StatusOr<bool> IsSound(const EvidenceItem& item);
  void SendChunk();
  void OnChunk(const absl::StatusOr<v1::UploadEvidenceResponse>& response);
  void OnProgress(const v1::EvidenceStatus& status);
  void OnRefused(const absl::Status& status);
  // Goes on with the next one; the round fails at its end.
  void LeaveOut(const absl::Status& status);

  const Parts parts_;
  const Options options_;
  Done done_;
  Step step_ = 0;
  EvidenceReport report_;
  // The first one that failed on its own.
  absl::Status failure_;
  std::int64_t chunk_bytes_ = 0;
  std::deque<EvidenceItem> to_ask_;
  std::deque<EvidenceItem> to_send_;
  int standstills_ = 0;
};

Attempt::Step Attempt::NextStep() {
  const Step step = ++step_;
  parts_.executor.PostAfter(options_.tuning.step_max, [self = shared_from_this(), step] {
    if (!self->Waits(step)) return;
    self->Finish(
        rules::Refuse(v1::REASON_SERVER_UNREACHABLE, "the register did not answer in time"));
  });
  return step;
}

void Attempt::Finish(const absl::Status& status) {
  report_.status = status;
  ++step_;
  parts_.executor.Post([done = std::exchange(done_, nullptr), report = report_] { done(report); });
}

bool Attempt::Check(const absl::Status& status) {
  if (!status.ok()) Finish(status);
  return status.ok();
}

void Attempt::Cancel() {
  if (done_ != nullptr) Finish(absl::CancelledError("the round was cancelled"));
}

void Attempt::Begin() {
  chunk_bytes_ = options_.tuning.evidence_chunk_bytes;
  const absl::StatusOr<std::vector<EvidenceItem>> all = parts_.replica.Evidence();
  if (!Check(all.status())) return;
  for (const EvidenceItem& item : *all) {
    const bool refused = item.error.reason() != v1::REASON_UNSPECIFIED;
    if (!item.complete && !refused) to_ask_.push_back(item);
  }
  const absl::StatusOr<std::vector<EvidenceItem>> spare = parts_.replica.SpareEvidence();
  if (!Check(spare.status())) return;
  to_ask_.insert(to_ask_.end(), spare->begin(), spare->end());
  AskNext();
}

void Attempt::AskNext() {
  if (to_ask_.empty()) return SendNext();
  std::vector<EvidenceItem> asked;
  v1::GetEvidenceStatusRequest request;
  while (!to_ask_.empty() && asked.size() < kAskedMax) {
    request.add_sha256(to_ask_.front().sha256);
    asked.push_back(std::move(to_ask_.front()));
    to_ask_.pop_front();
  }
  parts_.transport.GetEvidenceStatus(
      request, [self = shared_from_this(), step = NextStep(), asked = std::move(asked)](
                   const absl::StatusOr<v1::GetEvidenceStatusResponse>& response) {
        if (self->Waits(step)) self->OnStatuses(asked, response);
      });
}

void Attempt::OnStatuses(const std::vector<EvidenceItem>& asked,
                         const absl::StatusOr<v1::GetEvidenceStatusResponse>& response) {
  if (!Check(response.status())) return;
  if (static_cast<std::size_t>(response->statuses_size()) != asked.size()) {
    return Finish(Error(absl::StatusCode::kInternal, "the register answered another question"));
  }
  if (response->chunk_bytes_max() > 0) {
    chunk_bytes_ = std::min<std::int64_t>(chunk_bytes_, response->chunk_bytes_max());
  }
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (!Check(TakeStatus(asked[i], response->statuses(static_cast<int>(i))))) return;
  }
  AskNext();
}

absl::Status Attempt::TakeStatus(const EvidenceItem& item, const v1::EvidenceStatus& status) {
  if (status.complete() && item.complete) return Forget(item);
  VIGIL_RETURN_IF_ERROR(parts_.replica.NoteEvidence(status));
  if (status.complete()) {
    ++report_.sent;
    return absl::OkStatus();
  }
  to_send_.push_back(item);
  to_send_.back().sent_bytes = status.received_bytes();
  return absl::OkStatus();
}

absl::Status Attempt::Forget(const EvidenceItem& item) {
  VIGIL_ASSIGN_OR_RETURN(const bool may_go, parts_.replica.ForgetEvidence(item.sha256));
  ++report_.forgotten;
  return may_go ? parts_.files.Remove(item.sha256) : absl::OkStatus();
}

void Attempt::SendNext() {
  while (!to_send_.empty()) {
    const absl::StatusOr<bool> sound = IsSound(to_send_.front());
    if (!Check(sound.status())) return;
    if (*sound) {
      standstills_ = 0;
      return SendChunk();
    }
    to_send_.pop_front();
  }
  Finish(failure_);
}

absl::StatusOr<bool> Attempt::IsSound(const EvidenceItem& item) {
  const absl::StatusOr<bool> right = parts_.files.IsRight(item.sha256);
  if (right.ok() && *right) return true;
  if (!right.ok() && !absl::IsNotFound(right.status())) return right.status();
  ++report_.refused;
  VIGIL_RETURN_IF_ERROR(parts_.replica.NoteEvidenceRefused(
      item.sha256, rules::ToDetail(rules::Refuse(v1::REASON_CONTENT_MISMATCH,
                                                 "the file on this phone is damaged or gone"))));
  return false;
}

void Attempt::SendChunk() {
  const EvidenceItem& item = to_send_.front();
  if (options_.records_first != nullptr && options_.records_first()) {
    report_.interrupted = true;
    return Finish(failure_);
  }
  absl::StatusOr<std::string> bytes =
      parts_.files.Read(item.sha256, item.sent_bytes, static_cast<std::size_t>(chunk_bytes_));
  if (!Check(bytes.status())) return;
  v1::UploadEvidenceRequest request;
  request.set_sha256(item.sha256);
  request.set_media_type(item.media_type);
  request.set_size_bytes(item.size_bytes);
  request.set_offset(item.sent_bytes);
  request.set_chunk(*std::move(bytes));
  parts_.transport.UploadEvidence(
      request, [self = shared_from_this(),
                step = NextStep()](const absl::StatusOr<v1::UploadEvidenceResponse>& response) {
        if (self->Waits(step)) self->OnChunk(response);
      });
}

void Attempt::OnChunk(const absl::StatusOr<v1::UploadEvidenceResponse>& response) {
  if (response.ok()) return OnProgress(response->status());
  if (IsRefusal(response.status())) return OnRefused(response.status());
  if (IsOfOneContent(response.status())) return LeaveOut(response.status());
  // Many chunks in little time: a fast connection waits a moment instead of giving up.
  const absl::Duration asked = rules::AskedPause(response.status());
  if (asked > absl::ZeroDuration() && asked <= kPauseMax && ++standstills_ < kStandstillsMax) {
    return parts_.executor.PostAfter(asked, [self = shared_from_this(), step = NextStep()] {
      if (self->Waits(step)) self->SendChunk();
    });
  }
  // Where it stands is for people to see; the next round asks again.
  v1::EvidenceStatus status;
  status.set_sha256(to_send_.front().sha256);
  status.set_received_bytes(to_send_.front().sent_bytes);
  if (Check(parts_.replica.NoteEvidence(status))) Finish(response.status());
}

void Attempt::OnProgress(const v1::EvidenceStatus& status) {
  EvidenceItem& item = to_send_.front();
  const std::int64_t before = item.sent_bytes;
  item.sent_bytes = status.complete() ? item.size_bytes : status.received_bytes();
  report_.sent_bytes += std::max<std::int64_t>(0, item.sent_bytes - before);
  if (options_.on_progress != nullptr) options_.on_progress(item, item.sent_bytes);
  if (status.complete()) {
    ++report_.sent;
    v1::EvidenceStatus whole = status;
    whole.set_sha256(item.sha256);
    whole.set_received_bytes(item.size_bytes);
    if (!Check(parts_.replica.NoteEvidence(whole))) return;
    to_send_.pop_front();
    return SendNext();
  }
  if (item.sent_bytes < 0 || item.sent_bytes > item.size_bytes) {
    return LeaveOut(Error(absl::StatusCode::kInternal, "the register has more than there is"));
  }
  standstills_ = item.sent_bytes > before ? 0 : standstills_ + 1;
  if (standstills_ >= kStandstillsMax) {
    return LeaveOut(Error(absl::StatusCode::kUnavailable, "the register gets no further with it"));
  }
  SendChunk();
}

void Attempt::OnRefused(const absl::Status& status) {
  ++report_.refused;
  const std::string sha256 = to_send_.front().sha256;
  if (!Check(parts_.replica.NoteEvidenceRefused(sha256, rules::ToDetail(status)))) return;
  to_send_.pop_front();
  SendNext();
}

void Attempt::LeaveOut(const absl::Status& status) {
  if (failure_.ok()) failure_ = status;
  to_send_.pop_front();
  SendNext();
}

}  // namespace

std::shared_ptr<EvidenceRound> EvidenceRound::Start(const Parts& parts, Options options,
                                                    Done done) {
  auto attempt = std::make_shared<Attempt>(parts, std::move(options), std::move(done));
  attempt->Begin();
  return attempt;
}

}  // namespace vigil::engine
