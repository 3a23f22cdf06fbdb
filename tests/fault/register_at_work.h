#ifndef VIGIL_TESTS_FAULT_REGISTER_AT_WORK_H_
#define VIGIL_TESTS_FAULT_REGISTER_AT_WORK_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/register/register.h"
#include "server/store/sqlite_store.h"
#include "tests/support/sim_executor.h"
#include "tests/support/sim_vfs.h"

// A register that is opened on a file as it was left, given work, and looked at afterwards.

namespace vigil::testing {

inline constexpr char kRegisterFile[] = "register.db";

// Something to be done, and how.
struct Work {
  enum class Way { kPush, kSubmit, kAll, kAccess };
  Way way = Way::kSubmit;
  rules::Author author = {};
  std::vector<registry::Incoming> operations = {};
  registry::PushHead head = {};
  registry::Register::DecideAccess decide = {};
};

class RegisterAtWork {
 public:
  using Answers = std::vector<absl::StatusOr<registry::Register::Outcomes>>;

  // Begins at `now`. Checkpoints come as soon as anything was written.
  RegisterAtWork(SimVfs& disk, absl::Time now);
  ~RegisterAtWork();

  absl::Status Open();
  // All of it is queued up, then done; one answer each.
  Answers Do(const std::vector<Work>& work);
  // The program ends; nothing of it does anything any more.
  void Close();

  store::SqliteRegisterStore& store() { return *store_; }
  bool broken() const { return broken_; }

 private:
  SimVfs& disk_;
  SimExecutor executor_;
  std::unique_ptr<store::SqliteRegisterStore> store_;
  std::unique_ptr<registry::Register> register_;
  bool broken_ = false;
};

// All that a register's file says that nobody has open, after it was checked.
absl::StatusOr<std::string> RegisterContent(SimVfs& disk);

}  // namespace vigil::testing

#endif  // VIGIL_TESTS_FAULT_REGISTER_AT_WORK_H_
