#include "sync/rules/validate.h"

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/rules/reason.h"
#include "tests/support/rules_world.h"
#include "tests/support/status_matchers.h"

namespace vigil::rules {
namespace {

using ::vigil::testing::IdOf;
using ::vigil::testing::IsOk;
using ::vigil::testing::ReasonIs;

v1::Operation GoodReport() {
  v1::Operation operation;
  operation.set_id(IdOf("operation"));
  operation.set_device(IdOf("device"));
  operation.set_device_seq(1);
  operation.set_person(IdOf("person"));
  operation.mutable_made_at()->set_seconds(1498874400);
  v1::ReportHazard& report = *operation.mutable_report_hazard();
  report.set_hazard_id(IdOf("hazard"));
  v1::Hazard& hazard = *report.mutable_hazard();
  hazard.set_risk_source(IdOf("source"));
  hazard.set_description("a crack above the path 裂缝");
  hazard.mutable_found_at()->set_seconds(1498870000);
  hazard.mutable_position()->set_latitude(22.5);
  hazard.mutable_position()->set_longitude(114.1);
  v1::Evidence& photo = *hazard.add_photos();
  photo.set_sha256(std::string(64, 'a'));
  photo.set_media_type("image/jpeg");
  return operation;
}

struct Fault {
  const char* name;
  const char* reason;
  std::function<void(v1::Operation&)> spoil;
};

v1::Hazard& Body(v1::Operation& op) { return *op.mutable_report_hazard()->mutable_hazard(); }

std::vector<Fault> Faults() {
  using Op = v1::Operation&;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinite = std::numeric_limits<double>::infinity();
  return {
      {"no command", "REASON_MALFORMED", [](Op op) { op.clear_report_hazard(); }},
      {"no id", "REASON_INVALID_ID", [](Op op) { op.clear_id(); }},
      {"id in capitals", "REASON_INVALID_ID",
       [](Op op) { op.set_id("0190A0A0-0000-7000-8000-00000000000A"); }},
      {"device no UUID", "REASON_INVALID_ID", [](Op op) { op.set_device("phone 1"); }},
      {"person no UUID", "REASON_INVALID_ID", [](Op op) { op.set_person("Wang"); }},
      {"epoch no UUID", "REASON_INVALID_ID", [](Op op) { op.set_epoch("one"); }},
      {"seen no UUID", "REASON_INVALID_ID", [](Op op) { op.add_seen()->set_record("x"); }},
      {"new id no UUID", "REASON_INVALID_ID",
       [](Op op) { op.mutable_report_hazard()->set_hazard_id("mine"); }},
      {"reference no UUID", "REASON_INVALID_ID", [](Op op) { Body(op).set_risk_source("SRC-1"); }},
      {"seen twice", "REASON_MALFORMED",
       [](Op op) {
         op.add_seen()->set_record(IdOf("source"));
         op.add_seen()->set_record(IdOf("source"));
       }},
      {"seen beyond numbers", "REASON_INVALID_NUMBER",
       [](Op op) {
         op.add_seen()->set_record(IdOf("source"));
         op.mutable_seen(0)->set_version(std::numeric_limits<std::uint64_t>::max());
       }},
      {"too much seen", "REASON_TOO_MANY_RECORDS",
       [](Op op) {
         for (int i = 0; i < 257; ++i) op.add_seen()->set_record(IdOf("source"));
       }},
      {"device_seq beyond numbers", "REASON_INVALID_NUMBER",
       [](Op op) { op.set_device_seq(std::uint64_t{1} << 63); }},
      {"made in 1850", "REASON_INVALID_TIME",
       [](Op op) { op.mutable_made_at()->set_seconds(-3786912000); }},
      {"made in 2250", "REASON_INVALID_TIME",
       [](Op op) { op.mutable_made_at()->set_seconds(8835984000); }},
      {"made at a time that overflows", "REASON_INVALID_TIME",
       [](Op op) { op.mutable_made_at()->set_seconds(std::numeric_limits<std::int64_t>::max()); }},
      {"negative nanoseconds", "REASON_INVALID_TIME",
       [](Op op) { op.mutable_made_at()->set_nanos(-1); }},
      {"clock off by a thousand years", "REASON_INVALID_TIME",
       [](Op op) { op.set_clock_offset_ms(std::int64_t{1000} * 366 * 24 * 3600 * 1000); }},
      {"clock off by the least number", "REASON_INVALID_TIME",
       [](Op op) { op.set_clock_offset_ms(std::numeric_limits<std::int64_t>::min()); }},
      {"found in 1850", "REASON_INVALID_TIME",
       [](Op op) { Body(op).mutable_found_at()->set_seconds(-3786912000); }},
      {"latitude NaN", "REASON_INVALID_POSITION",
       [=](Op op) { Body(op).mutable_position()->set_latitude(nan); }},
      {"longitude infinite", "REASON_INVALID_POSITION",
       [=](Op op) { Body(op).mutable_position()->set_longitude(-infinite); }},
      {"latitude 91", "REASON_INVALID_POSITION",
       [](Op op) { Body(op).mutable_position()->set_latitude(91); }},
      {"longitude -181", "REASON_INVALID_POSITION",
       [](Op op) { Body(op).mutable_position()->set_longitude(-181); }},
      {"accuracy negative", "REASON_INVALID_POSITION",
       [](Op op) { Body(op).mutable_position()->set_accuracy_m(-1); }},
      {"30 February", "REASON_INVALID_DATE",
       [](Op op) {
         Body(op).mutable_due_date()->set_year(2017);
         Body(op).mutable_due_date()->set_month(2);
         Body(op).mutable_due_date()->set_day(30);
       }},
      {"date of nothing", "REASON_INVALID_DATE", [](Op op) { Body(op).mutable_due_date(); }},
      {"date in 2201", "REASON_INVALID_DATE",
       [](Op op) {
         Body(op).mutable_due_date()->set_year(2201);
         Body(op).mutable_due_date()->set_month(1);
         Body(op).mutable_due_date()->set_day(1);
       }},
      {"month 13", "REASON_INVALID_DATE",
       [](Op op) {
         Body(op).mutable_due_date()->set_year(2017);
         Body(op).mutable_due_date()->set_month(13);
         Body(op).mutable_due_date()->set_day(1);
       }},
      {"text of 4,001 bytes", "REASON_TEXT_TOO_LONG",
       [](Op op) { Body(op).set_description(std::string(4001, 'x')); }},
      {"category beyond its own bound", "REASON_TEXT_TOO_LONG",
       [](Op op) { Body(op).set_category(std::string(101, 'x')); }},
      {"text not UTF-8", "REASON_INVALID_UTF8",
       [](Op op) { Body(op).set_description("\xff\xfe"); }},
      {"text with a NUL", "REASON_INVALID_UTF8",
       [](Op op) { Body(op).set_description(std::string("a\0b", 3)); }},
      {"grade unknown", "REASON_FIELD_UNKNOWN",
       [](Op op) { Body(op).set_grade(static_cast<v1::HazardGrade>(77)); }},
      {"photo without a hash", "REASON_INVALID_VALUE",
       [](Op op) { Body(op).mutable_photos(0)->clear_sha256(); }},
      {"photo's hash in capitals", "REASON_INVALID_VALUE",
       [](Op op) { Body(op).mutable_photos(0)->set_sha256(std::string(64, 'A')); }},
      {"photo of negative size", "REASON_INVALID_VALUE",
       [](Op op) { Body(op).mutable_photos(0)->set_size_bytes(-1); }},
      {"1,001 photos", "REASON_TOO_LARGE",
       [](Op op) {
         for (int i = 0; i < 1000; ++i) *Body(op).add_photos() = Body(op).photos(0);
       }},
      {"unknown field in the content", "REASON_FIELD_UNKNOWN",
       [](Op op) { Body(op).GetReflection()->MutableUnknownFields(&Body(op))->AddVarint(900, 1); }},
      {"unknown field in the envelope", "REASON_FIELD_UNKNOWN",
       [](Op op) { op.GetReflection()->MutableUnknownFields(&op)->AddVarint(900, 1); }},
  };
}

TEST(ValidateTest, AGoodOperationPassesAndComesBackAsItWas) {
  const v1::Operation good = GoodReport();
  VIGIL_EXPECT_OK(ValidateOperation(good));
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::Operation parsed, ParseOperation(good.SerializeAsString()));
  EXPECT_EQ(parsed.SerializeAsString(), good.SerializeAsString());
}

TEST(ValidateTest, EveryFaultHasItsReason) {
  for (const Fault& fault : Faults()) {
    v1::Operation operation = GoodReport();
    fault.spoil(operation);
    EXPECT_THAT(ValidateOperation(operation), ReasonIs(fault.reason)) << fault.name;
  }
}

TEST(ValidateTest, EveryFaultHasItsReasonOverTheWire) {
  for (const Fault& fault : Faults()) {
    v1::Operation operation = GoodReport();
    fault.spoil(operation);
    EXPECT_THAT(ParseOperation(operation.SerializePartialAsString()), ReasonIs(fault.reason))
        << fault.name;
  }
}

TEST(ValidateTest, ANumberThatIsNoneIsRefused) {
  v1::Operation operation = GoodReport();
  v1::CreateRecord& create = *operation.mutable_create_record();
  create.set_record(IdOf("reading"));
  create.mutable_entity()->mutable_reading()->set_value(std::numeric_limits<double>::quiet_NaN());
  EXPECT_THAT(ValidateOperation(operation), ReasonIs("REASON_INVALID_NUMBER"));
}

TEST(ValidateTest, RubbishIsMalformed) {
  EXPECT_THAT(ParseOperation("\x0a\xff\xff\xff"), ReasonIs("REASON_MALFORMED"));
  EXPECT_THAT(ParseOperation(std::string(100, '\x07')), ReasonIs("REASON_MALFORMED"));
  EXPECT_THAT(ParseOperation(""), ::testing::Not(IsOk()));
}

TEST(ValidateTest, AnUnknownCommandIsDeferredNotRefused) {
  v1::Operation operation = GoodReport();
  operation.clear_command();
  operation.GetReflection()->MutableUnknownFields(&operation)->AddLengthDelimited(99, "later");
  const absl::Status status = ParseOperation(operation.SerializeAsString()).status();
  EXPECT_THAT(status, ReasonIs("REASON_COMMAND_UNKNOWN"));
  EXPECT_TRUE(IsDeferral(rules::ReasonOf(status)));
}

TEST(ValidateTest, AnUnknownFieldIsDeferredNotRefused) {
  v1::Operation operation = GoodReport();
  Body(operation).GetReflection()->MutableUnknownFields(&Body(operation))->AddVarint(900, 1);
  EXPECT_TRUE(IsDeferral(rules::ReasonOf(ValidateOperation(operation))));
}

TEST(ValidateTest, EveryPrefixAndEveryFlippedByteIsAnsweredWithAReason) {
  const std::string good = GoodReport().SerializeAsString();
  for (std::size_t i = 0; i < good.size(); ++i) {
    const absl::Status cut = ParseOperation(good.substr(0, i)).status();
    EXPECT_TRUE(cut.ok() || rules::ReasonOf(cut) != v1::REASON_UNSPECIFIED) << i;
    std::string flipped = good;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x55);
    const absl::Status status = ParseOperation(flipped).status();
    EXPECT_TRUE(status.ok() || rules::ReasonOf(status) != v1::REASON_UNSPECIFIED) << i;
  }
}

struct NewBodyCase {
  const char* name;
  const char* reason;
  std::function<void(v1::Hazard&)> spoil;
};

TEST(ValidateNewBodyTest, RequiredFieldsAreThereAndWhatOthersWriteIsNot) {
  const EntityInfo& info = *Schema::Get().FindEntity("hazard");
  v1::Operation operation = GoodReport();
  VIGIL_EXPECT_OK(ValidateNewBody(info, Body(operation)));
  const NewBodyCase cases[] = {
      {"no source", "REASON_REQUIRED_FIELD_MISSING", [](auto& h) { h.clear_risk_source(); }},
      {"no description", "REASON_REQUIRED_FIELD_MISSING", [](auto& h) { h.clear_description(); }},
      {"blank description", "REASON_REQUIRED_FIELD_MISSING",
       [](auto& h) { h.set_description(""); }},
      {"no time", "REASON_REQUIRED_FIELD_MISSING", [](auto& h) { h.clear_found_at(); }},
      {"number", "REASON_FIELD_NOT_EDITABLE", [](auto& h) { h.set_number("2017-1"); }},
      {"status", "REASON_FIELD_NOT_EDITABLE",
       [](auto& h) { h.set_status(v1::HAZARD_STATUS_VERIFIED); }},
      {"import", "REASON_FIELD_NOT_EDITABLE", [](auto& h) { h.mutable_imported_from(); }},
      {"merged", "REASON_FIELD_NOT_EDITABLE", [](auto& h) { h.set_merged_into(IdOf("other")); }},
      {"rectifier", "REASON_FIELD_NOT_EDITABLE",
       [](auto& h) { h.set_rectified_by(IdOf("somebody else")); }},
      {"verified", "REASON_FIELD_NOT_EDITABLE", [](auto& h) { h.mutable_verified_at(); }},
  };
  for (const NewBodyCase& one : cases) {
    v1::Hazard body = Body(operation);
    one.spoil(body);
    EXPECT_THAT(ValidateNewBody(info, body), ReasonIs(one.reason)) << one.name;
  }
}

TEST(ReasonTest, EveryReasonSurvivesTheWayThroughStatusAndDetail) {
  const auto* type = v1::Reason_descriptor();
  for (int i = 1; i < type->value_count(); ++i) {
    const auto reason = static_cast<v1::Reason>(type->value(i)->number());
    const absl::Status status = Refuse(reason, "why").With("field", "grade");
    EXPECT_EQ(rules::ReasonOf(status), reason) << type->value(i)->name();
    const absl::Status back = FromDetail(ToDetail(status));
    EXPECT_EQ(back, status) << type->value(i)->name();
  }
  EXPECT_EQ(rules::ReasonOf(absl::InternalError("disk")), v1::REASON_UNSPECIFIED);
}

TEST(ValidateTogetherTest, WhatABodySaysFitsTogether) {
  v1::Campaign campaign;
  campaign.mutable_starts_on()->set_year(2017);
  campaign.mutable_ends_on()->set_year(2016);
  EXPECT_THAT(ValidateTogether(campaign), ReasonIs("REASON_INVALID_DATE"));
  campaign.mutable_ends_on()->set_year(2017);
  VIGIL_EXPECT_OK(ValidateTogether(campaign));
  // A phone's clock was set while somebody was on site: a fact is taken in.
  v1::Inspection inspection;
  inspection.mutable_started_at()->set_seconds(100);
  inspection.mutable_ended_at()->set_seconds(99);
  VIGIL_EXPECT_OK(ValidateTogether(inspection));
  v1::RiskSource source;
  source.set_inspection_interval_days(-5);
  EXPECT_THAT(ValidateTogether(source), ReasonIs("REASON_INVALID_NUMBER"));
  v1::SupervisionLetter letter;
  letter.mutable_sent_on()->set_year(2017);
  EXPECT_THAT(ValidateTogether(letter), ReasonIs("REASON_REQUIRED_FIELD_MISSING"));
  letter.mutable_limit()->set_year(2017);
  VIGIL_EXPECT_OK(ValidateTogether(letter));
  v1::ResponsibilityStatement statement;
  statement.set_signature(v1::SIGNATURE_STATUS_SIGNED);
  EXPECT_THAT(ValidateTogether(statement), ReasonIs("REASON_REQUIRED_FIELD_MISSING"));
}

}  // namespace
}  // namespace vigil::rules
