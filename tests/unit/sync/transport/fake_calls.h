#ifndef VIGIL_TESTS_UNIT_SYNC_TRANSPORT_FAKE_CALLS_H_
#define VIGIL_TESTS_UNIT_SYNC_TRANSPORT_FAKE_CALLS_H_

#include <memory>
#include <string>
#include <vector>

#include "google/protobuf/util/time_util.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/transport/access_calls.h"

namespace vigil::transport {

inline constexpr char kDevice[] = "01890000-0000-7000-8000-000000000001";
inline constexpr char kPerson[] = "01890000-0000-7000-8000-000000000002";
inline constexpr char kRegister[] = "01890000-0000-7000-8000-000000000003";

inline google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  return google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(ToMicros(time));
}

inline v1::Access MakeAccess(absl::Time register_now, const std::string& token) {
  v1::Access access;
  access.set_device(kDevice);
  access.set_person(kPerson);
  access.set_register_(kRegister);
  access.set_register_key("the register's key");
  access.mutable_token()->set_token(token);
  *access.mutable_token()->mutable_expires_at() = ToTimestamp(register_now + absl::Minutes(15));
  *access.mutable_server_time() = ToTimestamp(register_now);
  return access;
}

// Keeps what it is asked; answers what it is told to.
class FakeCalls final : public AccessCalls {
 public:
  absl::StatusOr<v1::EnrolResponse> Enrol(const v1::EnrolRequest& request) override {
    enrolments.push_back(request);
    VIGIL_RETURN_IF_ERROR(answer);
    v1::EnrolResponse response;
    *response.mutable_access() = *answer;
    return response;
  }
  absl::StatusOr<v1::SignInResponse> SignIn(const v1::SignInRequest& request) override {
    sign_ins.push_back(request);
    VIGIL_RETURN_IF_ERROR(answer);
    v1::SignInResponse response;
    *response.mutable_access() = *answer;
    return response;
  }
  absl::StatusOr<v1::SetPasswordResponse> SetPassword(const v1::SetPasswordRequest&) override {
    return v1::SetPasswordResponse();
  }
  absl::StatusOr<v1::SignOutResponse> SignOut(const std::shared_ptr<ProgramAccess>&) override {
    return v1::SignOutResponse();
  }

  absl::StatusOr<v1::Access> answer = absl::UnavailableError("no answer");
  std::vector<v1::EnrolRequest> enrolments;
  std::vector<v1::SignInRequest> sign_ins;
};

}  // namespace vigil::transport

#endif  // VIGIL_TESTS_UNIT_SYNC_TRANSPORT_FAKE_CALLS_H_
