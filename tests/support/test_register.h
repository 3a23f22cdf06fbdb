#ifndef VIGIL_TESTS_SUPPORT_TEST_REGISTER_H_
#define VIGIL_TESTS_SUPPORT_TEST_REGISTER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/register/register.h"
#include "server/store/sqlite_store.h"
#include "sync/base/p256.h"
#include "sync/base/random.h"
#include "sync/rules/judge.h"
#include "sync/rules/ladder.h"
#include "tests/support/sim_executor.h"
#include "tests/support/temp_dir.h"
#include "vigil/v1/operation.pb.h"
#include "vigil/v1/record.pb.h"
#include "vigil/v1/sync_service.pb.h"
#include "vigil/v1/view.pb.h"

// A real register on a real file, in virtual time, with a few units, persons and one risk source.

namespace vigil::testing {

// Somebody who acts: a phone, a clerk, the clock.
struct Actor {
  rules::Author author;
  // Last used; phones count by themselves.
  std::uint64_t device_seq = 0;
  // Of the actor's program.
  std::shared_ptr<P256PrivateKey> key = {};
};

class TestRegister {
 public:
  struct Options {
    std::uint64_t seed = 1;
    // Empty: a directory of its own.
    std::string file = {};
    // Empty: the machine's own files.
    std::string vfs = {};
    // Called when the register breaks; unset: a failure of the test.
    std::function<void(const absl::Status&)> on_fatal = {};
    std::size_t queue_operations_max = 10000;
    // What is left free of the disk, and what the disk has; unset: nobody looks.
    std::int64_t storage_reserve_bytes = 0;
    std::function<absl::StatusOr<std::int64_t>()> free_bytes = {};
    std::function<void(bool has_room, std::int64_t free_bytes)> on_room = {};
    // Units and risk sources of its own; without them there is nothing but who imports.
    bool sites = true;
    v1::WorkingDayLists working_days = {};
    v1::Ladder ladder = rules::OverdueAlone();
    // Told of each commit.
    std::function<void(const registry::Committed&)> on_committed = {};
  };

  TestRegister() : TestRegister(Options()) {}
  explicit TestRegister(const Options& options);
  ~TestRegister();

  // Ids of what stands in every test register.
  std::string bureau, department, unit, district, other_unit;
  std::string risk_source, other_risk_source;

  Actor Phone(v1::Role role, std::string_view unit_id);
  Actor Clerk(v1::Role role, std::string_view unit_id);
  Actor importer;
  Actor clock;
  // The person has this role alone from now on; an empty unit: where the old one was. The actor's
  // own copy of the roles stays what it was.
  void ChangeRole(const Actor& actor, v1::Role role, std::string_view unit_id = {});
  void ChangeRole(const Actor& actor, v1::RoleGrant grant);
  // The operation of the importer that does it.
  v1::Operation RoleChangeOf(const Actor& actor, v1::RoleGrant grant);
  void AddRiskSource(const std::string& id, std::string_view code, const std::string& responsible);

  std::string NewId();
  // An operation of the actor's, numbered and dated; the command is up to the caller.
  v1::Operation Begin(Actor& actor);
  // Adds what the actor has seen: the current version of each record.
  void See(v1::Operation& operation, const std::vector<std::string>& records);

  // Signs for the last entry with the actor's key.
  void Sign(const Actor& actor, v1::PushRequest& push);

  v1::Outcome Submit(const Actor& actor, const v1::Operation& operation);
  absl::StatusOr<std::vector<v1::Outcome>> SubmitBytes(const Actor& actor,
                                                       std::vector<registry::Incoming> operations);

  // A copy of the register as it is now; the path. On the machine's own files only.
  std::string Backup();
  // Goes back to the copy; the actor declares it. Whoever holds target() goes on with the restored
  // register.
  v1::Epoch Restore(const std::string& backup, const Actor& actor);

  // A confirmed hazard of grade general, due on the day given; its id.
  std::string ConfirmedHazard(const v1::Date& due);

  v1::Record Find(const std::string& record);
  bool Exists(const std::string& record);
  v1::HazardState StateOf(const std::string& hazard);
  store::Head Head();

  SimExecutor& executor() { return executor_; }
  registry::Register& target() { return *register_; }
  store::SqliteRegisterStore& store() { return *store_; }
  // The register's own, by which it signs.
  P256PrivateKey& key() { return key_; }

 private:
  void OpenRegister();
  void Seed();
  void Import(const std::string& record, v1::Entity entity);
  void SubmitImport(v1::Operation operation);
  Actor Someone(v1::Role role, std::string_view unit_id, v1::Channel channel);

  TempDir directory_;
  SeededRandom random_;
  SimExecutor executor_;
  P256PrivateKey key_ = P256PrivateKey::Generate();
  std::unique_ptr<store::SqliteRegisterStore> store_;
  std::optional<registry::Register> register_;
  const Options options_;
  std::string file_;
  int backups_ = 0;
  std::function<void(const absl::Status&)> on_fatal_;
  int persons_ = 0;
};

// An edit of a hazard's description by somebody who has seen it as it is.
v1::Operation EditDescription(TestRegister& reg, Actor& actor, const std::string& hazard,
                              const std::string& text);

}  // namespace vigil::testing

#endif  // VIGIL_TESTS_SUPPORT_TEST_REGISTER_H_
