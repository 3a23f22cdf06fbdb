#include "server/register/restore.h"

#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/store/sqlite_store.h"
#include "sync/base/file.h"
#include "sync/base/status.h"
#include "sync/rules/lineage.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_register.h"

namespace vigil::testing {
namespace {

using ::testing::Not;

// The machine's files, until the power fails at a call that changes something.
class FailingFiles final : public FileSystem {
 public:
  explicit FailingFiles(int calls) : calls_left_(calls) {}
  bool has_failed() const { return calls_left_ < 0; }

  absl::StatusOr<std::string> Read(const std::string& path, std::size_t bytes_max) override {
    return files_.Read(path, bytes_max);
  }
  absl::Status WriteAtomic(const std::string& path, std::string_view bytes,
                           const WriteOptions& options) override {
    VIGIL_RETURN_IF_ERROR(Count());
    return files_.WriteAtomic(path, bytes, options);
  }
  absl::StatusOr<std::string> ReadRange(const std::string& path, std::int64_t offset,
                                        std::size_t bytes_max) override {
    return files_.ReadRange(path, offset, bytes_max);
  }
  absl::Status Append(const std::string& path, std::string_view bytes) override {
    VIGIL_RETURN_IF_ERROR(Count());
    return files_.Append(path, bytes);
  }
  absl::Status Rename(const std::string& from, const std::string& to) override {
    VIGIL_RETURN_IF_ERROR(Count());
    return files_.Rename(from, to);
  }
  absl::Status Link(const std::string& path, const std::string& also) override {
    VIGIL_RETURN_IF_ERROR(Count());
    return files_.Link(path, also);
  }
  bool Exists(const std::string& path) override { return files_.Exists(path); }
  absl::StatusOr<std::int64_t> Size(const std::string& path) override { return files_.Size(path); }
  absl::Status Remove(const std::string& path) override {
    VIGIL_RETURN_IF_ERROR(Count());
    return files_.Remove(path);
  }
  absl::Status MakeDirectories(const std::string& path, unsigned mode) override {
    return files_.MakeDirectories(path, mode);
  }
  absl::StatusOr<std::vector<std::string>> List(const std::string& path) override {
    return files_.List(path);
  }
  absl::Status Sync(const std::string& path) override {
    VIGIL_RETURN_IF_ERROR(Count());
    return files_.Sync(path);
  }
  absl::StatusOr<std::int64_t> FreeBytes(const std::string& path) override {
    return files_.FreeBytes(path);
  }

 private:
  absl::Status Count() {
    if (--calls_left_ >= 0) return absl::OkStatus();
    calls_left_ = -1;
    return absl::UnavailableError("the power is gone");
  }

  PosixFileSystem files_;
  int calls_left_;
};

class RestoreTest : public ::testing::Test {
 protected:
  RestoreTest() : path_(directory_.File("register.db")), key_(P256PrivateKey::Generate()) {
    TestRegister reg({.file = path_});
    backup_ = reg.Backup();
    const std::string kept = directory_.File("backup.db");
    VIGIL_EXPECT_OK(files_.Link(backup_, kept));
    backup_ = kept;
    backed_up_ = reg.Head();
    reg.Phone(v1::ROLE_INSPECTOR, reg.unit);
    old_ = reg.Head();
  }

  absl::StatusOr<v1::Epoch> Restore(FileSystem& files) {
    registry::RestoreRequest request;
    request.backup = backup_;
    request.kept.set_id(DerivedUuid({.name_space = "test", .name = "kept"}).ToString());
    request.epoch = DerivedUuid({.name_space = "test", .name = std::to_string(++restores_)});
    request.why = "the disk failed";
    request.person = DerivedUuid({.name_space = "test", .name = "person"});
    request.now = absl::FromUnixSeconds(1'800'000'000);
    return registry::Restore({.files = files, .path = path_}, request, key_);
  }

  store::Head HeadOf(const std::string& path) {
    auto opened = store::SqliteRegisterStore::Open(path, {});
    EXPECT_THAT(opened, IsOk());
    if (!opened.ok()) return {};
    const auto snapshot = (*opened)->Read();
    return *(*snapshot)->GetHead();
  }

  TempDir directory_;
  PosixFileSystem files_;
  const std::string path_;
  P256PrivateKey key_;
  std::string backup_;
  store::Head backed_up_;
  store::Head old_;
  int restores_ = 0;
};

TEST_F(RestoreTest, ANewEpochSaysWhoWhyAndWhereto) {
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::Epoch epoch, Restore(files_));
  const store::Head head = HeadOf(path_);
  EXPECT_EQ(head.seq, backed_up_.seq);
  EXPECT_EQ(head.audit_root, backed_up_.audit_root);
  EXPECT_EQ(head.epoch.SerializeAsString(), epoch.SerializeAsString());
  EXPECT_EQ(epoch.parent(), backed_up_.epoch.id());
  EXPECT_EQ(epoch.back_to_seq(), backed_up_.seq.value());
  EXPECT_TRUE(rules::IsSignedBy(epoch, key_.public_key()));
  // The old one is kept, whole.
  const store::Head before = HeadOf(path_ + ".before-" + epoch.id());
  EXPECT_EQ(before.seq, old_.seq);
  // The same file again is another epoch of the same parent.
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::Epoch again, Restore(files_));
  EXPECT_NE(again.id(), epoch.id());
  EXPECT_EQ(again.parent(), epoch.parent());
}

TEST_F(RestoreTest, ANewKeySpeaksForTheRestoresBeforeIt) {
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::Epoch first, Restore(files_));
  const std::string later = directory_.File("later.db");
  {
    VIGIL_ASSERT_OK_AND_ASSIGN(const auto opened, store::SqliteRegisterStore::Open(path_, {}));
    VIGIL_ASSERT_OK(opened->Backup(later));
  }
  backup_ = later;
  key_ = P256PrivateKey::Generate();
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::Epoch second, Restore(files_));
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto opened, store::SqliteRegisterStore::Open(path_, {}));
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto snapshot, opened->Read());
  VIGIL_ASSERT_OK_AND_ASSIGN(const std::vector<v1::Epoch> epochs, snapshot->Epochs());
  ASSERT_EQ(epochs.size(), 3U);
  EXPECT_EQ(epochs[0].id(), second.id());
  EXPECT_EQ(epochs[1].id(), first.id());
  EXPECT_EQ(epochs[1].why(), first.why());
  for (const v1::Epoch& epoch : {epochs[0], epochs[1]}) {
    EXPECT_TRUE(rules::IsSignedBy(epoch, key_.public_key())) << epoch.DebugString();
  }
}

TEST_F(RestoreTest, TheBackupItselfIsKept) {
  VIGIL_ASSERT_OK(Restore(files_));
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto opened, store::SqliteRegisterStore::Open(path_, {}));
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto snapshot, opened->Read());
  VIGIL_ASSERT_OK_AND_ASSIGN(const std::vector<v1::Backup> backups, snapshot->Backups());
  ASSERT_EQ(backups.size(), 1U);
  EXPECT_EQ(backups[0].seq(), backed_up_.seq.value());
  EXPECT_EQ(backups[0].epoch(), backed_up_.epoch.id());
}

// At every step the power may fail: the old register or the new one is there, never none.
TEST_F(RestoreTest, WhereverItIsInterruptedARegisterIsInPlace) {
  bool done = false;
  int old_ones = 0;
  for (int calls = 0; !done; ++calls) {
    ASSERT_LT(calls, 100);
    FailingFiles failing(calls);
    const absl::StatusOr<v1::Epoch> epoch = Restore(failing);
    done = !failing.has_failed();
    EXPECT_EQ(epoch.ok(), done);
    const store::Head head = HeadOf(path_);
    if (head.epoch.parent().empty()) {
      EXPECT_EQ(head.seq, old_.seq) << calls;
      ++old_ones;
    } else {
      EXPECT_EQ(head.seq, backed_up_.seq) << calls;
    }
  }
  EXPECT_GT(old_ones, 5);
}

TEST_F(RestoreTest, ADamagedRegisterIsReplacedAndKept) {
  VIGIL_ASSERT_OK(files_.WriteAtomic(path_, "this was a register"));
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::Epoch epoch, Restore(files_));
  EXPECT_EQ(HeadOf(path_).seq, backed_up_.seq);
  EXPECT_THAT(files_.Read(path_ + ".before-" + epoch.id(), 100),
              IsOkAndHolds("this was a register"));
}

TEST_F(RestoreTest, WhatIsNoBackupChangesNothing) {
  VIGIL_ASSERT_OK(files_.WriteAtomic(backup_, "no backup at all"));
  EXPECT_THAT(Restore(files_), Not(IsOk()));
  EXPECT_EQ(HeadOf(path_).seq, old_.seq);
}

}  // namespace
}  // namespace vigil::testing
