#include <memory>
#include <optional>

#include "gtest/gtest.h"
#include "server/store/sqlite_store.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/server/store/store_maker.h"

// Where the signatures of pushes stand.

namespace vigil::store {
namespace {

using testing::GroupMaker;
using testing::Id;
using testing::NewRegister;

class SignatureTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto store = SqliteRegisterStore::Open(dir_.File("register.db"), NewRegister());
    VIGIL_ASSERT_OK(store);
    store_ = *std::move(store);
  }

  std::optional<PushSignature> Find(const Uuid& device, DeviceSeq device_seq) {
    const auto snapshot = store_->Read();
    EXPECT_TRUE(snapshot.ok());
    return *(*snapshot)->FindPushSignature(device, device_seq);
  }

  ::vigil::testing::TempDir dir_;
  std::unique_ptr<SqliteRegisterStore> store_;
};

TEST_F(SignatureTest, StandsBesideItsOperationOrAloneWhileThatWaits) {
  GroupMaker group(Seq(0), Id(9001));
  group.Operation(DeviceSeq(1));
  const Sha256 judged = group.log().operation_hash;
  group.writes().signatures = {
      {.device = Id(9001),
       .device_seq = DeviceSeq(1),
       .operation_hash = judged,
       .signature = "of the first"},
      {.device = Id(9002),
       .device_seq = DeviceSeq(1),
       .operation_hash = Sha256Of("waits"),
       .signature = "of another phone's"},
  };
  VIGIL_ASSERT_OK(group.CommitTo(*store_));
  const auto beside = Find(Id(9001), DeviceSeq(1));
  ASSERT_TRUE(beside.has_value());
  EXPECT_EQ(beside->signature, "of the first");
  EXPECT_EQ(beside->operation_hash, judged);
  const auto alone = Find(Id(9002), DeviceSeq(1));
  ASSERT_TRUE(alone.has_value());
  EXPECT_EQ(alone->signature, "of another phone's");
  EXPECT_FALSE(Find(Id(9001), DeviceSeq(2)).has_value());
}

TEST_F(SignatureTest, StandsBesideNoOtherOperationInItsPlace) {
  GroupMaker group(Seq(0), Id(9001));
  group.Operation(DeviceSeq(1));
  group.writes().signatures = {{.device = Id(9001),
                                .device_seq = DeviceSeq(1),
                                .operation_hash = Sha256Of("what was signed"),
                                .signature = "of what was signed"}};
  VIGIL_ASSERT_OK(group.CommitTo(*store_));
  const auto found = Find(Id(9001), DeviceSeq(1));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->operation_hash, Sha256Of("what was signed"));
}

}  // namespace
}  // namespace vigil::store
