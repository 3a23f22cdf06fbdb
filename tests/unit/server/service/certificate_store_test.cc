#include "server/service/certificate_store.h"

#include <string>

#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_authority.h"

namespace vigil::testing {
namespace {

using service::CertificateStore;

class CertificateStoreTest : public ::testing::Test {
 protected:
  CertificateStoreTest() : store_(files_, Files(directory_)) {}

  static v1::Tls Files(const TempDir& directory) {
    v1::Tls tls;
    tls.set_certificate_file(directory.File("server.pem"));
    tls.set_key_file(directory.File("server.key"));
    tls.set_client_authorities_file(directory.File("clients.pem"));
    return tls;
  }
  void Write(const char* name, const std::string& text) {
    VIGIL_ASSERT_OK(files_.WriteAtomic(directory_.File(name), text));
  }
  void WriteAll(const TestAuthority::Issued& issued) {
    Write("server.pem", issued.certificate);
    Write("server.key", issued.key);
    Write("clients.pem", authority_.certificate());
  }
  // What is in force stays so, and it is said once.
  void ExpectRefused() {
    const auto before = store_.in_force();
    EXPECT_THAT(store_.Refresh(now_), ReasonIs("REASON_CERTIFICATE_INVALID"));
    VIGIL_ASSERT_OK_AND_ASSIGN(const CertificateStore::Look again, store_.Refresh(now_));
    EXPECT_FALSE(again.changed);
    EXPECT_EQ(store_.in_force(), before);
  }

  const absl::Time now_ = absl::Now();
  TempDir directory_;
  PosixFileSystem files_;
  TestAuthority authority_;
  CertificateStore store_;
};

TEST_F(CertificateStoreTest, CertificatesRotateAndAWrongOneLeavesTheOldInForce) {
  EXPECT_EQ(store_.in_force(), nullptr);
  EXPECT_THAT(store_.Refresh(now_), ReasonIs("REASON_CERTIFICATE_INVALID")) << "there are no files";
  const TestAuthority::Issued first = authority_.Issue({});
  WriteAll(first);
  VIGIL_ASSERT_OK_AND_ASSIGN(CertificateStore::Look look, store_.Refresh(now_));
  EXPECT_TRUE(look.changed);
  VIGIL_ASSERT_OK_AND_ASSIGN(look, store_.Refresh(now_));
  EXPECT_FALSE(look.changed);
  EXPECT_EQ(store_.in_force()->version, 1U);

  const TestAuthority::Issued second = authority_.Issue({});
  // The two files are exchanged one after the other.
  Write("server.pem", second.certificate);
  ExpectRefused();
  Write("server.pem", "");
  ExpectRefused();
  Write("server.pem", authority_.Issue({.until = now_ - absl::Hours(1)}).certificate);
  ExpectRefused();
  WriteAll(second);
  Write("clients.pem", "");
  ExpectRefused();
  WriteAll(second);
  VIGIL_ASSERT_OK_AND_ASSIGN(look, store_.Refresh(now_));
  EXPECT_TRUE(look.changed);
  EXPECT_EQ(store_.in_force()->version, 2U);
  EXPECT_EQ(store_.in_force()->files.chain, second.certificate);
}

}  // namespace
}  // namespace vigil::testing
