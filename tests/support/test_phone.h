#ifndef VIGIL_TESTS_SUPPORT_TEST_PHONE_H_
#define VIGIL_TESTS_SUPPORT_TEST_PHONE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sync/base/random.h"
#include "sync/base/time.h"
#include "sync/engine/engine.h"
#include "sync/engine/session.h"
#include "sync/replica/replica.h"
#include "tests/support/sim_transport.h"
#include "tests/support/temp_dir.h"
#include "vigil/v1/operation.pb.h"

// A phone with a real replica, and a register that it can reach.

namespace vigil::testing {

// 2017-09-30: a due date that lies ahead.
v1::Date SomeDay();

class TestPhone {
 public:
  struct Options {
    std::uint64_t seed = 1;
    // Empty: a directory of its own on the machine's disk.
    std::string vfs = {};
    // The phone's clock minus the true time.
    absl::Duration clock_error = absl::ZeroDuration();
  };

  TestPhone(SimServer& server, const Actor& actor) : TestPhone(server, actor, Options()) {}
  TestPhone(SimServer& server, const Actor& actor, const Options& options);
  ~TestPhone();

  // The program ends and begins again, on the same file.
  void Restart();
  // Ends it only; replica() is gone until Restart.
  void Close() { replica_.reset(); }
  absl::Status TryOpen();

  // One attempt; virtual time passes.
  engine::SessionReport Sync();
  engine::SessionReport Sync(const engine::Tuning& tuning);
  // The same, which must go through with equal digests.
  engine::SessionReport MustSync();
  // Begins one without running it.
  std::shared_ptr<engine::Session> StartSync(engine::Session::Done done);

  replica::Replica& replica() { return *replica_; }
  SimTransport& transport() { return transport_; }
  SimTransport::Faults& faults() { return transport_.faults; }
  engine::Session::Parts parts();
  const Actor& actor() const { return actor_; }
  // Of its database.
  const std::string& path() const { return path_; }
  Random& random() { return random_; }
  absl::Time now() const { return clock_.Now(); }
  std::string NewId();

  // Operations, which must be taken by the rules on the phone. Reports return the hazard's id.
  std::string Report(std::string_view risk_source, std::string_view description);
  v1::Operation Describe(std::string_view hazard, std::string_view description);
  v1::Operation RaiseGrade(std::string_view hazard, v1::HazardGrade grade);
  v1::Operation MustMake(v1::Operation operation);
  // The record as the phone's user sees it; it must be there.
  replica::RecordView View(std::string_view record);

 private:
  class OwnClock final : public Clock {
   public:
    OwnClock(const Clock& clock, absl::Duration error) : clock_(clock), error_(error) {}
    absl::Time Now() const override { return clock_.Now() + error_; }

   private:
    const Clock& clock_;
    const absl::Duration error_;
  };

  SimServer& server_;
  const Actor actor_;
  const std::string vfs_;
  TempDir directory_;
  const std::string path_;
  SeededRandom random_;
  OwnClock clock_;
  SimTransport transport_;
  std::unique_ptr<replica::Replica> replica_;
};

}  // namespace vigil::testing

#endif  // VIGIL_TESTS_SUPPORT_TEST_PHONE_H_
