#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/register/restore.h"
#include "server/store/restore_file.h"
#include "server/store/sqlite_store.h"
#include "sync/base/file.h"
#include "sync/base/p256.h"
#include "tests/support/sim_vfs.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_register.h"

// Restores that a power failure cuts off.

namespace vigil::testing {
namespace {

constexpr char kFile[] = "register.db";
constexpr char kBackup[] = "backup.db";

// A register that has gone on since its backup, on a disk of its own.
class RestoreCrashTest : public ::testing::Test {
 protected:
  RestoreCrashTest() : key_(P256PrivateKey::Generate()) {}

  void Prepare(SimVfs& disk) {
    TestRegister reg({.file = kFile, .vfs = disk.name()});
    VIGIL_ASSERT_OK_AND_ASSIGN(const std::string backup,
                               PosixFileSystem().Read(reg.Backup(), std::size_t{1} << 26U));
    disk.SetContent(kBackup, backup);
    backed_up_ = reg.Head();
    reg.Phone(v1::ROLE_INSPECTOR, reg.unit);
    old_ = reg.Head();
  }

  absl::Status Restore(SimVfs& disk, const std::string& epoch) {
    registry::RestoreRequest request;
    request.backup = kBackup;
    request.kept.set_id(DerivedUuid({.name_space = "test", .name = "kept"}).ToString());
    request.epoch = DerivedUuid({.name_space = "test", .name = epoch});
    request.why = "the disk failed";
    request.person = DerivedUuid({.name_space = "test", .name = "person"});
    request.now = absl::FromUnixSeconds(1'800'000'000);
    return registry::Restore({.files = disk.files(),
                              .path = kFile,
                              .vfs = disk.name(),
                              .backup_vfs = disk.name()},
                             request, key_)
        .status();
  }

  // Of the register that a program finds which is started now; nullopt: none.
  std::optional<store::Head> HeadOf(SimVfs& disk) {
    if (!disk.Exists(kFile)) return std::nullopt;
    store::SqliteStoreOptions options;
    options.vfs = disk.name();
    const auto opened = store::SqliteRegisterStore::Open(kFile, options);
    if (!opened.ok()) return std::nullopt;
    return *(*(*opened)->Read())->GetHead();
  }

  P256PrivateKey key_;
  store::Head backed_up_;
  store::Head old_;
};

// Of the steps that change names or make them durable, and the writes between: at each one.
TEST_F(RestoreCrashTest, Promise2AfterAPowerFailureAtAnyStepARegisterIsInPlace) {
  constexpr std::uint32_t kSteps =
      SimVfs::kSync | SimVfs::kDelete | SimVfs::kLink | SimVfs::kRename;
  int old_ones = 0;
  int new_ones = 0;
  bool done = false;
  for (std::int64_t step = 0; !done; ++step) {
    ASSERT_LT(step, 200);
    SimVfs disk({.seed = static_cast<std::uint64_t>(step)});
    Prepare(disk);
    disk.SetFault({.operations = kSteps, .after = step, .sticky = true});
    const absl::Status status = Restore(disk, "first");
    done = !disk.fault_struck();
    EXPECT_TRUE(done ? status.ok() : true) << status;
    disk.Crash();
    const std::optional<store::Head> head = HeadOf(disk);
    ASSERT_TRUE(head.has_value()) << step;
    const bool is_old = head->epoch.parent().empty();
    EXPECT_EQ(head->seq, is_old ? old_.seq : backed_up_.seq) << step;
    (is_old ? old_ones : new_ones) += 1;
    // It is run again.
    VIGIL_ASSERT_OK(Restore(disk, "second"));
    disk.Crash();
    const std::optional<store::Head> again = HeadOf(disk);
    ASSERT_TRUE(again.has_value()) << step;
    EXPECT_EQ(again->epoch.id(), DerivedUuid({.name_space = "test", .name = "second"}).ToString());
    EXPECT_EQ(again->seq, backed_up_.seq);
  }
  EXPECT_GT(old_ones, 5);
  EXPECT_GT(new_ones, 0);
}

}  // namespace
}  // namespace vigil::testing
