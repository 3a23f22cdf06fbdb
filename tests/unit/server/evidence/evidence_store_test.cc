#include "server/evidence/evidence_store.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/random.h"
#include "tests/support/manual_clock.h"
#include "tests/support/sim_files.h"
#include "tests/support/sim_vfs.h"
#include "tests/support/status_matchers.h"

namespace vigil::evidence {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::ReasonIs;

constexpr std::string_view kDirectory = "data/evidence";
constexpr std::size_t kChunk = 700;

// A picture of so many bytes; each `which` another one.
std::string Picture(char which, std::size_t size) {
  std::string content = "\xff\xd8\xff\xe0";
  while (content.size() < size) content += static_cast<char>(which + content.size() % 31);
  return content;
}

Uuid PersonOf(int number) {
  SeededRandom random(static_cast<std::uint64_t>(number));
  return MakeUuidV7(testing::StoryBegin(), random);
}

class EvidenceStoreTest : public ::testing::Test {
 protected:
  EvidenceStoreTest() { Open(); }

  static EvidenceStore::Limits UsualLimits() {
    return {.content_bytes_max = 1'000'000,
            .person_bytes_max = 2'000'000,
            .total_bytes_max = 10'000'000,
            .grace = absl::Hours(24 * 30),
            .media_types = {"image/jpeg", "application/pdf"}};
  }

  void Open() {
    store_.reset();
    auto opened = EvidenceStore::Open(files_, std::string(kDirectory), limits_, now_, vfs_.name());
    ASSERT_THAT(opened, IsOk());
    store_ = *std::move(opened);
  }
  void Crash() {
    store_.reset();
    files_.Crash();
    vfs_.Crash();
    Open();
  }

  absl::StatusOr<EvidenceStore::Received> Send(const std::string& content, std::int64_t offset,
                                               std::size_t bytes, int person = 1) {
    return store_->Take(
        {.content = Sha256Of(content),
         .size_bytes = static_cast<std::int64_t>(content.size()),
         .media_type = "image/jpeg",
         .offset = offset,
         .bytes = std::string_view(content).substr(static_cast<std::size_t>(offset), bytes)},
        PersonOf(person), now_);
  }
  // As a phone does: from where the store is, chunk after chunk.
  absl::Status SendAll(const std::string& content, int person = 1) {
    auto received = store_->Look(Sha256Of(content), PersonOf(person));
    while (received.ok() && !received->complete) {
      received = Send(content, received->bytes, kChunk, person);
    }
    return received.status();
  }
  std::string ReadAll(const std::string& content) {
    const auto piece = store_->Read(Sha256Of(content), 0, 10'000'000);
    return piece.ok() ? piece->bytes : std::string(piece.status().message());
  }
  void Refer(const std::string& content) {
    VIGIL_ASSERT_OK(
        store_->index().AddReferences({{Sha256Of(content), PersonOf(99)}}, {"epoch", Seq(1)}));
  }

  absl::Time now_ = testing::StoryBegin();
  EvidenceStore::Limits limits_ = UsualLimits();
  testing::SimFiles files_{1};
  testing::SimVfs vfs_;
  std::unique_ptr<EvidenceStore> store_;
};

TEST_F(EvidenceStoreTest, WhatCameInChunksIsWhatWasSent) {
  const std::string content = Picture('a', 2000);
  EXPECT_FALSE(store_->Has(Sha256Of(content)));
  VIGIL_ASSERT_OK(SendAll(content));
  EXPECT_TRUE(store_->Has(Sha256Of(content)));
  EXPECT_EQ(ReadAll(content), content);
  const auto middle = store_->Read(Sha256Of(content), 100, 7);
  ASSERT_THAT(middle, IsOk());
  EXPECT_EQ(middle->bytes, content.substr(100, 7));
  EXPECT_EQ(middle->size_bytes, 2000);
  EXPECT_EQ(middle->media_type, "image/jpeg");
  EXPECT_THAT(store_->Read(Sha256Of(content), 2001, 7), ReasonIs("REASON_INVALID_NUMBER"));
  EXPECT_THAT(store_->Read(Sha256Of("another"), 0, 7), ReasonIs("REASON_NOT_FOUND"));
}

TEST_F(EvidenceStoreTest, AChunkMayComeTwiceOverlapOrComeTooEarly) {
  const std::string content = Picture('a', 2000);
  EXPECT_EQ(Send(content, 0, 700)->bytes, 700);
  EXPECT_EQ(Send(content, 0, 700)->bytes, 700);
  EXPECT_EQ(Send(content, 1400, 600)->bytes, 700) << "a chunk from behind what is here was taken";
  EXPECT_EQ(Send(content, 500, 900)->bytes, 1400);
  EXPECT_TRUE(Send(content, 1400, 600)->complete);
  EXPECT_TRUE(Send(content, 0, 700)->complete);
  EXPECT_EQ(ReadAll(content), content);
}

TEST_F(EvidenceStoreTest, ARestartGoesOnWhereItWas) {
  const std::string content = Picture('a', 2000);
  EXPECT_EQ(Send(content, 0, 700)->bytes, 700);
  Open();
  EXPECT_EQ(store_->Look(Sha256Of(content), PersonOf(1))->bytes, 700);
  VIGIL_ASSERT_OK(SendAll(content));
  Open();
  EXPECT_EQ(ReadAll(content), content);
}

TEST_F(EvidenceStoreTest, AWrongContentIsDiscardedAndSaid) {
  const std::string content = Picture('a', 2000);
  std::string wrong = content;
  wrong[1500] ^= 1;
  const EvidenceStore::Chunk chunk{
      .content = Sha256Of(content), .size_bytes = 2000, .media_type = "image/jpeg", .bytes = wrong};
  EXPECT_THAT(store_->Take(chunk, PersonOf(1), now_), ReasonIs("REASON_CONTENT_MISMATCH"));
  EXPECT_FALSE(store_->Has(Sha256Of(content)));
  EXPECT_EQ(store_->total_bytes(), 0);
  EXPECT_EQ(store_->Look(Sha256Of(content), PersonOf(1))->bytes, 0);
  VIGIL_ASSERT_OK(SendAll(content));
  EXPECT_EQ(ReadAll(content), content);
}

TEST_F(EvidenceStoreTest, NobodySpoilsWhatAnotherOneSends) {
  const std::string content = Picture('a', 2000);
  EXPECT_EQ(Send(content, 0, 700, 1)->bytes, 700);
  const std::string rubbish = Picture('z', 2000);
  const EvidenceStore::Chunk chunk{.content = Sha256Of(content),
                                   .size_bytes = 2000,
                                   .media_type = "image/jpeg",
                                   .bytes = std::string_view(rubbish).substr(0, 1900)};
  EXPECT_EQ(store_->Take(chunk, PersonOf(2), now_)->bytes, 1900);
  EXPECT_EQ(store_->Look(Sha256Of(content), PersonOf(1))->bytes, 700);
  VIGIL_ASSERT_OK(SendAll(content, 1));
  EXPECT_EQ(ReadAll(content), content);
}

TEST_F(EvidenceStoreTest, TheSameContentOfTwoIsKeptOnce) {
  const std::string content = Picture('a', 2000);
  EXPECT_EQ(Send(content, 0, 700, 1)->bytes, 700);
  EXPECT_EQ(Send(content, 0, 1400, 2)->bytes, 1400);
  EXPECT_EQ(store_->total_bytes(), 4000);
  EXPECT_TRUE(Send(content, 1400, 600, 2)->complete);
  EXPECT_TRUE(Send(content, 700, 700, 1)->complete);
  EXPECT_EQ(store_->total_bytes(), 2000);
  EXPECT_THAT(files_.List(JoinPath(kDirectory, Sha256Of(content).ToHex().substr(0, 2))),
              IsOkAndHolds(::testing::SizeIs(1)));
}

TEST_F(EvidenceStoreTest, LimitsOfSizeAndKind) {
  EXPECT_THAT(SendAll(Picture('a', 1'000'001)), ReasonIs("REASON_TOO_LARGE"));
  const std::string text = "this is no picture at all, whatever it says of itself";
  EXPECT_THAT(Send(text, 0, 100), ReasonIs("REASON_MEDIA_TYPE_REFUSED"));
  // In small pieces the beginning tells nothing; the end does.
  EXPECT_EQ(Send(text, 0, 8)->bytes, 8);
  EXPECT_THAT(Send(text, 8, 100), ReasonIs("REASON_CONTENT_MISMATCH"));
  const std::string content = Picture('a', 100);
  EvidenceStore::Chunk chunk{
      .content = Sha256Of(content), .size_bytes = 100, .media_type = "image/png", .bytes = content};
  EXPECT_THAT(store_->Take(chunk, PersonOf(1), now_), ReasonIs("REASON_MEDIA_TYPE_REFUSED"));
  chunk.media_type = "image/jpeg";
  chunk.offset = 1;
  EXPECT_THAT(store_->Take(chunk, PersonOf(1), now_), ReasonIs("REASON_INVALID_NUMBER"));
  chunk.offset = -1;
  EXPECT_THAT(store_->Take(chunk, PersonOf(1), now_), ReasonIs("REASON_INVALID_NUMBER"));
  EXPECT_EQ(store_->total_bytes(), 0);
}

TEST_F(EvidenceStoreTest, APersonsQuotaIsWhatNoRecordNames) {
  const std::string first = Picture('a', 900'000);
  const std::string second = Picture('b', 900'000);
  const std::string third = Picture('c', 900'000);
  VIGIL_ASSERT_OK(Send(first, 0, 900'000).status());
  // Counts whole from its first chunk on.
  EXPECT_EQ(Send(second, 0, 1000)->bytes, 1000);
  EXPECT_THAT(Send(third, 0, 1000), ReasonIs("REASON_QUOTA_EXCEEDED"));
  EXPECT_THAT(Send(third, 0, 1000, 2), IsOk());
  Refer(first);
  EXPECT_THAT(Send(third, 0, 1000), IsOk());
}

TEST_F(EvidenceStoreTest, ManyTinyOnesCountAsWhatTheyCost) {
  // 2,000,000 / 65,536.
  for (int i = 0; i < 30; ++i) {
    const std::string tiny = Picture('a', 40) + std::to_string(i);
    VIGIL_ASSERT_OK(Send(tiny, 0, 100).status());
  }
  EXPECT_THAT(Send(Picture('b', 40), 0, 100), ReasonIs("REASON_QUOTA_EXCEEDED"));
}

TEST_F(EvidenceStoreTest, TheRoomForAllIsLimited) {
  limits_.total_bytes_max = 3000;
  Open();
  VIGIL_ASSERT_OK(SendAll(Picture('a', 2000)));
  EXPECT_THAT(SendAll(Picture('b', 1001), 2), ReasonIs("REASON_QUOTA_EXCEEDED"));
  VIGIL_EXPECT_OK(SendAll(Picture('b', 1000), 2));
}

TEST_F(EvidenceStoreTest, WhatNoRecordNamesIsRemovedAfterTheGrace) {
  const std::string named = Picture('a', 2000);
  const std::string unnamed = Picture('b', 2000);
  const std::string unfinished = Picture('c', 2000);
  VIGIL_ASSERT_OK(SendAll(named));
  VIGIL_ASSERT_OK(SendAll(unnamed));
  VIGIL_ASSERT_OK(Send(unfinished, 0, 700).status());
  Refer(named);
  now_ += absl::Hours(24 * 30);
  EXPECT_THAT(store_->Collect(now_, 10), IsOkAndHolds(false));
  EXPECT_TRUE(store_->Has(Sha256Of(unnamed)));
  now_ += absl::Seconds(1);
  EXPECT_THAT(store_->Collect(now_, 10), IsOkAndHolds(false));
  EXPECT_FALSE(store_->Has(Sha256Of(unnamed)));
  EXPECT_EQ(ReadAll(named), named);
  EXPECT_EQ(store_->Look(Sha256Of(unfinished), PersonOf(1))->bytes, 0);
  EXPECT_EQ(store_->total_bytes(), 2000);
  EXPECT_EQ(files_.disk().Paths().size(), 1U);
  VIGIL_EXPECT_OK(SendAll(unnamed));
}

TEST_F(EvidenceStoreTest, AReferenceMayComeFirst) {
  const std::string content = Picture('a', 2000);
  Refer(content);
  VIGIL_ASSERT_OK(SendAll(content));
  VIGIL_ASSERT_OK(store_->Collect(now_ + absl::Hours(24 * 365), 10).status());
  EXPECT_EQ(ReadAll(content), content);
}

TEST_F(EvidenceStoreTest, ATickRemovesNoMoreThanItMay) {
  for (char which = 'a'; which < 'e'; ++which) VIGIL_ASSERT_OK(SendAll(Picture(which, 2000)));
  now_ += absl::Hours(24 * 31);
  EXPECT_THAT(store_->Collect(now_, 3), IsOkAndHolds(true));
  EXPECT_EQ(files_.disk().Paths().size(), 1U);
}

TEST_F(EvidenceStoreTest, ALostIndexIsMadeAnewFromTheFiles) {
  const std::string content = Picture('a', 2000);
  VIGIL_ASSERT_OK(SendAll(content));
  VIGIL_ASSERT_OK(Send(Picture('b', 2000), 0, 700).status());
  store_.reset();
  for (const std::string& path : vfs_.Paths()) vfs_.Remove(path);
  Open();
  EXPECT_EQ(ReadAll(content), content);
  EXPECT_EQ(store_->total_bytes(), 2000);
  EXPECT_EQ(files_.disk().Paths().size(), 1U);
}

// --- Crashes -------------------------------------------------------------------------------------

// A day of the store: one content is sent and named, another one is sent, forgotten and removed.
class EvidenceCrashTest : public EvidenceStoreTest {
 protected:
  const std::string named_ = Picture('a', 3000);
  const std::string unnamed_ = Picture('b', 1500);

  // What has been said to be complete must be there, whole.
  absl::Status Live() {
    VIGIL_RETURN_IF_ERROR(SendAll(unnamed_, 2));
    VIGIL_RETURN_IF_ERROR(SendAll(named_));
    said_complete_ = true;
    VIGIL_RETURN_IF_ERROR(
        store_->index().AddReferences({{Sha256Of(named_), PersonOf(99)}}, {"epoch", Seq(1)}));
    now_ += absl::Hours(24 * 31);
    return store_->Collect(now_, 10).status();
  }

  void Check() {
    for (const std::string& content : {named_, unnamed_}) {
      if (store_->Has(Sha256Of(content))) {
        EXPECT_EQ(Sha256Of(ReadAll(content)), Sha256Of(content)) << "a wrong content is complete";
      }
    }
    if (said_complete_) {
      EXPECT_EQ(ReadAll(named_), named_) << "what was said to be complete is gone";
    }
    // A phone goes on, and gets through: a part that the crash has spoiled is begun anew, once.
    for (int i = 0; i < 2 && !store_->Has(Sha256Of(named_)); ++i) (void)SendAll(named_);
    EXPECT_EQ(ReadAll(named_), named_);
    VIGIL_EXPECT_OK(
        store_->index().AddReferences({{Sha256Of(named_), PersonOf(99)}}, {"epoch", Seq(1)}));
    // One whose upload was over but for a word is found to be complete first.
    for (int i = 0; i < 2; ++i) {
      now_ += absl::Hours(24 * 31);
      VIGIL_EXPECT_OK(store_->Collect(now_, 10).status());
    }
    EXPECT_EQ(ReadAll(named_), named_);
    EXPECT_THAT(files_.disk().Paths(), ::testing::ElementsAre(HasSubstr(Sha256Of(named_).ToHex())))
        << "something is left that nobody needs";
    EXPECT_EQ(store_->total_bytes(), 3000);
  }

  // Begins with an empty disk.
  void Reset(std::uint64_t seed) {
    store_.reset();
    files_ = testing::SimFiles(seed);
    for (const std::string& path : vfs_.Paths()) vfs_.Remove(path);
    now_ = testing::StoryBegin();
    said_complete_ = false;
    Open();
  }

  bool said_complete_ = false;
};

TEST_F(EvidenceCrashTest, AfterACrashAtAnyEffectOnAFileNothingWrongIsComplete) {
  Reset(1);
  const std::int64_t before = files_.effects();
  VIGIL_ASSERT_OK(Live());
  const std::int64_t effects = files_.effects() - before;
  ASSERT_GT(effects, 10);
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    for (std::int64_t i = 0; i < effects; ++i) {
      SCOPED_TRACE(::testing::Message() << "seed " << seed << ", effect " << i);
      Reset(seed);
      files_.FailAfter(i);
      EXPECT_FALSE(Live().ok());
      Crash();
      Check();
    }
  }
}

TEST_F(EvidenceCrashTest, AfterACrashAtAnyWriteOfTheIndexNothingWrongIsComplete) {
  Reset(1);
  const testing::SimVfs::Counts before = vfs_.counts();
  VIGIL_ASSERT_OK(Live());
  const testing::SimVfs::Counts after = vfs_.counts();
  const std::int64_t effects = after.writes - before.writes + after.syncs - before.syncs;
  ASSERT_GT(effects, 10);
  for (std::int64_t i = 0; i < effects; ++i) {
    SCOPED_TRACE(::testing::Message() << "effect " << i);
    Reset(static_cast<std::uint64_t>(i));
    vfs_.SetFault({.operations = testing::SimVfs::kWrite | testing::SimVfs::kSync,
                   .after = i,
                   .sticky = true,
                   .torn = true});
    EXPECT_FALSE(Live().ok());
    Crash();
    Check();
  }
}

}  // namespace
}  // namespace vigil::evidence
