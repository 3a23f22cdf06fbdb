#ifndef VIGIL_TESTS_UNIT_SYNC_RULES_MERGE_FIXTURE_H_
#define VIGIL_TESTS_UNIT_SYNC_RULES_MERGE_FIXTURE_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "sync/rules/merge.h"
#include "sync/rules/record.h"
#include "tests/support/rules_world.h"
#include "tests/support/status_matchers.h"

// One hazard, and what people write to it.

namespace vigil::rules {

using H = v1::Hazard;

// Phones number what they do; clerks' devices too, but they cover by what they saw alone.
struct By {
  std::string_view device;
  std::uint64_t device_seq = 1;
  std::uint64_t seq = 0;
  std::uint64_t seen = 0;
  bool phone = true;
  int second = 0;
};

inline v1::Stamp StampOf(const By& by) {
  v1::Stamp stamp;
  stamp.set_device(std::string(by.device));
  stamp.set_device_seq(by.device_seq);
  stamp.set_seq(by.seq);
  stamp.set_seen(by.seen);
  stamp.set_covers_own(by.phone);
  stamp.mutable_observed_at()->set_seconds(1498874400 + by.second);
  return stamp;
}

inline const EntityInfo& Info() { return *Schema::Get().FindEntity("hazard"); }
inline const FieldInfo& Field(int number) { return *Info().Find(number); }

inline v1::Evidence Photo(std::string_view name) {
  v1::Evidence photo;
  photo.set_sha256(std::string(name));
  return photo;
}

inline v1::Date Day(int month, int day) {
  v1::Date date;
  date.set_year(2017);
  date.set_month(month);
  date.set_day(day);
  return date;
}

class MergeTest : public ::testing::Test {
 protected:
  // The record, made by the office with seq 1.
  void SetUp() override {
    H hazard;
    hazard.set_description("a crack");
    hazard.set_status(v1::HAZARD_STATUS_REPORTED);
    Make(hazard, {.device = "office", .seq = 1, .phone = false});
  }
  void Make(const H& hazard, const By& by) {
    record_.Clear();
    v1::RecordWrite write = Write(hazard, {});
    write.set_creates(true);
    for (const FieldInfo& field : Info().fields) {
      if (FieldBytes(hazard, field).empty()) continue;
      write.add_fields()->set_field(static_cast<std::uint32_t>(field.number()));
      write.mutable_fields()->rbegin()->set_value(FieldBytes(hazard, field));
    }
    VIGIL_ASSERT_OK(Merge(write, StampOf(by), record_));
  }
  static v1::RecordWrite Write(const H& hazard, std::initializer_list<int> fields) {
    v1::RecordWrite write;
    write.set_record(testing::IdOf("hazard"));
    write.set_kind(static_cast<std::uint32_t>(Info().number));
    for (const int field : fields) {
      write.add_fields()->set_field(static_cast<std::uint32_t>(field));
      write.mutable_fields()->rbegin()->set_value(FieldBytes(hazard, Field(field)));
    }
    return write;
  }
  void Put(const H& hazard, std::initializer_list<int> fields, const By& by) {
    VIGIL_ASSERT_OK(Merge(Write(hazard, fields), StampOf(by), record_));
  }
  void Describe(std::string_view text, const By& by) {
    H hazard;
    hazard.set_description(std::string(text));
    Put(hazard, {H::kDescriptionFieldNumber}, by);
  }
  void Grade(v1::HazardGrade grade, const By& by) {
    H hazard;
    hazard.set_grade(grade);
    Put(hazard, {H::kGradeFieldNumber}, by);
  }
  void Due(const v1::Date& date, const By& by) {
    H hazard;
    if (date.year() != 0) *hazard.mutable_due_date() = date;
    Put(hazard, {H::kDueDateFieldNumber}, by);
  }
  void Status(v1::HazardStatus status, std::string_view key, const By& by) {
    H hazard;
    hazard.set_status(status);
    v1::RecordWrite write = Write(hazard, {H::kStatusFieldNumber});
    write.mutable_fields(0)->set_event_key(std::string(key));
    VIGIL_ASSERT_OK(Merge(write, StampOf(by), record_));
  }
  void Photos(std::vector<std::string_view> added, std::vector<std::string_view> removed,
              const By& by) {
    H plus;
    H minus;
    for (const std::string_view name : added) *plus.add_photos() = Photo(name);
    for (const std::string_view name : removed) *minus.add_photos() = Photo(name);
    v1::RecordWrite write = Write(plus, {H::kPhotosFieldNumber});
    write.mutable_fields(0)->set_removed(FieldBytes(minus, Field(H::kPhotosFieldNumber)));
    VIGIL_ASSERT_OK(Merge(write, StampOf(by), record_));
  }
  std::vector<std::string> PhotoNames() const {
    std::vector<std::string> names;
    for (const v1::Evidence& photo : hazard().photos()) names.push_back(photo.sha256());
    return names;
  }
  std::vector<std::string> Descriptions() const {
    std::vector<std::string> values;
    for (const v1::Write& write : LiveWrites(record_, Field(H::kDescriptionFieldNumber))) {
      H body;
      EXPECT_TRUE(body.ParseFromString(write.value()));
      values.push_back(body.description());
    }
    return values;
  }
  bool Disputed(int field) const { return InConflict(record_, Field(field)); }
  const H& hazard() const { return record_.entity().hazard(); }

  v1::Record record_;
};

}  // namespace vigil::rules

#endif  // VIGIL_TESTS_UNIT_SYNC_RULES_MERGE_FIXTURE_H_
