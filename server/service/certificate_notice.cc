#include "server/service/certificate_notice.h"

namespace vigil::service {

namespace {

constexpr absl::Duration kWarnBefore = absl::Hours(14 * 24);
constexpr absl::Duration kSayAgainAfter = absl::Hours(24);

}  // namespace

CertificateNotice::Kind CertificateNotice::Next(absl::Time not_after, absl::Time now) {
  Kind kind = Kind::kNone;
  if (now >= not_after) {
    kind = Kind::kHasEnded;
  } else if (now >= not_after - kWarnBefore) {
    kind = Kind::kEndsSoon;
  }
  const bool is_news = kind != said_ || not_after != not_after_ || now >= said_at_ + kSayAgainAfter;
  if (!is_news) return Kind::kNone;
  said_ = kind;
  not_after_ = not_after;
  said_at_ = now;
  return kind;
}

}  // namespace vigil::service
