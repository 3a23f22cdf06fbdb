#include "sync/engine/evidence_sender.h"

#include <algorithm>
#include <utility>

#include "sync/rules/asked_pause.h"

namespace vigil::engine {

// Tasks hold it weakly: they may outlive the sender.
class EvidenceSender::Impl : public std::enable_shared_from_this<EvidenceSender::Impl> {
 public:
  Impl(const EvidenceRound::Parts& parts, Random& random, Options options)
      : parts_(parts), random_(random), options_(std::move(options)) {}

  void OnSession(const SessionReport& report);
  void Stop();
  int failures() const { return failures_; }

 private:
  bool InSession() const { return options_.in_session != nullptr && options_.in_session(); }
  void RunRound();
  void OnRound(const EvidenceReport& report);
  absl::Duration Pause(const absl::Status& status);

  const EvidenceRound::Parts parts_;
  Random& random_;
  const Options options_;
  bool stopped_ = false;
  int failures_ = 0;
  std::shared_ptr<EvidenceRound> round_;
  // Of the round and of the timer that count; others find out that they do not.
  std::uint64_t number_ = 0;
  // After a failed round: not before its pause is over.
  bool pausing_ = false;
};

void EvidenceSender::Impl::OnSession(const SessionReport& report) {
  if (!stopped_ && report.status.ok() && round_ == nullptr && !pausing_) RunRound();
}

void EvidenceSender::Impl::Stop() {
  stopped_ = true;
  ++number_;
  if (const std::shared_ptr<EvidenceRound> round = std::move(round_)) round->Cancel();
  round_ = nullptr;
}

void EvidenceSender::Impl::RunRound() {
  EvidenceRound::Options options;
  options.tuning = options_.tuning;
  options.records_first = options_.in_session;
  round_ = EvidenceRound::Start(
      parts_, std::move(options),
      [weak = weak_from_this(), number = ++number_](const EvidenceReport& report) {
        const std::shared_ptr<Impl> self = weak.lock();
        if (self != nullptr && self->number_ == number) self->OnRound(report);
      });
}

void EvidenceSender::Impl::OnRound(const EvidenceReport& report) {
  round_ = nullptr;
  failures_ = report.status.ok() ? 0 : failures_ + 1;
  if (failures_ > 0) {
    pausing_ = true;
    parts_.executor.PostAfter(Pause(report.status), [weak = weak_from_this(), number = ++number_] {
      const std::shared_ptr<Impl> self = weak.lock();
      if (self == nullptr || self->number_ != number) return;
      self->pausing_ = false;
      // The session that is under way wakes it.
      if (!self->InSession()) self->RunRound();
    });
  }
  if (options_.on_round != nullptr) options_.on_round(report);
}

absl::Duration EvidenceSender::Impl::Pause(const absl::Status& status) {
  const Tuning& tuning = options_.tuning;
  absl::Duration pause = tuning.backoff_min;
  for (int i = 1; i < failures_ && pause < tuning.backoff_max; ++i) pause *= 2;
  pause = std::min(pause, tuning.backoff_max);
  pause = pause / 2 + pause / 2 * random_.Unit();
  return std::max(pause, std::min(rules::AskedPause(status), tuning.asked_pause_max));
}

EvidenceSender::EvidenceSender(const EvidenceRound::Parts& parts, Random& random, Options options)
    : impl_(std::make_shared<Impl>(parts, random, std::move(options))) {}

EvidenceSender::~EvidenceSender() { impl_->Stop(); }

void EvidenceSender::OnSession(const SessionReport& report) { impl_->OnSession(report); }
void EvidenceSender::Stop() { impl_->Stop(); }
int EvidenceSender::failures() const { return impl_->failures(); }

}  // namespace vigil::engine
