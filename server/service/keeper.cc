#include "server/service/keeper.h"

#include <string>
#include <string_view>
#include <utility>

#include "server/access/certificate.h"
#include "server/service/log.h"
#include "sync/base/status.h"

namespace vigil::service {
namespace {

constexpr absl::Duration kTick = absl::Seconds(5);
constexpr std::uint64_t kTicksPerLook = 6;

}  // namespace

void Keeper::Start() {
  parts_.executor.Post([this] { Look(); });
}

void Keeper::LookAtCertificate() {
  const absl::Time now = parts_.clock.Now();
  const absl::StatusOr<CertificateStore::Look> look = parts_.certificates->Refresh(now);
  if (!look.ok()) {
    LogFailure("the new certificate cannot be used; the old one stays in force", look.status());
  }
  const access::CertificateInfo info = parts_.certificates->in_force()->info;
  const std::string until =
      absl::FormatTime(absl::RFC3339_sec, info.not_after, absl::UTCTimeZone());
  const auto say = [&](v1::LogLevel level, std::string_view what) {
    Log(level, what, {{"fingerprint", info.fingerprint}, {"until", until}});
  };
  if (look.ok() && look->changed) say(v1::LOG_LEVEL_INFO, "a new certificate is in force");
  switch (certificate_notice_.Next(info.not_after, now)) {
    case CertificateNotice::Kind::kNone:
      break;
    case CertificateNotice::Kind::kEndsSoon:
      say(v1::LOG_LEVEL_WARNING, "the certificate ends soon");
      break;
    case CertificateNotice::Kind::kHasEnded:
      say(v1::LOG_LEVEL_ERROR, "the certificate has ended");
      break;
  }
}

void Keeper::Look() {
  if (parts_.certificates != nullptr) LookAtCertificate();
  LookAtDeadlines();
  parts_.guard.pending().EndOverdue(parts_.clock.Now());
  // A change is looked at when it is made; only what ends by itself waits for this.
  if (++ticks_ % kTicksPerLook == 0) parts_.streams.LookAgain(parts_.clock.Now());
  LookAtConnections();
  LookAtEvidence();
  parts_.executor.PostAfter(kTick, [this] { Look(); });
}

void Keeper::LookAtDeadlines() {
  absl::StatusOr<std::shared_ptr<const rules::Deadlines>> deadlines = parts_.deadlines.Refresh();
  if (!deadlines.ok()) {
    return LogFailure("the new ladder or lists of working days cannot be used; the old ones stay",
                      deadlines.status());
  }
  if (*deadlines != nullptr) parts_.use_deadlines(*std::move(deadlines));
}

void Keeper::LookAtConnections() {
  const auto say = [this](std::string_view what, std::uint64_t now, std::uint64_t& before) {
    if (now == before) return;
    Log(v1::LOG_LEVEL_WARNING, what,
        {{"count", static_cast<std::int64_t>(now - before)},
         {"open", std::int64_t{parts_.gate.connections()}}});
    before = now;
  };
  say("connections turned away", parts_.gate.turned_away(), turned_away_);
  say("connections ended that brought no call", parts_.first_calls.ended(), without_call_);
}

void Keeper::LookAtEvidence() {
  // One that takes long is not asked again meanwhile.
  if (evidence_tick_posted_.exchange(true)) return;
  parts_.evidence_executor.Post([this] {
    evidence_tick_posted_ = false;
    if (const absl::Status status = parts_.evidence.Tick(); !status.ok()) {
      LogFailure("looking after photos failed", status);
    }
  });
}

}  // namespace vigil::service
