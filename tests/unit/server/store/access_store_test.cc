#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/store/schema.h"
#include "server/store/sqlite_store.h"
#include "sync/sqlite/database.h"
#include "sync/sqlite/migrations.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/server/store/store_maker.h"

// What persons and programs are known by, as the store keeps it.

namespace vigil::store {
namespace {

using testing::GroupMaker;
using testing::Id;
using testing::NewRegister;
using ::testing::SizeIs;
using ::vigil::testing::IsOk;
using ::vigil::testing::StoryBegin;

class AccessStoreTest : public ::testing::Test {
 protected:
  std::string path() const { return dir_.File("register.db"); }

  std::unique_ptr<SqliteRegisterStore> Open() {
    auto store = SqliteRegisterStore::Open(path(), NewRegister());
    EXPECT_THAT(store, IsOk());
    return store.ok() ? *std::move(store) : nullptr;
  }

  ::vigil::testing::TempDir dir_;
};

SignIn SomeSignIn() {
  SignIn sign_in;
  sign_in.id = Id(2);
  sign_in.device = Id(3);
  sign_in.person = Id(4);
  sign_in.channel = v1::CHANNEL_OFFICE;
  sign_in.public_key = "key";
  sign_in.refresh_hash = Sha256Of("next");
  sign_in.expires_at = StoryBegin() + absl::Hours(24);
  return sign_in;
}

TEST_F(AccessStoreTest, ASignInAloneLeavesTheHead) {
  const auto store = Open();
  WriteSet writes;
  writes.access.sign_ins.push_back(SomeSignIn());
  writes.access.tokens.push_back({Sha256Of("token"), Id(2), StoryBegin() + absl::Hours(1)});
  VIGIL_ASSERT_OK(store->Commit(Seq(0), writes, StoryBegin() + absl::Hours(1)));
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto snapshot, store->Read());
  VIGIL_ASSERT_OK_AND_ASSIGN(const Head head, snapshot->GetHead());
  EXPECT_EQ(head.seq, Seq(0));
  EXPECT_EQ(head.committed_at, StoryBegin());
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto found, snapshot->FindAccessToken(Sha256Of("token")));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->expires_at, StoryBegin() + absl::Hours(1));
  EXPECT_EQ(found->sign_in.id, Id(2));
  EXPECT_EQ(found->sign_in.device, Id(3));
  EXPECT_EQ(found->sign_in.person, Id(4));
  EXPECT_EQ(found->sign_in.channel, v1::CHANNEL_OFFICE);
  EXPECT_EQ(found->sign_in.public_key, "key");
  EXPECT_EQ(found->sign_in.refresh_hash, Sha256Of("next"));
  EXPECT_TRUE(found->sign_in.previous_hash.is_zero());
  EXPECT_FALSE(snapshot->FindAccessToken(Sha256Of("guess"))->has_value());
  EXPECT_THAT(*snapshot->SignInsOfDevice(Id(3)), SizeIs(1));
  EXPECT_THAT(*snapshot->SignInsOfPerson(Id(4)), SizeIs(1));
  EXPECT_THAT(*snapshot->SignInsOfPerson(Id(3)), SizeIs(0));
}

TEST_F(AccessStoreTest, AnEndedSignInTakesItsTokensWithIt) {
  const auto store = Open();
  WriteSet writes;
  writes.access.sign_ins.push_back(SomeSignIn());
  writes.access.tokens.push_back({Sha256Of("token"), Id(2), StoryBegin() + absl::Hours(1)});
  VIGIL_ASSERT_OK(store->Commit(Seq(0), writes, StoryBegin()));
  WriteSet end;
  end.access.ended_sign_ins.push_back(Id(2));
  VIGIL_ASSERT_OK(store->Commit(Seq(0), end, StoryBegin()));
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto snapshot, store->Read());
  EXPECT_FALSE(snapshot->FindAccessToken(Sha256Of("token"))->has_value());
  EXPECT_THAT(*snapshot->SignInsOfDevice(Id(3)), SizeIs(0));
}

TEST_F(AccessStoreTest, WhatHasExpiredIsForgotten) {
  const auto store = Open();
  const absl::Time begin = StoryBegin();
  WriteSet writes;
  writes.access.sign_ins.push_back(SomeSignIn());
  writes.access.tokens.push_back({Sha256Of("old"), Id(2), begin + absl::Hours(1)});
  writes.access.tokens.push_back({Sha256Of("new"), Id(2), begin + absl::Hours(3)});
  OneTimeCode code;
  code.code_hash = Sha256Of("code");
  code.person = Id(4);
  code.expires_at = begin + absl::Hours(1);
  writes.access.codes.push_back(code);
  VIGIL_ASSERT_OK(store->Commit(Seq(0), writes, begin));
  const auto forget = [&](absl::Duration after) {
    WriteSet later;
    later.access.forget_before = begin + after;
    VIGIL_ASSERT_OK(store->Commit(Seq(0), later, begin));
  };
  forget(absl::Hours(2));
  {
    VIGIL_ASSERT_OK_AND_ASSIGN(const auto snapshot, store->Read());
    EXPECT_FALSE(snapshot->FindAccessToken(Sha256Of("old"))->has_value());
    EXPECT_TRUE(snapshot->FindAccessToken(Sha256Of("new"))->has_value());
    EXPECT_FALSE(snapshot->FindOneTimeCode(Sha256Of("code"))->has_value());
  }
  forget(absl::Hours(25));
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto snapshot, store->Read());
  EXPECT_FALSE(snapshot->FindAccessToken(Sha256Of("new"))->has_value());
  EXPECT_THAT(*snapshot->SignInsOfDevice(Id(3)), SizeIs(0));
}

TEST_F(AccessStoreTest, ACodeAndAPasswordAreFoundAsTheyWereLeft) {
  const auto store = Open();
  OneTimeCode code;
  code.code_hash = Sha256Of("code");
  code.person = Id(4);
  code.kind = v1::DEVICE_KIND_PHONE;
  code.inviter_person = Id(5);
  code.inviter_device = Id(6);
  code.expires_at = StoryBegin() + absl::Hours(1);
  WriteSet writes;
  writes.access.codes.push_back(code);
  writes.access.passwords.push_back({Id(4), Id(8), "first"});
  VIGIL_ASSERT_OK(store->Commit(Seq(0), writes, StoryBegin()));
  code.used_at = StoryBegin() + absl::Minutes(1);
  code.device = Id(7);
  WriteSet used;
  used.access.codes.push_back(code);
  used.access.passwords.push_back({Id(4), Id(9), "second"});
  VIGIL_ASSERT_OK(store->Commit(Seq(0), used, StoryBegin()));
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto snapshot, store->Read());
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto found, snapshot->FindOneTimeCode(Sha256Of("code")));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->person, Id(4));
  EXPECT_EQ(found->kind, v1::DEVICE_KIND_PHONE);
  EXPECT_EQ(found->inviter_person, Id(5));
  EXPECT_EQ(found->inviter_device, Id(6));
  EXPECT_EQ(found->used_at, StoryBegin() + absl::Minutes(1));
  EXPECT_EQ(found->device, Id(7));
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto password, snapshot->FindPassword(Id(4)));
  ASSERT_TRUE(password.has_value());
  EXPECT_EQ(password->person, Id(4));
  EXPECT_EQ(password->device, Id(9));
  EXPECT_EQ(password->hash, "second");
  EXPECT_FALSE(snapshot->FindPassword(Id(5))->has_value());
}

TEST_F(AccessStoreTest, PasswordsOfTheSecondSchemaKnowTheirDevice) {
  {
    sqlite::OpenOptions options;
    options.application_id = kRegisterApplicationId;
    VIGIL_ASSERT_OK_AND_ASSIGN(sqlite::Database old, sqlite::Database::Open(path(), options));
    sqlite::Schema second = RegisterSchema();
    second.migrations = second.migrations.first(2);
    VIGIL_ASSERT_OK(sqlite::Migrate(old, second));
    VIGIL_ASSERT_OK_AND_ASSIGN(sqlite::Transaction transaction, old.BeginWrite());
    // Person 1 is signed in at the office, 2 is not, 3 has a phone alone.
    VIGIL_ASSERT_OK(transaction.ExecuteScript(R"sql(
      INSERT INTO password (person, hash) VALUES
        (X'00000000000000000000000000000001', 'one'),
        (X'00000000000000000000000000000002', 'two'),
        (X'00000000000000000000000000000003', 'three');
      INSERT INTO sign_in (id, device, person, channel, refresh_hash, previous_hash, expires_at,
                           public_key) VALUES
        (X'00000000000000000000000000000011', X'00000000000000000000000000000021',
         X'00000000000000000000000000000001', 2, zeroblob(32), zeroblob(32), 0, X'00'),
        (X'00000000000000000000000000000012', X'00000000000000000000000000000021',
         X'00000000000000000000000000000001', 2, zeroblob(32), zeroblob(32), 0, X'00'),
        (X'00000000000000000000000000000013', X'00000000000000000000000000000023',
         X'00000000000000000000000000000003', 1, zeroblob(32), zeroblob(32), 0, X'00');
    )sql"));
    VIGIL_ASSERT_OK(transaction.Commit());
    VIGIL_ASSERT_OK(sqlite::Migrate(old, RegisterSchema()));
  }
  const auto store = Open();
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto snapshot, store->Read());
  const auto id = [](char last) { return *Uuid::FromBytes(std::string(15, '\0') + last); };
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto one, snapshot->FindPassword(id(0x01)));
  ASSERT_TRUE(one.has_value());
  EXPECT_EQ(one->device, id(0x21));
  EXPECT_EQ(one->hash, "one");
  EXPECT_FALSE(snapshot->FindPassword(id(0x02))->has_value());
  EXPECT_FALSE(snapshot->FindPassword(id(0x03))->has_value());
}

}  // namespace
}  // namespace vigil::store
