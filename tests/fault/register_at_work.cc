#include "tests/fault/register_at_work.h"

#include <utility>

#include "sync/base/check.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/sqlite/database.h"
#include "tests/support/database_dump.h"
#include "tests/support/register_file_check.h"

namespace vigil::testing {
RegisterAtWork::RegisterAtWork(SimVfs& disk, absl::Time now)
    : disk_(disk), executor_({.begin = now}) {}

RegisterAtWork::~RegisterAtWork() { Close(); }

absl::Status RegisterAtWork::Open() {
  store::SqliteStoreOptions options;
  options.vfs = disk_.name();
  options.first_epoch = DerivedUuid({.name_space = "test", .name = "epoch"});
  options.created_at = executor_.Now();
  options.wal_pages_idle = 1;
  // RegisterContent does.
  options.check_file = false;
  VIGIL_ASSIGN_OR_RETURN(store_, store::SqliteRegisterStore::Open(kRegisterFile, options));
  registry::RegisterOptions register_options;
  const auto zone = LoadZone("Asia/Shanghai");
  VIGIL_CHECK(zone.ok());
  register_options.zone = *zone;
  register_options.on_fatal = [this](const absl::Status& /*status*/) { broken_ = true; };
  register_ = std::make_unique<registry::Register>(*store_, executor_, register_options);
  return absl::OkStatus();
}

RegisterAtWork::Answers RegisterAtWork::Do(const std::vector<Work>& work) {
  Answers answers(work.size(), absl::UnknownError("not answered"));
  for (std::size_t i = 0; i < work.size(); ++i) {
    const auto done = [&answers, i](const absl::StatusOr<registry::Register::Outcomes>& outcomes) {
      answers[i] = outcomes;
    };
    switch (work[i].way) {
      case Work::Way::kPush:
        register_->SubmitPush(work[i].author, work[i].operations, work[i].head, done);
        break;
      case Work::Way::kSubmit:
        register_->Submit(work[i].author, work[i].operations, done);
        break;
      case Work::Way::kAll:
        register_->SubmitAll(work[i].author, work[i].operations, done);
        break;
      case Work::Way::kAccess:
        register_->ChangeAccess(work[i].decide, [done](const absl::Status& status) {
          if (status.ok()) return done(registry::Register::Outcomes());
          done(status);
        });
        break;
    }
  }
  executor_.RunUntilIdle();
  return answers;
}

void RegisterAtWork::Close() {
  executor_.DropAll();
  register_.reset();
  store_.reset();
}

absl::StatusOr<std::string> RegisterContent(SimVfs& disk) {
  VIGIL_ASSIGN_OR_RETURN(
      sqlite::Database database,
      sqlite::Database::Open(kRegisterFile,
                             {.mode = sqlite::OpenOptions::Mode::kReadWrite, .vfs = disk.name()}));
  VIGIL_RETURN_IF_ERROR(CheckRegisterFile(database));
  return DumpOf(database);
}

}  // namespace vigil::testing
