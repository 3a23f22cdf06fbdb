#include "sync/transport/program_access.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/util/time_util.h"
#include "gtest/gtest.h"
#include "sync/base/hash.h"
#include "sync/base/signing.h"
#include "sync/rules/reason.h"
#include "tests/support/manual_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/sync/transport/fake_calls.h"

namespace vigil::transport {
namespace {

using testing::ReasonIs;
using testing::StatusIs;
using Remedy = CallRemedies::Remedy;

constexpr char kPull[] = "vigil.v1.SyncService/Pull";

class ProgramAccessTest : public ::testing::Test {
 protected:
  ProgramAccessTest()
      : parts_{files_, clock_, random_},
        key_(P256PrivateKey::Generate()),
        register_now_(clock_.Now() + absl::Minutes(3)) {}

  void SetUp() override {
    state_.device = kDevice;
    state_.person = kPerson;
    state_.register_id = *Uuid::Parse(kRegister);
    state_.refresh_token = std::string(32, 'a');
    state_.token = "first";
    state_.expires_at = register_now_ + absl::Minutes(15);
    state_.clock_offset = absl::Minutes(3);
    VIGIL_ASSERT_OK(SaveProgramKey(files_, directory_.path(), key_));
    VIGIL_ASSERT_OK(SaveAccessState(files_, directory_.path(), state_));
    access_ = Open();
  }

  std::shared_ptr<ProgramAccess> Open() {
    absl::StatusOr<std::shared_ptr<ProgramAccess>> access =
        ProgramAccess::Open(parts_, directory_.path());
    EXPECT_THAT(access, testing::IsOk());
    return access.ok() ? *access : nullptr;
  }
  AccessState Stored() {
    const auto state = LoadAccessState(files_, directory_.path());
    EXPECT_TRUE(state.ok() && state->has_value());
    return state.ok() && *state ? **state : AccessState();
  }
  v1::RefreshTokenResponse Answer(const std::string& token) {
    v1::RefreshTokenResponse response;
    response.mutable_token()->set_token(token);
    *response.mutable_token()->mutable_expires_at() =
        ToTimestamp(register_now_ + absl::Minutes(15));
    *response.mutable_server_time() = ToTimestamp(register_now_);
    return response;
  }

  testing::TempDir directory_;
  PosixFileSystem files_;
  testing::ManualClock clock_;
  SeededRandom random_{1};
  const AccessParts parts_;
  P256PrivateKey key_;
  const absl::Time register_now_;
  AccessState state_;
  std::shared_ptr<ProgramAccess> access_;
};

TEST_F(ProgramAccessTest, ACallProvesThatItHasTheKey) {
  VIGIL_ASSERT_OK_AND_ASSIGN(const ProgramAccess::Headers headers, access_->MakeHeaders(kPull));
  EXPECT_EQ(headers.token, "first");
  EXPECT_EQ(headers.authorization, "Bearer first");
  v1::CallProof proof;
  ASSERT_TRUE(proof.ParseFromString(headers.proof));
  EXPECT_EQ(proof.nonce().size(), 16U);
  const absl::Time issued_at =
      FromMicros(google::protobuf::util::TimeUtil::TimestampToMicroseconds(proof.issued_at()));
  EXPECT_EQ(issued_at, register_now_) << "by the register's clock";
  EXPECT_TRUE(key_.public_key().Verifies(
      {.message = BytesToSign(CallToSign{.register_id = *Uuid::Parse(kRegister),
                                         .token_hash = Sha256Of("first"),
                                         .method = kPull,
                                         .issued_at = issued_at,
                                         .nonce = proof.nonce()}),
       .signature = proof.signature()}));
}

TEST_F(ProgramAccessTest, NoNonceComesTwice) {
  std::set<std::string> nonces;
  for (int i = 0; i < 100; ++i) {
    VIGIL_ASSERT_OK_AND_ASSIGN(const ProgramAccess::Headers headers, access_->MakeHeaders(kPull));
    v1::CallProof proof;
    ASSERT_TRUE(proof.ParseFromString(headers.proof));
    EXPECT_TRUE(nonces.insert(proof.nonce()).second);
  }
}

TEST_F(ProgramAccessTest, APushIsSignedItself) {
  VIGIL_ASSERT_OK_AND_ASSIGN(const ProgramAccess::Headers headers,
                             access_->MakeHeaders("vigil.v1.SyncService/Push"));
  EXPECT_EQ(headers.proof, "");
  EXPECT_EQ(headers.authorization, "Bearer first");
}

TEST_F(ProgramAccessTest, ATokenIsGoodUntilShortlyBeforeItsEndByTheRegistersClock) {
  EXPECT_TRUE(access_->HasGoodToken());
  clock_.Advance(absl::Minutes(14) + absl::Seconds(29));
  EXPECT_TRUE(access_->HasGoodToken());
  clock_.Advance(absl::Seconds(1));
  EXPECT_FALSE(access_->HasGoodToken());
  access_->CorrectClock(register_now_);
  EXPECT_TRUE(access_->HasGoodToken()) << "it was this machine's clock that was wrong";
}

TEST_F(ProgramAccessTest, WhatFollowsIsStoredBeforeItIsSent) {
  VIGIL_ASSERT_OK_AND_ASSIGN(auto exchange, access_->BeginExchange("first"));
  ASSERT_TRUE(exchange->request().has_value());
  const v1::RefreshTokenRequest& request = *exchange->request();
  const AccessState stored = Stored();
  EXPECT_EQ(stored.refresh_token, state_.refresh_token);
  ASSERT_EQ(stored.next_refresh_token.size(), 32U);
  EXPECT_EQ(request.device(), kDevice);
  EXPECT_EQ(request.refresh_token(), stored.refresh_token);
  EXPECT_EQ(request.next_hash(), Sha256Of(stored.next_refresh_token).bytes());
  EXPECT_TRUE(key_.public_key().Verifies(
      {.message = BytesToSign(RefreshToSign{.refresh_hash = Sha256Of(stored.refresh_token),
                                            .next_hash = Sha256Of(stored.next_refresh_token)}),
       .signature = request.signature()}));

  VIGIL_ASSERT_OK(access_->EndExchange(std::move(exchange), Answer("second")));
  const AccessState after = Stored();
  EXPECT_EQ(after.refresh_token, stored.next_refresh_token);
  EXPECT_EQ(after.next_refresh_token, "");
  EXPECT_EQ(after.token, "second");
  VIGIL_ASSERT_OK_AND_ASSIGN(const ProgramAccess::Headers headers, access_->MakeHeaders(kPull));
  EXPECT_EQ(headers.token, "second");
}

TEST_F(ProgramAccessTest, ALostAnswerIsAskedForWithTheSamePair) {
  VIGIL_ASSERT_OK_AND_ASSIGN(auto exchange, access_->BeginExchange("first"));
  const v1::RefreshTokenRequest lost = *exchange->request();
  EXPECT_THAT(access_->EndExchange(std::move(exchange), absl::UnavailableError("no answer")),
              StatusIs(absl::StatusCode::kUnavailable));
  // Also by the next process, after this one was killed.
  const std::shared_ptr<ProgramAccess> next = Open();
  VIGIL_ASSERT_OK_AND_ASSIGN(auto again, next->BeginExchange("first"));
  EXPECT_EQ(again->request()->refresh_token(), lost.refresh_token());
  EXPECT_EQ(again->request()->next_hash(), lost.next_hash());
}

// A disk on which nothing can be written any more, once it is full.
class FullDisk final : public FileSystem {
 public:
  using FileSystem::WriteAtomic;

  absl::StatusOr<std::string> Read(const std::string& path, std::size_t bytes_max) override {
    return files_.Read(path, bytes_max);
  }
  absl::Status WriteAtomic(const std::string& path, std::string_view bytes,
                           const WriteOptions& options) override {
    if (full) return absl::ResourceExhaustedError("the disk is full");
    return files_.WriteAtomic(path, bytes, options);
  }
  absl::StatusOr<std::string> ReadRange(const std::string& path, std::int64_t offset,
                                        std::size_t bytes_max) override {
    return files_.ReadRange(path, offset, bytes_max);
  }
  absl::Status Append(const std::string& path, std::string_view bytes) override {
    return full ? absl::ResourceExhaustedError("the disk is full") : files_.Append(path, bytes);
  }
  absl::Status Rename(const std::string& from, const std::string& to) override {
    return files_.Rename(from, to);
  }
  bool Exists(const std::string& path) override { return files_.Exists(path); }
  absl::StatusOr<std::int64_t> Size(const std::string& path) override { return files_.Size(path); }
  absl::Status Link(const std::string& path, const std::string& also) override {
    return files_.Link(path, also);
  }
  absl::Status Remove(const std::string& path) override { return files_.Remove(path); }
  absl::Status MakeDirectories(const std::string& path, unsigned mode) override {
    return files_.MakeDirectories(path, mode);
  }
  absl::StatusOr<std::vector<std::string>> List(const std::string& path) override {
    return files_.List(path);
  }
  absl::Status Sync(const std::string& path) override { return files_.Sync(path); }
  absl::StatusOr<std::int64_t> FreeBytes(const std::string& path) override {
    return files_.FreeBytes(path);
  }

  bool full = false;

 private:
  PosixFileSystem files_;
};

TEST_F(ProgramAccessTest, WhatCannotBeStoredIsNotSent) {
  FullDisk disk;
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto access,
                             ProgramAccess::Open({disk, clock_, random_}, directory_.path()));
  disk.full = true;
  EXPECT_THAT(access->BeginExchange("first"), StatusIs(absl::StatusCode::kResourceExhausted));
  disk.full = false;
  VIGIL_ASSERT_OK_AND_ASSIGN(auto exchange, access->BeginExchange("first"));
  const std::string next_hash = exchange->request()->next_hash();
  // Nor is an answer that could not be stored forgotten: the pair is asked for again.
  disk.full = true;
  EXPECT_THAT(access->EndExchange(std::move(exchange), Answer("second")),
              StatusIs(absl::StatusCode::kResourceExhausted));
  disk.full = false;
  VIGIL_ASSERT_OK_AND_ASSIGN(exchange, access->BeginExchange("first"));
  ASSERT_TRUE(exchange->request().has_value());
  EXPECT_EQ(exchange->request()->refresh_token(), state_.refresh_token);
  EXPECT_EQ(exchange->request()->next_hash(), next_hash);
}

TEST_F(ProgramAccessTest, WhoeverSignedOutExchangesNothing) {
  VIGIL_ASSERT_OK(RemoveAccessState(files_, directory_.path()));
  EXPECT_THAT(access_->BeginExchange("first"), ReasonIs("REASON_NOT_INITIALISED"));
}

TEST_F(ProgramAccessTest, TwoProcessesDoNotLookLikeAThief) {
  const std::shared_ptr<ProgramAccess> other = Open();
  VIGIL_ASSERT_OK_AND_ASSIGN(auto exchange, access_->BeginExchange("first"));
  VIGIL_ASSERT_OK_AND_ASSIGN(auto busy, other->TryBeginExchange("first"));
  EXPECT_EQ(busy, nullptr) << "one at a time";
  VIGIL_ASSERT_OK(access_->EndExchange(std::move(exchange), Answer("second")));
  VIGIL_ASSERT_OK_AND_ASSIGN(auto late, other->TryBeginExchange("first"));
  ASSERT_NE(late, nullptr);
  EXPECT_FALSE(late->request().has_value()) << "the first one's token is as good";
  VIGIL_ASSERT_OK_AND_ASSIGN(const ProgramAccess::Headers headers, other->MakeHeaders(kPull));
  EXPECT_EQ(headers.token, "second");
  late.reset();
  // The one that is refused although it is new is exchanged.
  VIGIL_ASSERT_OK_AND_ASSIGN(auto refused, other->TryBeginExchange("second"));
  EXPECT_TRUE(refused->request().has_value());
}

TEST_F(ProgramAccessTest, AnotherSignInInTheSameDirectoryIsNotMixedIn) {
  AccessState replaced = state_;
  replaced.device = "01890000-0000-7000-8000-000000000009";
  VIGIL_ASSERT_OK(SaveAccessState(files_, directory_.path(), replaced));
  EXPECT_THAT(access_->BeginExchange("first"), ReasonIs("REASON_NOT_INITIALISED"));
}

TEST_F(ProgramAccessTest, WhatIsDamagedIsSaid) {
  const std::string path = directory_.File("state");
  const std::string good = FormatAccessState(state_);
  VIGIL_ASSERT_OK_AND_ASSIGN(const AccessState same, ParseAccessState(good));
  EXPECT_EQ(FormatAccessState(same), good);
  for (const std::string& bad :
       {std::string(), std::string("vigil-access 2\n"), good.substr(0, good.find("register=")),
        std::string("vigil-access 1\nrefresh_token=abc\n")}) {
    VIGIL_ASSERT_OK(files_.WriteAtomic(path, bad));
    EXPECT_THAT(ProgramAccess::Open(parts_, directory_.path()), ReasonIs("REASON_CORRUPT_FILE"))
        << bad;
  }
}

absl::Status ProofInvalid(absl::Time register_now) {
  return rules::Refuse(v1::REASON_PROOF_INVALID, "too far")
      .With("server_time_us", ToMicros(register_now));
}

TEST_F(ProgramAccessTest, EachRemedyIsTriedOnce) {
  CallRemedies remedies(*access_);
  EXPECT_EQ(remedies.After(rules::Refuse(v1::REASON_TOKEN_EXPIRED, "")), Remedy::kExchange);
  EXPECT_EQ(remedies.After(rules::Refuse(v1::REASON_TOKEN_EXPIRED, "")), Remedy::kNone);
  EXPECT_EQ(remedies.After(rules::Refuse(v1::REASON_UNAUTHENTICATED, "")), Remedy::kNone);
  EXPECT_EQ(remedies.After(ProofInvalid(register_now_)), Remedy::kRepeat);
  EXPECT_EQ(remedies.After(ProofInvalid(register_now_)), Remedy::kNone);
}

TEST_F(ProgramAccessTest, WhatNoRemedyHelpsIsLeft) {
  CallRemedies remedies(*access_);
  for (const v1::Reason reason :
       {v1::REASON_DEVICE_REVOKED, v1::REASON_NOT_PERMITTED, v1::REASON_WRONG_CHANNEL,
        v1::REASON_RATE_LIMITED, v1::REASON_SERVER_UNREACHABLE, v1::REASON_PROOF_INVALID}) {
    EXPECT_EQ(remedies.After(rules::Refuse(reason, "")), Remedy::kNone) << reason;
  }
  EXPECT_EQ(remedies.After(absl::UnavailableError("")), Remedy::kNone);
}

TEST_F(ProgramAccessTest, ARefusedProofSetsTheClockRight) {
  CallRemedies remedies(*access_);
  const absl::Time later = register_now_ + absl::Hours(2);
  EXPECT_EQ(remedies.After(ProofInvalid(later)), Remedy::kRepeat);
  VIGIL_ASSERT_OK_AND_ASSIGN(const ProgramAccess::Headers headers, access_->MakeHeaders(kPull));
  v1::CallProof proof;
  ASSERT_TRUE(proof.ParseFromString(headers.proof));
  EXPECT_EQ(google::protobuf::util::TimeUtil::TimestampToMicroseconds(proof.issued_at()),
            ToMicros(later));
}

}  // namespace
}  // namespace vigil::transport
