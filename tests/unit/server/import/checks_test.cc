#include "server/import/checks.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vigil::importer {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

MATCHER_P2(FaultIs, column, reason, "") {
  *result_listener << arg.column << ", " << v1::Reason_Name(arg.reason) << ", " << arg.message;
  return arg.column == column && arg.reason == reason;
}

v1::Hazard Confirmed() {
  v1::Hazard hazard;
  hazard.set_status(v1::HAZARD_STATUS_CONFIRMED);
  hazard.set_grade(v1::HAZARD_GRADE_GENERAL);
  hazard.set_responsible_unit("x");
  hazard.mutable_due_date()->set_year(2017);
  return hazard;
}

std::vector<Fault> Check(const v1::Hazard& hazard) {
  v1::Entity entity;
  *entity.mutable_hazard() = hazard;
  return CheckInitialState(entity);
}

TEST(ChecksTest, AReportNeedsNoMoreThanItsStatus) {
  v1::Hazard hazard;
  hazard.set_status(v1::HAZARD_STATUS_REPORTED);
  EXPECT_THAT(Check(hazard), IsEmpty());
  hazard.clear_status();
  EXPECT_THAT(Check(hazard),
              UnorderedElementsAre(FaultIs("status", v1::REASON_REQUIRED_FIELD_MISSING)));
}

TEST(ChecksTest, WhateverWasConfirmedHasGradeUnitAndDueDate) {
  EXPECT_THAT(Check(Confirmed()), IsEmpty());
  for (const auto status : {v1::HAZARD_STATUS_CONFIRMED, v1::HAZARD_STATUS_RECTIFYING,
                            v1::HAZARD_STATUS_SUBMITTED, v1::HAZARD_STATUS_VERIFIED,
                            v1::HAZARD_STATUS_TRANSFERRED, v1::HAZARD_STATUS_TRANSFER_PENDING}) {
    v1::Hazard hazard;
    hazard.set_status(status);
    EXPECT_THAT(Check(hazard),
                UnorderedElementsAre(FaultIs("grade", v1::REASON_REQUIRED_FIELD_MISSING),
                                     FaultIs("responsible_unit", v1::REASON_UNIT_REQUIRED),
                                     FaultIs("due_date", v1::REASON_DUE_DATE_REQUIRED)))
        << v1::HazardStatus_Name(status);
  }
}

TEST(ChecksTest, RejectedAndMergedSayWhy) {
  v1::Hazard hazard;
  hazard.set_status(v1::HAZARD_STATUS_REJECTED);
  EXPECT_THAT(Check(hazard),
              UnorderedElementsAre(FaultIs("rejection_reason", v1::REASON_REASON_REQUIRED)));
  hazard.set_status(v1::HAZARD_STATUS_MERGED);
  EXPECT_THAT(Check(hazard),
              UnorderedElementsAre(FaultIs("merged_into", v1::REASON_REQUIRED_FIELD_MISSING)));
}

TEST(ChecksTest, AnIssuedOrderHasWhatIssuingNeeds) {
  v1::Entity entity;
  v1::SupervisionOrder& order = *entity.mutable_supervision_order();
  order.set_status(v1::ORDER_STATUS_PROPOSED);
  EXPECT_THAT(CheckInitialState(entity), IsEmpty());
  order.set_status(v1::ORDER_STATUS_LIFTED);
  EXPECT_THAT(CheckInitialState(entity),
              UnorderedElementsAre(FaultIs("content", v1::REASON_REQUIRED_FIELD_MISSING),
                                   FaultIs("signatory", v1::REASON_REQUIRED_FIELD_MISSING),
                                   FaultIs("plan_due", v1::REASON_DUE_DATE_REQUIRED),
                                   FaultIs("due_date", v1::REASON_DUE_DATE_REQUIRED),
                                   FaultIs("lifted_on", v1::REASON_REQUIRED_FIELD_MISSING)));
  order.clear_status();
  EXPECT_THAT(CheckInitialState(entity),
              UnorderedElementsAre(FaultIs("status", v1::REASON_REQUIRED_FIELD_MISSING)));
}

TEST(ChecksTest, PositionsAreOnEarthAndWhole) {
  v1::Hazard hazard = Confirmed();
  hazard.mutable_position()->set_latitude(22.5);
  EXPECT_THAT(Check(hazard),
              UnorderedElementsAre(FaultIs("position_latitude", v1::REASON_INVALID_POSITION)));
  hazard.mutable_position()->set_longitude(214);
  EXPECT_THAT(Check(hazard),
              UnorderedElementsAre(FaultIs("position_longitude", v1::REASON_INVALID_POSITION)));
  hazard.mutable_position()->set_longitude(114);
  EXPECT_THAT(Check(hazard), IsEmpty());
  hazard.mutable_position()->set_latitude(-91);
  hazard.mutable_position()->set_accuracy_m(-1);
  EXPECT_THAT(Check(hazard),
              UnorderedElementsAre(FaultIs("position_latitude", v1::REASON_INVALID_POSITION),
                                   FaultIs("position_accuracy_m", v1::REASON_INVALID_POSITION)));
}

TEST(ChecksTest, ARatingByLecHasItsThreeFactors) {
  v1::Entity entity;
  v1::Rating& rating = *entity.mutable_risk_source()->mutable_rating();
  rating.set_l(3);
  EXPECT_THAT(CheckInitialState(entity),
              UnorderedElementsAre(FaultIs("rating_method", v1::REASON_REQUIRED_FIELD_MISSING)));
  rating.set_method(v1::RATING_METHOD_LEC);
  EXPECT_THAT(CheckInitialState(entity),
              UnorderedElementsAre(FaultIs("rating_method", v1::REASON_INVALID_VALUE)));
  rating.set_e(6);
  rating.set_c(15);
  EXPECT_THAT(CheckInitialState(entity), IsEmpty());
}

TEST(ChecksTest, TransfersAndCampaigns) {
  v1::Entity entity;
  entity.mutable_transfer()->set_status(v1::TRANSFER_STATUS_REFUSED);
  EXPECT_THAT(CheckInitialState(entity),
              UnorderedElementsAre(FaultIs("refusal_reason", v1::REASON_REASON_REQUIRED)));
  entity.mutable_campaign()->mutable_starts_on()->set_year(2018);
  entity.mutable_campaign()->mutable_ends_on()->set_year(2017);
  EXPECT_THAT(CheckInitialState(entity),
              UnorderedElementsAre(FaultIs("ends_on", v1::REASON_INVALID_DATE)));
}

}  // namespace
}  // namespace vigil::importer
