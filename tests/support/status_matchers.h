#ifndef VIGIL_TESTS_SUPPORT_STATUS_MATCHERS_H_
#define VIGIL_TESTS_SUPPORT_STATUS_MATCHERS_H_

#include <ostream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/status.h"

// Matchers for absl::Status and absl::StatusOr; all take either.
//   EXPECT_THAT(Find(id), StatusIs(absl::StatusCode::kNotFound));
//   EXPECT_THAT(Find(id), IsOkAndHolds(Eq(7)));
//   VIGIL_ASSERT_OK_AND_ASSIGN(const int found, Find(id));
namespace vigil::testing {

MATCHER(IsOk, negation ? "is an error" : "is OK") {
  const absl::Status status = ::vigil::internal::ToStatus(arg);
  *result_listener << "which is " << status.ToString();
  return status.ok();
}

MATCHER_P(StatusIs, code,
          std::string(negation ? "has not" : "has") + " the code " +
              absl::StatusCodeToString(code)) {
  const absl::Status status = ::vigil::internal::ToStatus(arg);
  *result_listener << "which is " << status.ToString();
  return status.code() == code;
}

// The second argument is a matcher, or a string, for the message.
MATCHER_P2(StatusIs, code, message,
           std::string(negation ? "has not" : "has") + " the code " +
               absl::StatusCodeToString(code) + " and a message that matches") {
  const absl::Status status = ::vigil::internal::ToStatus(arg);
  *result_listener << "which is " << status.ToString();
  return status.code() == code &&
         ::testing::ExplainMatchResult(message, std::string(::vigil::ToStd(status.message())),
                                       result_listener);
}

// By the name of the reason, such as "REASON_STATUS_NOT_SEEN".
MATCHER_P(ReasonIs, name, std::string(negation ? "has not" : "has") + " the reason " + name) {
  const absl::Status status = ::vigil::internal::ToStatus(arg);
  *result_listener << "which is " << status.ToString() << " with the reason \""
                   << ::vigil::ReasonOf(status) << '"';
  return ::vigil::ReasonOf(status) == name;
}

MATCHER_P(IsOkAndHolds, value, "is OK and holds what matches") {
  if (!arg.ok()) {
    *result_listener << "which is " << arg.status().ToString();
    return false;
  }
  return ::testing::ExplainMatchResult(value, *arg, result_listener);
}

}  // namespace vigil::testing

#define VIGIL_EXPECT_OK(...) EXPECT_THAT((__VA_ARGS__), ::vigil::testing::IsOk())
#define VIGIL_ASSERT_OK(...) ASSERT_THAT((__VA_ARGS__), ::vigil::testing::IsOk())
// For functions that return void.
#define VIGIL_ASSERT_OK_AND_ASSIGN(lhs, ...)                                               \
  VIGIL_INTERNAL_ASSERT_OK_AND_ASSIGN(VIGIL_INTERNAL_CONCAT(vigil_result_, __LINE__), lhs, \
                                      __VA_ARGS__)
#define VIGIL_INTERNAL_ASSERT_OK_AND_ASSIGN(result, lhs, ...) \
  auto result = (__VA_ARGS__);                                \
  ASSERT_THAT(result, ::vigil::testing::IsOk());              \
  lhs = *std::move(result)

#endif  // VIGIL_TESTS_SUPPORT_STATUS_MATCHERS_H_
