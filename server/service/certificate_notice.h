#ifndef VIGIL_SERVER_SERVICE_CERTIFICATE_NOTICE_H_
#define VIGIL_SERVER_SERVICE_CERTIFICATE_NOTICE_H_

#include "absl/time/time.h"

namespace vigil::service {

// When somebody is to be told that the certificate in force ends, or has ended: from 14 days before
// on, at once and then once a day. Not thread-safe.
class CertificateNotice {
 public:
  enum class Kind { kNone, kEndsSoon, kHasEnded };

  // What is to be said now of a certificate that is good until `not_after`.
  Kind Next(absl::Time not_after, absl::Time now);

 private:
  // What was said last, of which certificate and when.
  Kind said_ = Kind::kNone;
  absl::Time not_after_;
  absl::Time said_at_;
};

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_CERTIFICATE_NOTICE_H_
