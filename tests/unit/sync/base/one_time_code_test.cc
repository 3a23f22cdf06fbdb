#include "sync/base/one_time_code.h"

#include <set>
#include <string>

#include "gtest/gtest.h"
#include "sync/base/random.h"

namespace vigil {
namespace {

TEST(OneTimeCodeTest, IsMadeOfAllDigitsInTheFormThatIsRead) {
  SeededRandom random(1);
  std::set<char> used;
  std::set<std::string> codes;
  for (int i = 0; i < 100; ++i) {
    const std::string code = MakeOneTimeCode(random);
    EXPECT_EQ(CanonicalCode(code), code);
    used.insert(code.begin(), code.end());
    codes.insert(code);
  }
  EXPECT_EQ(codes.size(), 100U);
  EXPECT_EQ(used.size(), kCrockfordDigits.size() + 1) << "and the dash";
}

TEST(OneTimeCodeTest, ForgivesHowItWasTyped) {
  for (const char* typed : {"7K2M-0110-ABCD-WXYZ", "7k2m0110abcdwxyz", " 7K2M OilO abcd\twxyz ",
                            "7-K-2-M-0-1-1-0-A-B-C-D-W-X-Y-Z", "7K2M-OLIo-ABCD-WXYZ"}) {
    EXPECT_EQ(CanonicalCode(typed), "7K2M-0110-ABCD-WXYZ") << typed;
  }
}

TEST(OneTimeCodeTest, RefusesWhatCannotBeOne) {
  for (const std::string& typed :
       {std::string(), std::string("7K2M-0110-ABCD-WXY"), std::string("7K2M-0110-ABCD-WXYZ0"),
        std::string("7K2M-0110-ABCD-WXYU"), std::string("7K2M-0110-ABCD-WXY\0", 19),
        std::string("7K2M_0110_ABCD_WXYZ"), std::string("７K2M-0110-ABCD-WXYZ"),
        std::string(65, '-') + "7K2M0110ABCDWXYZ"}) {
    EXPECT_FALSE(CanonicalCode(typed).has_value()) << typed;
  }
}

}  // namespace
}  // namespace vigil
