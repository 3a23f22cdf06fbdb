#include "sync/base/ids.h"

#include <algorithm>
#include <set>
#include <sstream>
#include <string>
#include <type_traits>
#include <unordered_set>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/random.h"

namespace vigil {
namespace {

constexpr char kText[] = "0189f7e0-1b2c-7def-8a5b-00112233aaff";

TEST(UuidTest, CanonicalTextRoundTrips) {
  const std::optional<Uuid> id = Uuid::Parse(kText);
  ASSERT_TRUE(id);
  EXPECT_EQ(id->ToString(), kText);
  EXPECT_EQ(id->bytes().size(), 16U);
  EXPECT_EQ(id->bytes().front(), '\x01');
  EXPECT_EQ(id->bytes().back(), '\xff');
  EXPECT_EQ(Uuid::FromBytes(id->bytes()), id);
  EXPECT_EQ(id->version(), 7);
}

TEST(UuidTest, AnyOtherTextIsRefused) {
  const std::string good = kText;
  std::vector<std::string> bad = {"",
                                  "x",
                                  good + "0",
                                  " " + good,
                                  good.substr(1),
                                  "{" + good + "}",
                                  "0189f7e01b2c7def8a5b00112233aaff"};
  std::string upper = good;
  std::transform(upper.begin(), upper.end(), upper.begin(), ::toupper);
  bad.push_back(upper);
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char replacement : {'g', '-', '0', '\0'}) {
      std::string changed = good;
      changed[i] = replacement;
      // A digit for a digit, or a hyphen for a hyphen, is an id again.
      if ((good[i] == '-') == (replacement == '-') && replacement != 'g' && replacement != '\0') {
        continue;
      }
      bad.push_back(changed);
    }
  }
  for (const std::string& text : bad) EXPECT_FALSE(Uuid::Parse(text)) << text;
  EXPECT_FALSE(Uuid::FromBytes(std::string(15, 'a')));
  EXPECT_FALSE(Uuid::FromBytes(std::string(17, 'a')));
}

TEST(UuidTest, OrdersAsItsText) {
  SeededRandom random(3);
  for (int i = 0; i < 200; ++i) {
    const Uuid a = *Uuid::FromBytes(random.Bytes(16));
    const Uuid b = *Uuid::FromBytes(random.Bytes(16));
    EXPECT_EQ(a < b, a.ToString() < b.ToString());
  }
}

TEST(UuidTest, NilIsTheDefault) {
  EXPECT_TRUE(Uuid().is_nil());
  EXPECT_FALSE(Uuid::Parse(kText)->is_nil());
  EXPECT_EQ(Uuid::Parse("00000000-0000-0000-0000-000000000000"), Uuid());
}

TEST(UuidTest, Version7HoldsTheTimeAndTheRestIsRandom) {
  SeededRandom random(1);
  const absl::Time now = absl::FromUnixMillis(0x0189f7e01b2c) + absl::Microseconds(999);
  std::set<std::string> made;
  for (int i = 0; i < 1000; ++i) {
    const Uuid id = MakeUuidV7(now, random);
    EXPECT_EQ(id.ToString().substr(0, 15), "0189f7e0-1b2c-7");
    EXPECT_THAT(std::string("89ab"), ::testing::HasSubstr(id.ToString().substr(19, 1)));
    made.insert(id.ToString());
  }
  EXPECT_EQ(made.size(), 1000U);
  // A later millisecond sorts behind, and a clock before 1970 wraps to no far future.
  EXPECT_LT(MakeUuidV7(now, random), MakeUuidV7(now + absl::Milliseconds(1), random));
  EXPECT_EQ(MakeUuidV7(absl::FromUnixSeconds(-5), random).ToString().substr(0, 13),
            "00000000-0000");
}

TEST(UuidTest, DerivedIdsNeverChange) {
  // Stored ids rest on this value: SHA-256 of 00 00 00 00 00 00 00 06 "import" "sources.csv:7".
  EXPECT_EQ(DerivedUuid({"import", "sources.csv:7"}).ToString(),
            "16908e4b-fce9-807b-a65c-ea29fb094d45");
  EXPECT_EQ(DerivedUuid({"import", "sources.csv:7"}).version(), 8);
  // Where the name begins is part of it.
  EXPECT_NE(DerivedUuid({"ab", "c"}), DerivedUuid({"a", "bc"}));
}

TEST(TypedIdTest, KindsDoNotMix) {
  static_assert(!std::is_convertible_v<HazardId, RecordId>);
  static_assert(!std::is_convertible_v<Uuid, HazardId>);
  static_assert(!std::is_constructible_v<HazardId, RecordId>);
  const std::optional<HazardId> id = HazardId::Parse(kText);
  ASSERT_TRUE(id);
  EXPECT_EQ(id->ToString(), kText);
  EXPECT_EQ(HazardId::FromBytes(id->bytes()), id);
  EXPECT_FALSE(HazardId::Parse("hazard 7"));
  EXPECT_TRUE(HazardId().is_nil());
}

TEST(TypedIdTest, HashesAndPrints) {
  const HazardId id = *HazardId::Parse(kText);
  const absl::flat_hash_set<HazardId> flat = {id, HazardId(), id};
  const std::unordered_set<HazardId> standard = {id, HazardId(), id};
  EXPECT_EQ(flat.size(), 2U);
  EXPECT_EQ(standard.size(), 2U);
  EXPECT_TRUE(flat.contains(id));
  std::ostringstream out;
  out << id;
  EXPECT_EQ(out.str(), kText);
}

TEST(StrongIntTest, CountsComparesAndPrints) {
  static_assert(!std::is_convertible_v<std::uint64_t, Seq>);
  static_assert(!std::is_convertible_v<DeviceSeq, Seq>);
  EXPECT_EQ(Seq().value(), 0U);
  EXPECT_EQ(Seq(6).Next(), Seq(7));
  EXPECT_LT(Seq(6), Seq(7));
  EXPECT_EQ(Seq(6).signed_value(), 6);
  std::ostringstream out;
  out << DeviceSeq(41);
  EXPECT_EQ(out.str(), "41");
  const absl::flat_hash_set<Seq> set = {Seq(1), Seq(2), Seq(1)};
  EXPECT_EQ(set.size(), 2U);
}

}  // namespace
}  // namespace vigil
