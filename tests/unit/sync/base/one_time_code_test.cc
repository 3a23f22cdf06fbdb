#include "sync/base/one_time_code.h"

#include <string>

#include "gtest/gtest.h"

namespace vigil {
namespace {

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
        std::string("7K2M_0110_ABCD_WXYZ"), std::string(65, '-') + "7K2M0110ABCDWXYZ"}) {
    EXPECT_FALSE(CanonicalCode(typed).has_value()) << typed;
  }
}

}  // namespace
}  // namespace vigil
