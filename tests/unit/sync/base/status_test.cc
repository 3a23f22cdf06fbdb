#include "sync/base/status.h"

#include <memory>
#include <string>
#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace vigil {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Optional;
using ::testing::Pair;
using ::vigil::testing::IsOk;
using ::vigil::testing::IsOkAndHolds;
using ::vigil::testing::ReasonIs;
using ::vigil::testing::StatusIs;

constexpr ReasonTag kTagged{12, "REASON_TAGGED"};

TEST(StatusTest, AnErrorCarriesReasonAndSortedMetadata) {
  const absl::Status status = Error(absl::StatusCode::kFailedPrecondition, kTagged, "it is tagged")
                                  .With("order", "7")
                                  .With("hazard", std::string_view("a\0:b", 4))
                                  .With("order", 8);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("is tagged")));
  EXPECT_THAT(status, ReasonIs("REASON_TAGGED"));
  EXPECT_EQ(ReasonNumberOf(status), 12);
  EXPECT_THAT(MetadataOf(status),
              ElementsAre(Pair("hazard", std::string("a\0:b", 4)), Pair("order", "8")));
  EXPECT_THAT(MetadataValueOf(status, "order"), Optional(std::string("8")));
  EXPECT_EQ(MetadataValueOf(status, "site"), std::nullopt);
}

TEST(StatusTest, WithoutReasonThereIsNone) {
  const absl::Status plain = Error(absl::StatusCode::kNotFound, "no such hazard");
  EXPECT_EQ(plain, absl::NotFoundError("no such hazard"));
  for (const absl::Status& status : {plain, absl::OkStatus(), absl::AbortedError("x")}) {
    EXPECT_THAT(ReasonOf(status), IsEmpty());
    EXPECT_EQ(ReasonNumberOf(status), 0);
    EXPECT_THAT(MetadataOf(status), IsEmpty());
  }
}

TEST(StatusTest, AForeignPayloadIsNotMisread) {
  for (const char* const payload : {"", "1", "1:", "9:short", "x:y", "1:a99:b", "-1:a"}) {
    absl::Status status = absl::AbortedError("x");
    status.SetPayload("vigil/reason", absl::Cord(payload));
    EXPECT_THAT(ReasonOf(status), IsEmpty()) << payload;
  }
}

TEST(StatusTest, AnnotateKeepsReasonAndMetadata) {
  const absl::Status inner = Error(absl::StatusCode::kAborted, kTagged, "moved").With("version", 3);
  const absl::Status outer = Annotate(inner, "row 9");
  EXPECT_THAT(outer, StatusIs(absl::StatusCode::kAborted, "row 9: moved"));
  EXPECT_THAT(outer, ReasonIs("REASON_TAGGED"));
  EXPECT_THAT(MetadataValueOf(outer, "version"), Optional(std::string("3")));
  EXPECT_THAT(Annotate(absl::OkStatus(), "row 9"), IsOk());
}

absl::StatusOr<int> Half(int number) {
  if (number % 2 != 0) return Error(absl::StatusCode::kInvalidArgument, "odd");
  return number / 2;
}

absl::StatusOr<int> Quarter(int number) {
  VIGIL_ASSIGN_OR_RETURN(const int half, Half(number));
  VIGIL_ASSIGN_OR_RETURN(int quarter, Half(half));
  return quarter;
}

absl::Status CheckEven(int number, bool* went_on) {
  VIGIL_RETURN_IF_ERROR(Half(number));
  VIGIL_RETURN_IF_ERROR(absl::OkStatus());
  *went_on = true;
  return absl::OkStatus();
}

TEST(StatusTest, MacrosReturnTheFirstError) {
  EXPECT_THAT(Quarter(8), IsOkAndHolds(2));
  EXPECT_THAT(Quarter(6), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Quarter(7), Not(IsOk()));
  bool went_on = false;
  EXPECT_THAT(CheckEven(3, &went_on), StatusIs(absl::StatusCode::kInvalidArgument, "odd"));
  EXPECT_FALSE(went_on);
  EXPECT_THAT(CheckEven(4, &went_on), IsOk());
  EXPECT_TRUE(went_on);
}

TEST(StatusTest, AssignMovesWhatCannotBeCopied) {
  const auto make = []() -> absl::StatusOr<std::unique_ptr<int>> {
    return std::make_unique<int>(5);
  };
  const auto use = [&]() -> absl::StatusOr<int> {
    VIGIL_ASSIGN_OR_RETURN(const std::unique_ptr<int> made, make());
    return *made;
  };
  EXPECT_THAT(use(), IsOkAndHolds(5));
}

TEST(StatusTest, BridgesKeepTheBytes) {
  const std::string_view text("a\0b", 3);
  EXPECT_EQ(ToStd(ToAbsl(text)), text);
  EXPECT_EQ(ToAbsl(text).data(), text.data());
}

TEST(CheckDeathTest, AFailedCheckSaysWhereAndWhy) {
  EXPECT_DEATH(VIGIL_CHECK(1 + 1 == 3) << "sum of " << 2,
               "status_test.cc:[0-9]+: check failed: 1 \\+ 1 == 3 sum of 2");
  EXPECT_DEATH(Error(absl::StatusCode::kOk, "no error"), "check failed");
}

TEST(CheckTest, APassedCheckEvaluatesOnceAndNestsInIf) {
  int evaluated = 0;
  if (evaluated == 0)
    VIGIL_CHECK(++evaluated == 1) << "never built";
  else
    FAIL() << "the macro took the else";
  EXPECT_EQ(evaluated, 1);
}

}  // namespace
}  // namespace vigil
