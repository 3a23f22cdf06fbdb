#include "sync/engine/engine.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "sync/base/status.h"
#include "sync/rules/asked_pause.h"
#include "sync/rules/reason.h"

namespace vigil::engine {

// Tasks hold it weakly: they may outlive the engine.
class Engine::Impl : public std::enable_shared_from_this<Engine::Impl> {
 public:
  Impl(const Session::Parts& parts, Random& random, Options options)
      : parts_(parts), random_(random), options_(std::move(options)) {}

  void Start();
  void Stop();
  void NoteLocalChange();
  void SyncNow();

  bool in_session() const { return session_ != nullptr; }
  int failures() const { return failures_; }

 private:
  const Tuning& tuning() const { return options_.tuning; }
  // A session not later than this, but for what the register has asked. The earliest wish stands.
  void Schedule(absl::Duration delay);
  void RunSession();
  void OnSession(const SessionReport& report);
  absl::Duration PauseAfter(const SessionReport& report);
  absl::Duration Backoff(int failures);
  // As long as the register has asked and up to half as long again, so that not all come back at
  // once.
  absl::Duration AskedPause(const absl::Status& status);
  absl::Duration AskedPauseMax() const;
  // Trying again soon would not help: somebody has to do something first.
  static bool NeedsAPerson(const absl::Status& status);
  void OpenWatch();
  void OnChanged(const std::string& epoch, std::uint64_t seq);
  void OnWatchEnded(const absl::Status& status);
  // The watch told of more than the phone has.
  bool HasNews();

  const Session::Parts parts_;
  Random& random_;
  const Options options_;
  bool running_ = false;
  int failures_ = 0;
  std::shared_ptr<Session> session_;
  std::uint64_t session_number_ = 0;
  // Something happened during the session that it may have missed.
  bool again_ = false;
  absl::Time next_at_ = absl::InfiniteFuture();
  // The register has asked to be left alone until then.
  absl::Time not_before_ = absl::InfinitePast();
  // Of the timer that counts; others find out that they do not.
  std::uint64_t timer_ = 0;

  std::unique_ptr<Watch> watch_;
  std::uint64_t watch_number_ = 0;
  // What the watches of one epoch told; a restored register counts anew.
  std::string news_epoch_;
  std::uint64_t news_seq_ = 0;
  int watch_failures_ = 0;
  absl::Time watch_not_before_ = absl::InfinitePast();
};

void Engine::Impl::Start() {
  if (running_) return;
  running_ = true;
  Schedule(absl::ZeroDuration());
}

void Engine::Impl::Stop() {
  running_ = false;
  ++timer_;
  next_at_ = absl::InfiniteFuture();
  watch_.reset();
  ++watch_number_;
  // What it still reports is of no interest, and the parts may go.
  if (const std::shared_ptr<Session> session = std::move(session_)) session->Cancel();
  session_ = nullptr;
  ++session_number_;
}

void Engine::Impl::NoteLocalChange() {
  if (!running_) return;
  if (in_session()) {
    again_ = true;
  } else if (failures_ == 0) {
    Schedule(tuning().gather);
  }
}

void Engine::Impl::SyncNow() {
  if (!running_) return;
  failures_ = 0;
  watch_failures_ = 0;
  watch_not_before_ = absl::InfinitePast();
  if (in_session()) {
    again_ = true;
  } else {
    Schedule(absl::ZeroDuration());
  }
}

void Engine::Impl::Schedule(absl::Duration delay) {
  const absl::Time now = parts_.executor.Now();
  // The clock was set back: nobody has asked for so long a pause.
  if (not_before_ - now > AskedPauseMax()) not_before_ = absl::InfinitePast();
  const absl::Time when = std::max(now + delay, not_before_);
  if (when >= next_at_) return;
  next_at_ = when;
  parts_.executor.PostAt(when, [weak = weak_from_this(), timer = ++timer_] {
    const std::shared_ptr<Impl> self = weak.lock();
    if (self != nullptr && self->running_ && self->timer_ == timer) self->RunSession();
  });
}

void Engine::Impl::RunSession() {
  ++timer_;
  next_at_ = absl::InfiniteFuture();
  if (in_session()) {
    again_ = true;
    return;
  }
  again_ = false;
  Session::Options options;
  options.tuning = tuning();
  options.client = options_.client;
  session_ = Session::Start(
      parts_, std::move(options),
      [weak = weak_from_this(), number = ++session_number_](const SessionReport& report) {
        const std::shared_ptr<Impl> self = weak.lock();
        if (self != nullptr && self->session_number_ == number) {
          self->OnSession(report);
        }
      });
}

void Engine::Impl::OnSession(const SessionReport& report) {
  session_ = nullptr;
  failures_ = report.status.ok() ? 0 : failures_ + 1;
  const absl::Duration asked = std::max(AskedPause(report.status), AskedPause(report.push_status));
  not_before_ = std::max(not_before_, parts_.executor.Now() + asked);
  Schedule(PauseAfter(report));
  if (report.complete) OpenWatch();
  if (options_.on_session != nullptr) options_.on_session(report);
}

absl::Duration Engine::Impl::PauseAfter(const SessionReport& report) {
  if (NeedsAPerson(report.status)) return tuning().backoff_max;
  if (failures_ > 0) return Backoff(failures_);
  if (again_ || HasNews()) return tuning().gather;
  return report.outcomes.deferred > 0 ? tuning().deferred_retry : tuning().poll;
}

bool Engine::Impl::NeedsAPerson(const absl::Status& status) {
  switch (rules::ReasonOf(status)) {
    case v1::REASON_UNAUTHENTICATED:
    case v1::REASON_DEVICE_REVOKED:
    case v1::REASON_TOKEN_EXPIRED:
    case v1::REASON_PROOF_INVALID:
    case v1::REASON_SIGNATURE_INVALID:
    case v1::REASON_HISTORY_CHANGED:
    case v1::REASON_WRONG_AUTHOR:
    case v1::REASON_WRONG_CHANNEL:
    case v1::REASON_NOT_INITIALISED:
    case v1::REASON_CORRUPT_FILE:
    case v1::REASON_CLIENT_TOO_OLD:
    case v1::REASON_SERVER_TOO_OLD:
      return true;
    default:
      return false;
  }
}

absl::Duration Engine::Impl::Backoff(int failures) {
  absl::Duration pause = tuning().backoff_min;
  for (int i = 1; i < failures && pause < tuning().backoff_max; ++i) pause *= 2;
  pause = std::min(pause, tuning().backoff_max);
  return pause / 2 + pause / 2 * random_.Unit();
}

absl::Duration Engine::Impl::AskedPauseMax() const { return tuning().asked_pause_max * 3 / 2; }

absl::Duration Engine::Impl::AskedPause(const absl::Status& status) {
  const absl::Duration asked = std::min(rules::AskedPause(status), tuning().asked_pause_max);
  return asked + asked / 2 * random_.Unit();
}

void Engine::Impl::OpenWatch() {
  if (watch_ != nullptr) return;
  const absl::Time now = parts_.executor.Now();
  // The clock was set back, as in Schedule.
  if (watch_not_before_ - now > std::max(tuning().backoff_max, AskedPauseMax())) {
    watch_not_before_ = absl::InfinitePast();
  }
  if (now < watch_not_before_) return Schedule(watch_not_before_ - now);
  const absl::StatusOr<replica::SyncState> state = parts_.replica.GetSyncState();
  if (!state.ok()) return;
  v1::WatchRequest request;
  request.set_epoch(state->epoch);
  request.set_seq(state->head.seq());
  const std::uint64_t number = ++watch_number_;
  const auto still = [weak = weak_from_this(), number]() -> std::shared_ptr<Impl> {
    std::shared_ptr<Impl> self = weak.lock();
    if (self == nullptr || !self->running_ || self->watch_number_ != number) return nullptr;
    return self;
  };
  watch_ = parts_.transport.OpenWatch(
      request,
      [still, epoch = state->epoch](const v1::WatchResponse& response) {
        if (const auto self = still()) self->OnChanged(epoch, response.seq());
      },
      [still](const absl::Status& status) {
        if (const auto self = still()) self->OnWatchEnded(status);
      });
}

void Engine::Impl::OnChanged(const std::string& epoch, std::uint64_t seq) {
  watch_failures_ = 0;
  news_seq_ = news_epoch_ == epoch ? std::max(news_seq_, seq) : seq;
  news_epoch_ = epoch;
  // The session that is under way may bring it; its end tells.
  if (!in_session() && failures_ == 0 && HasNews()) Schedule(tuning().gather);
}

bool Engine::Impl::HasNews() {
  const absl::StatusOr<replica::SyncState> state = parts_.replica.GetSyncState();
  return !state.ok() || (state->epoch == news_epoch_ && state->head.seq() < news_seq_);
}

void Engine::Impl::OnWatchEnded(const absl::Status& status) {
  watch_.reset();
  ++watch_number_;
  ++watch_failures_;
  // A new one follows a session that went through: what was missed meanwhile is pulled first.
  const absl::Duration pause = std::max(Backoff(watch_failures_), AskedPause(status));
  watch_not_before_ = parts_.executor.Now() + pause;
  if (failures_ == 0) Schedule(pause);
}

Engine::Engine(const Session::Parts& parts, Random& random, Options options)
    : impl_(std::make_shared<Impl>(parts, random, std::move(options))) {}

Engine::~Engine() { impl_->Stop(); }

void Engine::Start() { impl_->Start(); }
void Engine::Stop() { impl_->Stop(); }
void Engine::NoteLocalChange() { impl_->NoteLocalChange(); }
void Engine::SyncNow() { impl_->SyncNow(); }
bool Engine::in_session() const { return impl_->in_session(); }
int Engine::failures() const { return impl_->failures(); }

}  // namespace vigil::engine
