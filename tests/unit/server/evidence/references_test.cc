#include "server/evidence/references.h"

#include <limits>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/hash.h"
#include "tests/support/sim_vfs.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_register.h"

namespace vigil::evidence {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOkAndHolds;

constexpr int kAll = std::numeric_limits<int>::max();

class ReferencesTest : public ::testing::Test {
 protected:
  ReferencesTest() {
    auto opened = store::EvidenceIndex::Open("index.db", vfs_.name());
    index_ = *std::move(opened);
  }

  void Photo(std::string_view name, google::protobuf::RepeatedPtrField<v1::Evidence>& photos) {
    v1::Evidence& photo = *photos.Add();
    photo.set_sha256(Sha256Of(name).ToHex());
    photo.set_media_type("image/jpeg");
    photo.set_size_bytes(1);
  }
  std::string Report(std::string_view photo) {
    v1::Operation operation = reg_.Begin(phone_);
    v1::ReportHazard& report = *operation.mutable_report_hazard();
    report.set_hazard_id(reg_.NewId());
    report.mutable_hazard()->set_risk_source(reg_.risk_source);
    report.mutable_hazard()->set_description("cracks at the crest");
    *report.mutable_hazard()->mutable_found_at() = operation.made_at();
    Photo(photo, *report.mutable_hazard()->mutable_photos());
    EXPECT_EQ(reg_.Submit(phone_, operation).verdict(), v1::VERDICT_APPLIED);
    return report.hazard_id();
  }
  v1::Outcome EditPhotos(const std::string& hazard, std::string_view add, std::string_view remove) {
    v1::Operation operation = reg_.Begin(phone_);
    v1::EditRecord& edit = *operation.mutable_edit_record();
    edit.set_record(hazard);
    edit.mutable_update_mask()->add_paths("photos");
    edit.mutable_entity()->mutable_hazard();
    if (!add.empty()) Photo(add, *edit.mutable_entity()->mutable_hazard()->mutable_photos());
    if (!remove.empty()) Photo(remove, *edit.mutable_removed()->mutable_hazard()->mutable_photos());
    reg_.See(operation, {hazard});
    return reg_.Submit(phone_, operation);
  }
  std::vector<Uuid> Naming(std::string_view photo) {
    return *index_->RecordsNaming(Sha256Of(photo));
  }

  testing::TestRegister reg_;
  testing::Actor phone_ = reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit);
  testing::SimVfs vfs_;
  std::unique_ptr<store::EvidenceIndex> index_;
};

TEST_F(ReferencesTest, EveryVersionsPhotosAreReferences) {
  const std::string hazard = Report("first");
  EXPECT_THAT(Naming("first"), IsEmpty());
  EXPECT_THAT(CatchUp(reg_.store(), *index_, kAll), IsOkAndHolds(true));
  EXPECT_THAT(Naming("first"), ElementsAre(*Uuid::Parse(hazard)));
  ASSERT_EQ(EditPhotos(hazard, "second", "first").verdict(), v1::VERDICT_APPLIED);
  ASSERT_EQ(reg_.Find(hazard).entity().hazard().photos_size(), 1);
  EXPECT_THAT(CatchUp(reg_.store(), *index_, kAll), IsOkAndHolds(true));
  EXPECT_THAT(Naming("second"), ElementsAre(*Uuid::Parse(hazard)));
  // An earlier version shows it.
  EXPECT_THAT(Naming("first"), ElementsAre(*Uuid::Parse(hazard)));
}

TEST_F(ReferencesTest, ARefusedOperationNamesNothing) {
  v1::Operation operation = reg_.Begin(phone_);
  v1::SubmitRectification& command = *operation.mutable_submit_rectification();
  command.set_hazard(Report("first"));
  command.set_from_status(v1::HAZARD_STATUS_RECTIFYING);
  Photo("refused", *command.mutable_photos());
  reg_.See(operation, {command.hazard()});
  ASSERT_EQ(reg_.Submit(phone_, operation).verdict(), v1::VERDICT_REFUSED);
  EXPECT_THAT(CatchUp(reg_.store(), *index_, kAll), IsOkAndHolds(true));
  EXPECT_THAT(Naming("refused"), IsEmpty());
}

TEST_F(ReferencesTest, Promise9AStepLooksAtNoMoreThanItMayAndTheNextGoesOn) {
  const std::string hazard = Report("first");
  const std::int64_t head = reg_.Head().seq.signed_value();
  for (std::int64_t i = 0; i < head - 1; ++i) {
    EXPECT_THAT(CatchUp(reg_.store(), *index_, 1), IsOkAndHolds(false));
    EXPECT_EQ(index_->GetProgress()->seq.signed_value(), i + 1);
  }
  EXPECT_THAT(Naming("first"), IsEmpty());
  EXPECT_THAT(CatchUp(reg_.store(), *index_, kAll), IsOkAndHolds(true));
  EXPECT_THAT(Naming("first"), ElementsAre(*Uuid::Parse(hazard)));
}

TEST_F(ReferencesTest, InAnotherEpochItBeginsAnewAndForgetsNothing) {
  const std::string hazard = Report("first");
  const Uuid lost = *Uuid::Parse(reg_.NewId());
  VIGIL_ASSERT_OK(index_->AddReferences({{Sha256Of("lost"), lost}}, {"former epoch", Seq(1000)}));
  EXPECT_THAT(CatchUp(reg_.store(), *index_, kAll), IsOkAndHolds(true));
  EXPECT_THAT(Naming("first"), ElementsAre(*Uuid::Parse(hazard)));
  EXPECT_THAT(Naming("lost"), ElementsAre(lost));
}

}  // namespace
}  // namespace vigil::evidence
