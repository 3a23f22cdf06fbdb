#include "sync/rules/wire.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/rules/record.h"
#include "vigil/v1/risk_source.pb.h"
#include "vigil/v1/sync_service.pb.h"

namespace vigil::rules {
namespace {

using ::testing::ElementsAre;

// All of it, or nothing.
std::vector<int> NumbersIn(std::string_view bytes) {
  std::vector<int> numbers;
  while (!bytes.empty()) {
    const std::optional<WireField> field = TakeField(bytes);
    if (!field) return {};
    numbers.push_back(field->number);
  }
  return numbers;
}

v1::RiskSource Source() {
  v1::RiskSource source;
  source.set_code("LF-01");
  source.set_name("填埋场");
  source.mutable_position()->set_latitude(22.5);
  source.set_inspection_interval_days(7);
  source.add_control_measures("patrol");
  source.add_control_measures("gas alarm");
  return source;
}

TEST(WireTest, AMessageIsCutWhereItsFieldsBegin) {
  const std::string bytes = CanonicalBytes(Source());
  std::string joined;
  for (std::string_view rest = bytes; !rest.empty();) {
    const std::optional<WireField> field = TakeField(rest);
    ASSERT_TRUE(field.has_value());
    joined += field->bytes;
  }
  EXPECT_EQ(joined, bytes);
}

TEST(WireTest, EachWireTypeIsPassedOver) {
  EXPECT_THAT(NumbersIn(std::string("\x08\x96\x01", 3)), ElementsAre(1));
  EXPECT_THAT(NumbersIn(std::string("\x11\0\0\0\0\0\0\0\0", 9)), ElementsAre(2));
  EXPECT_THAT(NumbersIn(std::string("\x1a\x02hi", 4)), ElementsAre(3));
  EXPECT_THAT(NumbersIn(std::string("\x25\0\0\0\0\x08\x01", 7)), ElementsAre(4, 1));
}

TEST(WireTest, WhatIsNoMessageGivesNothing) {
  for (const std::string& bytes : {
           std::string("\x1a\x05hi", 4),  // shorter than it says
           std::string("\x08", 1),        // a tag alone
           std::string("\x11\0\0", 3),    // half a number
           std::string("\x0b", 1),        // a group
           std::string("\x0f\x01", 2),    // no wire type
           std::string(11, '\xff'),       // a number that does not end
           std::string("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01\x01", 11),  // no tag is so large
       }) {
    std::string_view rest = bytes;
    EXPECT_FALSE(TakeField(rest).has_value()) << bytes.size();
  }
}

TEST(WireTest, FieldsOfABodyAreThoseThatOneReadsAlone) {
  const v1::RiskSource source = Source();
  const EntityInfo& info = *Schema::Get().FindEntity("risk_source");
  std::vector<int> numbers;
  for (const SetField& set : FieldsOf(info, source)) {
    EXPECT_EQ(set.bytes, FieldBytes(source, *set.field)) << set.field->name();
    v1::RiskSource alone;
    EXPECT_TRUE(SetFieldBytes(*set.field, set.bytes, alone));
    EXPECT_EQ(CanonicalBytes(alone), set.bytes) << set.field->name();
    numbers.push_back(set.field->number());
  }
  EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end()));
  EXPECT_EQ(numbers.size(), 5U);
}

TEST(WireTest, AFieldTakesNoBytesButItsOwn) {
  const v1::RiskSource source = Source();
  const EntityInfo& info = *Schema::Get().FindEntity("risk_source");
  const FieldInfo& code = *info.Find("code");
  const FieldInfo& name = *info.Find("name");
  v1::RiskSource body = source;
  EXPECT_FALSE(SetFieldBytes(name, FieldBytes(source, code), body));
  EXPECT_FALSE(SetFieldBytes(code, FieldBytes(source, code) + FieldBytes(source, name), body));
  EXPECT_FALSE(SetFieldBytes(code, "no message", body));
  // The number of the field, but as a number.
  const std::string as_number = {static_cast<char>(code.number() << 3), '\x01'};
  EXPECT_FALSE(SetFieldBytes(code, as_number, body));
  body = source;
  EXPECT_TRUE(SetFieldBytes(code, "", body));
  EXPECT_FALSE(body.has_code());
}

TEST(WireTest, FieldsPutTogetherAreTheMessage) {
  v1::PullResponse page;
  for (const std::size_t size : {0U, 1U, 127U, 128U, 20'000U}) {
    page.add_records(std::string(size, 'r'));
  }
  std::string bytes;
  for (const std::string& record : page.records()) {
    const std::size_t before = bytes.size();
    AppendField(v1::PullResponse::kRecordsFieldNumber, record, bytes);
    EXPECT_LE(bytes.size() - before, record.size() + kFieldHeadBytesMax);
  }
  EXPECT_EQ(bytes, page.SerializeAsString());
  // A number that does not fit into one byte with its type.
  std::string large;
  AppendField(16, "x", large);
  EXPECT_THAT(NumbersIn(large), ElementsAre(16));
}

}  // namespace
}  // namespace vigil::rules
