#include "sync/engine/evidence.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/hash.h"
#include "sync/engine/engine.h"
#include "sync/engine/evidence_sender.h"
#include "tests/support/sim_evidence.h"
#include "tests/support/sim_files.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_phone.h"

namespace vigil::testing {
namespace {

using engine::EvidenceReport;
using engine::EvidenceRound;
using engine::SessionReport;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Of the register's messages in this test, less what a request takes.
constexpr std::int64_t kChunk = 63 * 1024;

std::string Picture(char which, std::size_t size) {
  std::string content = "\xff\xd8\xff\xe0";
  while (content.size() < size) content += static_cast<char>(which + content.size() % 31);
  return content;
}

class EvidenceTest : public ::testing::Test {
 protected:
  EvidenceTest()
      : photos_(server_),
        phone_(server_, server_.base().Phone(v1::ROLE_INSPECTOR, server_.base().unit)),
        way_(photos_, phone_.actor()),
        kept_(phone_files_, "phone/evidence") {
    phone_.MustSync();
  }

  // As `attach` does: the bytes first, then the operation. The hazard's id.
  std::string ReportWith(const std::string& content) {
    v1::Operation operation;
    v1::ReportHazard& report = *operation.mutable_report_hazard();
    report.set_hazard_id(phone_.NewId());
    report.mutable_hazard()->set_risk_source(server_.base().risk_source);
    report.mutable_hazard()->set_description("cracks at the crest");
    report.mutable_hazard()->mutable_found_at()->set_seconds(absl::ToUnixSeconds(phone_.now()));
    const absl::StatusOr<v1::Evidence> evidence = kept_.Keep(content);
    EXPECT_THAT(evidence, IsOk());
    VIGIL_EXPECT_OK(phone_.replica().KeepEvidence(*evidence));
    *report.mutable_hazard()->add_photos() = *evidence;
    return phone_.MustMake(std::move(operation)).report_hazard().hazard_id();
  }

  EvidenceRound::Parts parts() { return {phone_.replica(), kept_, way_, server_.executor()}; }
  EvidenceReport Round() {
    std::optional<EvidenceReport> report;
    const auto round =
        EvidenceRound::Start(parts(), {}, [&](const EvidenceReport& done) { report = done; });
    server_.executor().RunUntilDone([&] { return report.has_value(); });
    EXPECT_TRUE(report.has_value()) << "the round never ended";
    return report.value_or(EvidenceReport());
  }
  bool RegisterHas(const std::string& content) { return photos_.store().Has(Sha256Of(content)); }
  replica::EvidenceItem Item(const std::string& content) {
    const auto item = phone_.replica().FindEvidence(Sha256Of(content).ToHex());
    EXPECT_TRUE(item.ok() && item->has_value());
    return item.ok() && item->has_value() ? **item : replica::EvidenceItem();
  }

  SimServer server_;
  SimEvidenceServer photos_;
  TestPhone phone_;
  SimEvidenceTransport way_;
  SimFiles phone_files_{2};
  replica::EvidenceFiles kept_;
};

TEST_F(EvidenceTest, APhotoIsSentInChunksAndFetchedByWhoSeesItsHazard) {
  const std::string content = Picture('a', 200'000);
  ReportWith(content);
  phone_.MustSync();
  const EvidenceReport report = Round();
  VIGIL_EXPECT_OK(report.status);
  EXPECT_EQ(report.sent, 1);
  EXPECT_EQ(way_.counts().chunks, 4);
  EXPECT_TRUE(RegisterHas(content));
  EXPECT_TRUE(Item(content).complete);
  // The phone keeps it: the register has no backup that holds the operation.
  EXPECT_TRUE(kept_.Has(Sha256Of(content).ToHex()));
  v1::DownloadEvidenceRequest request;
  request.set_sha256(Sha256Of(content).ToHex());
  request.set_offset(100);
  request.set_bytes_max(50);
  std::optional<std::string> chunk;
  way_.DownloadEvidence(request, [&](absl::StatusOr<v1::DownloadEvidenceResponse> response) {
    chunk = response.ok() ? response->chunk() : std::string(response.status().message());
  });
  server_.executor().RunUntilDone([&] { return chunk.has_value(); });
  EXPECT_EQ(chunk, content.substr(100, 50));
  // A second round has nothing to say.
  EXPECT_EQ(Round().sent, 0);
  EXPECT_EQ(way_.counts().questions, 1);
}

TEST_F(EvidenceTest, ItGoesOnAfterACutAtAnyChunk) {
  const std::int64_t size = 5 * kChunk - 100;
  for (int cut = 0; cut < 5; ++cut) {
    for (const bool answer_lost : {false, true}) {
      SCOPED_TRACE(::testing::Message() << "cut after " << cut << (answer_lost ? ", late" : ""));
      const std::string content = Picture(static_cast<char>('a' + 2 * cut + (answer_lost ? 1 : 0)),
                                          static_cast<std::size_t>(size));
      ReportWith(content);
      way_.faults.cut_after = cut;
      way_.faults.answer_lost = answer_lost;
      const std::int64_t before = way_.counts().bytes;
      EXPECT_THAT(Round().status, ReasonIs("REASON_SERVER_UNREACHABLE"));
      EXPECT_EQ(Item(content).sent_bytes, cut * kChunk);
      VIGIL_EXPECT_OK(Round().status);
      EXPECT_TRUE(RegisterHas(content));
      // What the cut cost is at most one chunk.
      EXPECT_LE(way_.counts().bytes - before, size + kChunk);
    }
  }
}

TEST_F(EvidenceTest, AShortPauseThatTheRegisterAsksForIsWaitedFor) {
  const std::string content = Picture('a', 200'000);
  ReportWith(content);
  way_.faults.pauses = 2;
  const absl::Time before = server_.executor().Now();
  VIGIL_EXPECT_OK(Round().status);
  EXPECT_GE(server_.executor().Now() - before, absl::Seconds(2));
  EXPECT_TRUE(RegisterHas(content));
  // But not for ever.
  ReportWith(Picture('b', 1000));
  way_.faults.pauses = 3;
  EXPECT_THAT(Round().status, ReasonIs("REASON_RATE_LIMITED"));
}

TEST_F(EvidenceTest, ItGoesOnAfterTheRegistersPowerFails) {
  for (int cut = 0; cut < 4; ++cut) {
    const std::string content = Picture(static_cast<char>('a' + cut), 200'000);
    ReportWith(content);
    way_.faults.cut_after = cut;
    EXPECT_FALSE(Round().status.ok());
    photos_.Crash();
    // What the crash has spoiled is found out at the end, and begun anew.
    for (int i = 0; i < 2 && !RegisterHas(content); ++i) (void)Round();
    EXPECT_TRUE(RegisterHas(content)) << "cut after " << cut;
  }
}

TEST_F(EvidenceTest, WhatIsNotTakenDoesNotStopTheOthers) {
  const std::string document = "%PDF-1.7 which this register does not take";
  const std::string damaged = Picture('a', 1000);
  const std::string too_large = Picture('b', 10'000'001);
  const std::string good = Picture('c', 1000);
  for (const std::string& content : {document, damaged, too_large, good}) ReportWith(content);
  phone_files_.disk().SetContent(kept_.PathOf(Sha256Of(damaged).ToHex()), "something else");
  const EvidenceReport report = Round();
  VIGIL_EXPECT_OK(report.status);
  EXPECT_EQ(report.sent, 1);
  EXPECT_EQ(report.refused, 3);
  EXPECT_TRUE(RegisterHas(good));
  EXPECT_EQ(Item(document).error.reason(), v1::REASON_MEDIA_TYPE_REFUSED);
  EXPECT_EQ(Item(damaged).error.reason(), v1::REASON_CONTENT_MISMATCH);
  EXPECT_EQ(Item(too_large).error.reason(), v1::REASON_TOO_LARGE);
  // They are not offered again, unless somebody attaches them once more.
  const int chunks = way_.counts().chunks;
  VIGIL_EXPECT_OK(Round().status);
  EXPECT_EQ(way_.counts().chunks, chunks);
  VIGIL_EXPECT_OK(phone_.replica().KeepEvidence(*kept_.Keep(document)));
  EXPECT_EQ(Round().refused, 1);
}

TEST_F(EvidenceTest, AFullRegisterIsAskedAgainLaterAndOthersGoOn) {
  photos_.limits.person_bytes_max = 1'000'000;
  photos_.Restart();
  const std::string large = Picture('a', 1'500'000);
  const std::string small = Picture('b', 1000);
  ReportWith(large);
  ReportWith(small);
  const EvidenceReport report = Round();
  EXPECT_THAT(report.status, ReasonIs("REASON_QUOTA_EXCEEDED"));
  EXPECT_EQ(report.refused, 0);
  EXPECT_TRUE(RegisterHas(small));
  photos_.limits.person_bytes_max = 100'000'000;
  photos_.Restart();
  VIGIL_EXPECT_OK(Round().status);
  EXPECT_TRUE(RegisterHas(large));
}

TEST_F(EvidenceTest, APhoneLetsGoOfWhatTheRegisterHasOnceItsOperationsAreSafe) {
  const std::string content = Picture('a', 1000);
  ReportWith(content);
  phone_.MustSync();
  VIGIL_EXPECT_OK(Round().status);
  VIGIL_EXPECT_OK(Round().status);
  EXPECT_TRUE(kept_.Has(Sha256Of(content).ToHex()));
  // Without backups the journal is kept for 90 days.
  server_.executor().RunFor(absl::Hours(24 * 91));
  phone_.MustSync();
  // The register does not have it any more: it is sent again, and not let go of.
  photos_.files().disk().Remove(
      "evidence/" + Sha256Of(content).ToHex().substr(0, 2) + "/" + Sha256Of(content).ToHex(), true);
  EvidenceReport report = Round();
  EXPECT_EQ(report.forgotten, 0);
  EXPECT_EQ(report.sent, 1);
  EXPECT_TRUE(RegisterHas(content));
  EXPECT_TRUE(kept_.Has(Sha256Of(content).ToHex()));
  report = Round();
  EXPECT_EQ(report.forgotten, 1);
  EXPECT_FALSE(kept_.Has(Sha256Of(content).ToHex()));
  EXPECT_THAT(*phone_.replica().Evidence(), IsEmpty());
}

// --- As long as the phone runs -------------------------------------------------------------------

class EvidenceSenderTest : public EvidenceTest {
 protected:
  void Run() {
    engine::EvidenceSender::Options options;
    options.in_session = [this] { return engine_ != nullptr && engine_->in_session(); };
    options.on_round = [this](const EvidenceReport& report) { rounds_.push_back(report); };
    sender_ = std::make_unique<engine::EvidenceSender>(parts(), phone_.random(), options);
    engine::Engine::Options engine_options;
    engine_options.client = "test/1";
    engine_options.on_session = [this](const SessionReport& report) {
      sessions_.push_back(report);
      sender_->OnSession(report);
    };
    engine_ = std::make_unique<engine::Engine>(phone_.parts(), phone_.random(), engine_options);
    engine_->Start();
  }
  SimExecutor& executor() { return server_.executor(); }

  std::vector<SessionReport> sessions_;
  std::vector<EvidenceReport> rounds_;
  std::unique_ptr<engine::EvidenceSender> sender_;
  std::unique_ptr<engine::Engine> engine_;
};

TEST_F(EvidenceSenderTest, RecordsGoFirst) {
  const std::string content = Picture('a', 200'000);
  const std::string hazard = ReportWith(content);
  int chunks = 0;
  way_.on_chunk = [&](const v1::UploadEvidenceRequest&) {
    ++chunks;
    EXPECT_TRUE(server_.base().Exists(hazard)) << "a photo came before its record";
  };
  Run();
  executor().RunFor(absl::Seconds(10));
  EXPECT_EQ(chunks, 4);
  EXPECT_TRUE(RegisterHas(content));
}

TEST_F(EvidenceSenderTest, AFailingUploadIsTriedAgainAndNoSessionLearnsOfIt) {
  const std::string content = Picture('a', 200'000);
  ReportWith(content);
  way_.faults.reachable = false;
  Run();
  executor().RunFor(absl::Seconds(5));
  ASSERT_THAT(sessions_, SizeIs(1));
  VIGIL_EXPECT_OK(sessions_[0].status);
  EXPECT_EQ(sessions_[0].outcomes.applied, 1);
  EXPECT_GT(sender_->failures(), 0);
  // Records go on as if nothing were.
  const std::string hazard = phone_.Report(server_.base().risk_source, "leak");
  engine_->NoteLocalChange();
  executor().RunFor(absl::Seconds(2));
  EXPECT_TRUE(server_.base().Exists(hazard));
  EXPECT_EQ(engine_->failures(), 0);
  // The pauses grow: in an hour there are a few attempts, not thousands.
  executor().RunFor(absl::Hours(1));
  EXPECT_LT(way_.counts().questions, 40);
  EXPECT_GT(way_.counts().questions, 8);
  way_.faults.reachable = true;
  executor().RunFor(absl::Minutes(10));
  EXPECT_TRUE(RegisterHas(content));
  EXPECT_EQ(sender_->failures(), 0);
}

TEST_F(EvidenceSenderTest, NoChunkLeavesWhileASessionIsUnderWay) {
  const std::string content = Picture('a', 20 * static_cast<std::size_t>(kChunk));
  ReportWith(content);
  int in_session = 0;
  int at_once = 0;
  way_.on_chunk = [&](const v1::UploadEvidenceRequest&) {
    // One may have left just before the session began.
    in_session = engine_->in_session() ? in_session + 1 : 0;
    at_once = std::max(at_once, in_session);
    if (way_.counts().chunks == 5) engine_->SyncNow();
  };
  Run();
  executor().RunFor(absl::Seconds(30));
  EXPECT_LE(at_once, 1);
  EXPECT_GT(sessions_.size(), 1U);
  EXPECT_TRUE(RegisterHas(content));
  const auto interrupted = [](const EvidenceReport& report) { return report.interrupted; };
  EXPECT_TRUE(std::any_of(rounds_.begin(), rounds_.end(), interrupted));
}

}  // namespace
}  // namespace vigil::testing
