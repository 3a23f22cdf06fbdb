#ifndef VIGIL_SERVER_ACCESS_CERTIFICATE_H_
#define VIGIL_SERVER_ACCESS_CERTIFICATE_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

// The server's certificate, checked before it is put in force.

namespace vigil::access {

// PEM, as read from files.
struct CertificateFiles {
  // The server's own certificate first, then those that lead to the root.
  std::string chain;
  // Not encrypted.
  std::string key;
  // Authorities of the clients' certificates; empty: none are asked for.
  std::string client_authorities;
};

struct CertificateInfo {
  // "CN=…"
  std::string subject;
  absl::Time not_before;
  absl::Time not_after;
  // Of the server's own certificate (DER), 64 hexadecimal digits.
  std::string fingerprint;
};

// What stands in the files, where a server can be run with them at `now`. CERTIFICATE_INVALID says
// what is wrong: empty, not PEM, the key is another certificate's, expired, not valid yet.
absl::StatusOr<CertificateInfo> CheckCertificate(const CertificateFiles& files, absl::Time now);

}  // namespace vigil::access

#endif  // VIGIL_SERVER_ACCESS_CERTIFICATE_H_
