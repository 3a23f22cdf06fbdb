#include "server/access/certificate.h"

#include <string>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_authority.h"

namespace vigil::access {
namespace {

using ::testing::HasSubstr;
using ::vigil::testing::ReasonIs;
using ::vigil::testing::StatusIs;
using ::vigil::testing::TestAuthority;

absl::Status Check(const CertificateFiles& files) {
  return CheckCertificate(files, absl::Now()).status();
}

TEST(CertificateTest, SaysWhatStandsInGoodFiles) {
  const TestAuthority authority;
  const absl::Time until = absl::FromUnixSeconds(absl::ToUnixSeconds(absl::Now()) + 3600);
  const auto issued = authority.Issue({.name = "register.example", .until = until});
  VIGIL_ASSERT_OK_AND_ASSIGN(const CertificateInfo info,
                             CheckCertificate({issued.certificate + authority.certificate(),
                                               issued.key, authority.certificate()},
                                              absl::Now()));
  EXPECT_EQ(info.subject, "CN=register.example");
  EXPECT_EQ(info.not_after, until);
  EXPECT_EQ(info.fingerprint.size(), 64U);
}

TEST(CertificateTest, RefusesWhatAServerCouldNotRunWith) {
  const TestAuthority authority;
  const auto good = authority.Issue();
  const auto other = authority.Issue();
  const auto expired = authority.Issue({.until = absl::Now() - absl::Seconds(1)});
  const auto early = authority.Issue({.from = absl::Now() + absl::Hours(1)});
  const struct {
    CertificateFiles files;
    std::string why;
  } cases[] = {
      {{"", good.key, ""}, "the certificate file is empty"},
      {{good.certificate, "", ""}, "the key file is empty"},
      {{"no PEM", good.key, ""}, "does not hold certificates"},
      {{good.key, good.certificate, ""}, "does not hold certificates"},
      {{good.certificate.substr(0, 200), good.key, ""}, "does not hold certificates"},
      {{good.certificate + good.certificate.substr(0, 200), good.key, ""},
       "does not hold certificates"},
      {{good.certificate, "no PEM", ""}, "no key in PEM"},
      {{good.certificate, good.key.substr(0, 100), ""}, "no key in PEM"},
      {{good.certificate, other.key, ""}, "not this certificate's"},
      {{authority.certificate() + good.certificate, good.key, ""}, "not this certificate's"},
      {{expired.certificate, expired.key, ""}, "has expired"},
      {{early.certificate, early.key, ""}, "is not valid yet"},
      {{good.certificate + expired.certificate, good.key, ""}, "has expired"},
      {{good.certificate, good.key, "no PEM"}, "clients' authorities"},
  };
  for (const auto& each : cases) {
    const absl::Status status = Check(each.files);
    EXPECT_THAT(status, ReasonIs("REASON_CERTIFICATE_INVALID")) << each.why;
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(each.why)));
  }
  VIGIL_EXPECT_OK(Check({good.certificate, good.key, ""}));
}

}  // namespace
}  // namespace vigil::access
