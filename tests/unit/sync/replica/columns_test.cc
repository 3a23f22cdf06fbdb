#include "sync/replica/columns.h"

#include <cstddef>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_phone.h"
#include "vigil/v1/record.pb.h"

namespace vigil::testing {
namespace {

using replica::Columns;
using replica::ColumnsOf;

constexpr char kId[] = "01890000-0000-7000-8000-000000000001";
constexpr char kUnit[] = "01890000-0000-7000-8000-000000000002";
constexpr char kParent[] = "01890000-0000-7000-8000-000000000003";
constexpr char kTarget[] = "01890000-0000-7000-8000-000000000004";

v1::Record Hazard() {
  v1::Record record;
  record.set_id(kId);
  record.set_version(300);
  record.set_unit(kUnit);
  record.set_parent(kParent);
  v1::Hazard& hazard = *record.mutable_entity()->mutable_hazard();
  hazard.set_number("H-2017-0001");
  hazard.set_description("坡顶裂缝");
  hazard.set_merged_into(kTarget);
  record.mutable_made_by()->set_seq(12);
  return record;
}

void AddState(v1::Record& record, const std::vector<std::string>& descriptions) {
  v1::FieldState& state = *record.add_states();
  state.set_field(v1::Hazard::kDescriptionFieldNumber);
  for (const std::string& description : descriptions) {
    v1::Hazard alone;
    alone.set_description(description);
    state.add_writes()->set_value(alone.SerializeAsString());
  }
}

// The same record, but not as a register writes it: its version comes once more, at the end.
std::string Unusual(const v1::Record& record) {
  v1::Record version;
  version.set_version(record.version());
  return record.SerializeAsString() + version.SerializeAsString();
}

void ExpectEqual(const Columns& a, const Columns& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.version, b.version);
  EXPECT_EQ(a.parent, b.parent);
  EXPECT_EQ(a.unit, b.unit);
  EXPECT_EQ(a.merged_into, b.merged_into);
  EXPECT_EQ(a.key, b.key);
  EXPECT_EQ(a.in_conflict, b.in_conflict);
}

TEST(ColumnsTest, HoldWhatTheRecordSays) {
  v1::Record record = Hazard();
  AddState(record, {"written once"});
  VIGIL_ASSERT_OK_AND_ASSIGN(const Columns columns, ColumnsOf(record.SerializeAsString()));
  EXPECT_EQ(columns.id.ToString(), kId);
  EXPECT_EQ(columns.kind, v1::Entity::kHazard);
  EXPECT_EQ(columns.version, Seq(300));
  EXPECT_EQ(columns.unit.ToString(), kUnit);
  EXPECT_EQ(columns.parent.ToString(), kParent);
  EXPECT_EQ(columns.merged_into.ToString(), kTarget);
  EXPECT_EQ(columns.key, "H-2017-0001");
  EXPECT_FALSE(columns.in_conflict);
}

TEST(ColumnsTest, OnlyValuesThatDifferAreInConflict) {
  v1::Record equal = Hazard();
  AddState(equal, {"crack", "crack"});
  v1::Record unequal = Hazard();
  AddState(unequal, {"crack", "seepage"});
  EXPECT_FALSE(ColumnsOf(equal.SerializeAsString())->in_conflict);
  EXPECT_TRUE(ColumnsOf(unequal.SerializeAsString())->in_conflict);
}

TEST(ColumnsTest, AKindThatIsNotKnownHasNumberNone) {
  v1::Record record = Hazard();
  record.mutable_entity()->Clear();
  record.GetReflection()->MutableUnknownFields(&record)->AddVarint(9999, 7);
  v1::Entity& entity = *record.mutable_entity();
  entity.GetReflection()->MutableUnknownFields(&entity)->AddLengthDelimited(9999, "later");
  VIGIL_ASSERT_OK_AND_ASSIGN(const Columns columns, ColumnsOf(record.SerializeAsString()));
  EXPECT_EQ(columns.kind, 0);
  EXPECT_EQ(columns.id.ToString(), kId);
  EXPECT_EQ(columns.key, "");
}

// Cut or parsed, they are the same.
TEST(ColumnsTest, DoNotDependOnHowTheBytesAreRead) {
  SimServer server;
  TestPhone phone(server, server.base().Phone(v1::ROLE_INSPECTOR, server.base().department));
  phone.Report(server.base().risk_source, "crack");
  phone.MustSync();
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto views, phone.replica().List({}));
  std::vector<v1::Record> records = {Hazard()};
  for (const replica::RecordView& view : views) records.push_back(view.record);
  ASSERT_GT(records.size(), 5U);
  for (const v1::Record& record : records) {
    SCOPED_TRACE(record.ShortDebugString());
    VIGIL_ASSERT_OK_AND_ASSIGN(const Columns cut, ColumnsOf(record.SerializeAsString()));
    VIGIL_ASSERT_OK_AND_ASSIGN(const Columns parsed, ColumnsOf(Unusual(record)));
    ExpectEqual(cut, parsed);
  }
}

TEST(ColumnsTest, ATruncatedRecordIsRefusedWhereverItEnds) {
  v1::Record record = Hazard();
  AddState(record, {"crack"});
  const std::string bytes = record.SerializeAsString();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    SCOPED_TRACE(size);
    const std::string part = bytes.substr(0, size);
    v1::Record read;
    if (read.ParseFromString(part) && !read.id().empty() && read.version() != 0) {
      VIGIL_EXPECT_OK(ColumnsOf(part));
    } else {
      EXPECT_THAT(ColumnsOf(part), StatusIs(absl::StatusCode::kDataLoss));
    }
  }
}

TEST(ColumnsTest, AKeyThatIsNoTextIsRefused) {
  std::string bytes = Hazard().SerializeAsString();
  bytes[bytes.find("H-2017")] = '\xff';
  EXPECT_THAT(ColumnsOf(bytes), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace vigil::testing
