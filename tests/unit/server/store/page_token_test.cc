#include "server/store/page_token.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace vigil::store {
namespace {

using ::testing::ElementsAre;
using ::vigil::testing::IsOkAndHolds;
using ::vigil::testing::ReasonIs;

constexpr char kInvalid[] = "REASON_INVALID_PAGE_TOKEN";

TEST(PageTokenTest, AKeyComesBackWholeWhateverItHolds) {
  const std::vector<std::string> key = {"", std::string("a\0b'\xff", 5), std::string(300, 'x')};
  const std::string token = EncodePageToken("query", key);
  EXPECT_THAT(DecodePageToken("query", 3, token),
              IsOkAndHolds(ElementsAre(key[0], key[1], key[2])));
}

TEST(PageTokenTest, ATokenIsOfOneQueryAndHasItsParts) {
  const std::string token = EncodePageToken("query", {"a", "b"});
  EXPECT_THAT(DecodePageToken("quer", 2, token), ReasonIs(kInvalid));
  EXPECT_THAT(DecodePageToken("query ", 2, token), ReasonIs(kInvalid));
  EXPECT_THAT(DecodePageToken("query", 1, token), ReasonIs(kInvalid));
  EXPECT_THAT(DecodePageToken("query", 3, token), ReasonIs(kInvalid));
}

TEST(PageTokenTest, EveryChangedDigitIsRefused) {
  const std::string token = EncodePageToken("query", {"a", "b"});
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == '0' ? '1' : '0';
    EXPECT_THAT(DecodePageToken("query", 2, changed), ReasonIs(kInvalid)) << i;
    EXPECT_THAT(DecodePageToken("query", 2, token.substr(0, i)), ReasonIs(kInvalid)) << i;
  }
  EXPECT_THAT(DecodePageToken("query", 2, token + "00"), ReasonIs(kInvalid));
  EXPECT_THAT(DecodePageToken("query", 2, "not a token"), ReasonIs(kInvalid));
}

TEST(PageTokenTest, PageSizesAreClamped) {
  EXPECT_EQ(ClampPageSize(0, 50), 50);
  EXPECT_EQ(ClampPageSize(-3, 50), 50);
  EXPECT_EQ(ClampPageSize(1, 50), 1);
  EXPECT_EQ(ClampPageSize(1000, 50), 1000);
  EXPECT_EQ(ClampPageSize(1001, 50), 1000);
}

}  // namespace
}  // namespace vigil::store
