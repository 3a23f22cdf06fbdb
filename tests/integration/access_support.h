#ifndef VIGIL_TESTS_INTEGRATION_ACCESS_SUPPORT_H_
#define VIGIL_TESTS_INTEGRATION_ACCESS_SUPPORT_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "sync/base/file.h"
#include "sync/base/random.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/transport/access_client.h"
#include "sync/transport/new_access.h"
#include "sync/transport/office_client.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_authority.h"
#include "tests/support/vigild_process.h"

namespace vigil::testing {

// A certificate for a server, and those who trust it.
class ServerIdentity {
 public:
  explicit ServerIdentity(const std::string& directory)
      : certificate_(JoinPath(directory, "server.pem")), key_(JoinPath(directory, "server.key")) {
    Renew();
  }

  // Another certificate of the same authority in the same files.
  void Renew() {
    PosixFileSystem files;
    const TestAuthority::Issued issued = authority_.Issue();
    VIGIL_EXPECT_OK(files.WriteAtomic(key_, issued.key, {.mode = 0400}));
    VIGIL_EXPECT_OK(files.WriteAtomic(certificate_, issued.certificate));
  }

  // Of vigild's command line.
  std::vector<std::string> Options() const {
    return {"--tls-certificate", certificate_, "--tls-key", key_};
  }
  const TestAuthority& authority() const { return authority_; }

 private:
  const TestAuthority authority_;
  const std::string certificate_;
  const std::string key_;
};

// How programs get to be known by a register of their own.
class Newcomers {
 public:
  static constexpr char kPassword[] = "a long enough password";

  Newcomers(std::string directory, transport::Connection connection)
      : directory_(std::move(directory)), connection_(std::move(connection)) {}

  const transport::Connection& connection() const { return connection_; }
  transport::AccessParts parts() { return {files_, clock_, random_}; }

  // The first administrator, with the code that the first start has left in its directory.
  std::unique_ptr<transport::OfficeClient> Administrator(const std::string& data_dir) {
    absl::StatusOr<std::string> code =
        files_.Read(JoinPath(data_dir, "first-administrator.code"), 4096);
    EXPECT_THAT(code, IsOk());
    return code.ok() ? Office("admin", *code) : nullptr;
  }
  // Chooses the password of an office's person with a one-time code, and signs in.
  std::unique_ptr<transport::OfficeClient> Office(const std::string& person, std::string code) {
    code.erase(code.find_last_not_of('\n') + 1);
    const auto calls = Calls();
    v1::SetPasswordRequest request;
    request.set_person_code(person);
    request.set_code(code);
    request.set_new_password(kPassword);
    EXPECT_THAT(calls->SetPassword(request), IsOk());
    const std::string place = NextPlace();
    EXPECT_THAT(transport::SignInAtOffice(parts(), place,
                                          {.person_code = person, .password = kPassword}, *calls),
                IsOk());
    return OfficeAt(place);
  }
  std::unique_ptr<transport::OfficeClient> OfficeAt(const std::string& place) {
    auto client = transport::OfficeClient::Make({.connection = connection_, .access = Open(place)});
    EXPECT_THAT(client, IsOk());
    return client.ok() ? *std::move(client) : nullptr;
  }
  // A phone of that person, made by an administrator; gives the directory of its access.
  std::string Phone(transport::OfficeClient& administrator, const std::string& person) {
    v1::InviteRequest request;
    request.set_person(person);
    request.set_kind(v1::DEVICE_KIND_PHONE);
    const absl::StatusOr<v1::InviteResponse> invited = administrator.Invite(request);
    EXPECT_THAT(invited, IsOk());
    std::string place = NextPlace();
    const std::string code = invited.ok() ? invited->code() : std::string();
    EXPECT_THAT(transport::EnrolPhone(parts(), place, {.code = code}, *Calls()), IsOk());
    return place;
  }
  std::shared_ptr<transport::ProgramAccess> Open(const std::string& place) {
    auto access = transport::ProgramAccess::Open(parts(), place);
    EXPECT_THAT(access, IsOk());
    return access.ok() ? *access : nullptr;
  }
  std::unique_ptr<transport::AccessClient> Calls() {
    auto calls = transport::AccessClient::Make(connection_);
    EXPECT_THAT(calls, IsOk());
    return calls.ok() ? *std::move(calls) : nullptr;
  }

 private:
  std::string NextPlace() { return JoinPath(directory_, absl::StrCat("access-", ++places_)); }

  const std::string directory_;
  const transport::Connection connection_;
  PosixFileSystem files_;
  SystemClock clock_;
  SystemRandom random_;
  int places_ = 0;
};

}  // namespace vigil::testing

#endif  // VIGIL_TESTS_INTEGRATION_ACCESS_SUPPORT_H_
