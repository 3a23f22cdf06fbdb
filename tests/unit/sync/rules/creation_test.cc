#include "sync/rules/creation.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/rules/merge.h"
#include "sync/rules/record.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/sync/rules/merge_fixture.h"

namespace vigil::rules {
namespace {

using ::vigil::testing::StatusIs;

v1::RecordWrite PlainWrite() {
  v1::Hazard hazard;
  hazard.set_description("a crack");
  hazard.set_grade(v1::HAZARD_GRADE_MAJOR);
  *hazard.add_photos() = Photo("a");
  *hazard.add_photos() = Photo("b");
  *hazard.mutable_due_date() = Day(7, 31);
  v1::RecordWrite write;
  write.set_record("the hazard");
  write.set_kind(static_cast<std::uint32_t>(Info().number));
  write.set_creates(true);
  write.set_parent("its parent");
  write.set_outside_scope(true);
  for (const SetField& set : FieldsOf(Info(), hazard)) {
    v1::FieldWrite& field = *write.add_fields();
    field.set_field(static_cast<std::uint32_t>(set.field->number()));
    field.set_value(set.bytes);
  }
  return write;
}

TEST(CreationTest, FollowsFromTheRecordThatItMade) {
  const v1::RecordWrite write = PlainWrite();
  const v1::Stamp stamp = StampOf({.device = "phone", .device_seq = 3, .seq = 8, .seen = 7});
  ASSERT_TRUE(IsPlainCreation(write));
  v1::Record record;
  VIGIL_ASSERT_OK(Merge(write, stamp, record));
  // Where it lives is not the author's word.
  record.set_unit("a unit");
  VIGIL_ASSERT_OK_AND_ASSIGN(const Creation creation, CreationOf(CanonicalBytes(record)));
  EXPECT_EQ(creation.write_bytes, CanonicalBytes(write));
  EXPECT_EQ(creation.stamp_bytes, CanonicalBytes(stamp));
}

TEST(CreationTest, IsNotPlainWhereItSaysWhatNoRecordDoes) {
  const auto is_plain = [](auto tweak) {
    v1::RecordWrite write = PlainWrite();
    tweak(write);
    return IsPlainCreation(write);
  };
  EXPECT_FALSE(is_plain([](v1::RecordWrite& write) { write.set_creates(false); }));
  EXPECT_FALSE(is_plain([](v1::RecordWrite& write) { write.mutable_maker(); }));
  EXPECT_FALSE(is_plain([](v1::RecordWrite& write) { write.set_withdrawn_by("another"); }));
  EXPECT_FALSE(is_plain([](v1::RecordWrite& write) { write.add_fields()->set_field(2); }));
  EXPECT_FALSE(is_plain([](v1::RecordWrite& write) { write.mutable_fields(1)->set_removed("x"); }));
  EXPECT_FALSE(
      is_plain([](v1::RecordWrite& write) { write.mutable_fields(1)->set_event_key("x"); }));
  EXPECT_FALSE(is_plain([](v1::RecordWrite& write) { write.mutable_fields(1)->mutable_stamp(); }));
}

TEST(CreationTest, WhatIsNoValueOfItsFieldMakesNothing) {
  const auto made_with = [](const std::string& value) {
    v1::RecordWrite write = PlainWrite();
    write.mutable_fields(1)->set_value(value);
    v1::Record record;
    return Merge(write, StampOf({.device = "phone", .seq = 8}), record);
  };
  VIGIL_EXPECT_OK(made_with(PlainWrite().fields(1).value()));
  EXPECT_THAT(made_with(PlainWrite().fields(0).value()), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(made_with("\xff"), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(CreationTest, OfWhatIsNoRecordThereIsNone) {
  EXPECT_THAT(CreationOf("\xff"), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(CreationOf(""), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace vigil::rules
