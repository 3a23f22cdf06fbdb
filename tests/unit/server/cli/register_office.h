#ifndef VIGIL_TESTS_UNIT_SERVER_CLI_REGISTER_OFFICE_H_
#define VIGIL_TESTS_UNIT_SERVER_CLI_REGISTER_OFFICE_H_

#include <functional>
#include <string>
#include <vector>

#include "sync/base/p256.h"
#include "sync/base/random.h"
#include "tests/support/manual_clock.h"
#include "tests/support/test_register.h"
#include "tests/unit/server/cli/fake_office.h"

namespace vigil::office {

// The office of a real register: what is asked for here is judged and read by the register itself,
// as far as the commands on people and the audit log need it.
class RegisterOffice final : public FakeOffice {
 public:
  RegisterOffice(testing::TestRegister& target, testing::Actor clerk)
      : target_(target), clerk_(std::move(clerk)), key_(P256PrivateKey::Generate()) {}

  KnownRegister Known() override;
  absl::StatusOr<v1::SubmitResponse> Submit(const v1::SubmitRequest& request) override;
  absl::StatusOr<v1::GetRecordResponse> GetRecord(const v1::GetRecordRequest& request) override;
  absl::StatusOr<v1::ListRecordsResponse> ListRecords(
      const v1::ListRecordsRequest& request) override;
  absl::StatusOr<v1::ListHazardsResponse> ListHazards(
      const v1::ListHazardsRequest& request) override;
  absl::StatusOr<v1::GetSessionResponse> GetSession(const v1::GetSessionRequest& request) override;
  absl::StatusOr<v1::ListLogResponse> ListLog(const v1::ListLogRequest& request) override;

  // The clerk of the next command.
  void SignIn(testing::Actor clerk) { clerk_ = std::move(clerk); }

  // Submissions from this one on (counted from 1) have no answer; 0: all have one.
  std::size_t fails_from = 0;
  std::size_t submissions = 0;
  bool signs = true;
  bool knows_key = true;
  // Each page of the log has about so many bytes.
  int page_bytes = 0;
  // What somebody does to a page of the log on its way.
  std::function<void(v1::ListLogResponse&)> damage;

 private:
  void SignHead(v1::RegisterHead& head);

  testing::TestRegister& target_;
  testing::Actor clerk_;
  P256PrivateKey key_;
};

// Runs command lines of vigilctl against an office.
struct Ran {
  int exit_code = 0;
  std::string out;
  std::string err;
};
Ran RunCtl(Office& office, FileSystem& files, const Clock& clock, Random& random,
           const std::vector<std::string>& words, bool on_terminal = false);

}  // namespace vigil::office

#endif  // VIGIL_TESTS_UNIT_SERVER_CLI_REGISTER_OFFICE_H_
