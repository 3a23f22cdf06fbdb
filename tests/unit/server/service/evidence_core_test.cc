#include "server/service/evidence_core.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/service/register_core.h"
#include "sync/base/hash.h"
#include "tests/support/sim_evidence.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_register.h"

namespace vigil::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class EvidenceCoreTest : public ::testing::Test {
 protected:
  EvidenceCoreTest() : photos_(server_), reg_(server_.base()) {}

  static std::string Picture(char which) {
    return std::string("\xff\xd8\xff\xe0") + std::string(1000, which);
  }
  absl::Status Upload(const Actor& actor, const std::string& content) {
    v1::UploadEvidenceRequest request;
    request.set_sha256(Sha256Of(content).ToHex());
    request.set_media_type("image/jpeg");
    request.set_size_bytes(static_cast<std::int64_t>(content.size()));
    request.set_chunk(content);
    return photos_.core().Upload(actor.author, request).status();
  }
  absl::StatusOr<v1::DownloadEvidenceResponse> Download(const Actor& actor,
                                                        const std::string& content) {
    v1::DownloadEvidenceRequest request;
    request.set_sha256(Sha256Of(content).ToHex());
    return photos_.core().Download(actor.author, request);
  }
  std::string ReportWith(Actor& actor, const std::string& content) {
    v1::Operation operation = reg_.Begin(actor);
    v1::ReportHazard& report = *operation.mutable_report_hazard();
    report.set_hazard_id(reg_.NewId());
    report.mutable_hazard()->set_risk_source(reg_.risk_source);
    report.mutable_hazard()->set_description("cracks at the crest");
    *report.mutable_hazard()->mutable_found_at() = operation.made_at();
    v1::Evidence& photo = *report.mutable_hazard()->add_photos();
    photo.set_sha256(Sha256Of(content).ToHex());
    photo.set_media_type("image/jpeg");
    photo.set_size_bytes(static_cast<std::int64_t>(content.size()));
    EXPECT_EQ(reg_.Submit(actor, operation).verdict(), v1::VERDICT_APPLIED);
    return report.hazard_id();
  }

  SimServer server_;
  SimEvidenceServer photos_;
  TestRegister& reg_;
  Actor phone_ = reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit);
  Actor here_ = reg_.Clerk(v1::ROLE_RESPONSIBLE_UNIT, reg_.unit);
  Actor elsewhere_ = reg_.Clerk(v1::ROLE_RESPONSIBLE_UNIT, reg_.other_unit);
};

TEST_F(EvidenceCoreTest, APhotoIsReadByWhoeverSeesARecordThatNamesIt) {
  const std::string content = Picture('a');
  VIGIL_ASSERT_OK(Upload(phone_, content));
  // No record names it: nobody reads it, its sender neither.
  EXPECT_THAT(Download(phone_, content), ReasonIs("REASON_NOT_FOUND"));
  ReportWith(phone_, content);
  for (const Actor& actor : {phone_, here_}) {
    const auto read = Download(actor, content);
    ASSERT_THAT(read, IsOk());
    EXPECT_EQ(read->chunk(), content);
  }
  EXPECT_THAT(Download(elsewhere_, content), ReasonIs("REASON_NOT_FOUND"));
}

TEST_F(EvidenceCoreTest, WhatHasNotArrivedIsSaidByTheRecord) {
  const std::string content = Picture('a');
  const std::string hazard = ReportWith(phone_, content);
  service::RegisterCore core(reg_.target(), "Asia/Shanghai",
                             [this](const Sha256& sha256) { return photos_.store().Has(sha256); });
  v1::GetRecordRequest request;
  request.set_record(hazard);
  EXPECT_THAT(core.GetRecord(here_.author, request)->missing_evidence(),
              ElementsAre(Sha256Of(content).ToHex()));
  EXPECT_THAT(Download(here_, content), ReasonIs("REASON_NOT_FOUND"));
  VIGIL_ASSERT_OK(Upload(phone_, content));
  EXPECT_THAT(core.GetRecord(here_.author, request)->missing_evidence(), IsEmpty());
}

TEST_F(EvidenceCoreTest, BadRequestsAreRefused) {
  v1::GetEvidenceStatusRequest question;
  question.add_sha256("no hash");
  EXPECT_THAT(photos_.core().GetStatus(phone_.author, question), ReasonIs("REASON_INVALID_ID"));
  question.clear_sha256();
  for (int i = 0; i < 257; ++i) question.add_sha256(Sha256Of("x").ToHex());
  EXPECT_THAT(photos_.core().GetStatus(phone_.author, question), ReasonIs("REASON_TOO_LARGE"));
  v1::UploadEvidenceRequest request;
  request.set_sha256(Sha256Of("x").ToHex());
  request.set_media_type("image/jpeg");
  request.set_size_bytes(1'000'000);
  request.set_chunk(std::string(64 * 1024, 'x'));
  EXPECT_THAT(photos_.core().Upload(phone_.author, request), ReasonIs("REASON_TOO_LARGE"));
}

TEST_F(EvidenceCoreTest, ATickRemovesNothingThatARecordNames) {
  const std::string named = Picture('a');
  const std::string unnamed = Picture('b');
  ReportWith(phone_, named);
  VIGIL_ASSERT_OK(Upload(phone_, named));
  VIGIL_ASSERT_OK(Upload(phone_, unnamed));
  server_.executor().RunFor(absl::Hours(24 * 31));
  VIGIL_ASSERT_OK(photos_.core().Tick());
  EXPECT_TRUE(photos_.store().Has(Sha256Of(named)));
  EXPECT_FALSE(photos_.store().Has(Sha256Of(unnamed)));
}

}  // namespace
}  // namespace vigil::testing
