#include "sync/cli/console/text.h"

#include <cstdlib>
#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/status.h"
#include "sync/cli/console/error_text.h"
#include "sync/cli/console/exit_code.h"
#include "sync/cli/console/json.h"
#include "sync/rules/reason.h"
#include "vigil/v1/register_service.pb.h"

namespace vigil::console {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(TextTest, FillsPlaceholdersWhereverTheyStand) {
  constexpr Text kText{"$0 of $1", "共 $1，已 $0"};
  EXPECT_EQ(Fill(kText.In(Language::kEnglish), {"3", "7"}), "3 of 7");
  EXPECT_EQ(Fill(kText.In(Language::kChinese), {"3", "7"}), "共 7，已 3");
  EXPECT_EQ(Fill("costs $5 or $0", {"x"}), "costs $5 or x");
}

TEST(TextTest, TakesTheLanguageFromLocaleNames) {
  EXPECT_EQ(LanguageOf("zh_CN.UTF-8"), Language::kChinese);
  EXPECT_EQ(LanguageOf("zh"), Language::kChinese);
  EXPECT_EQ(LanguageOf("zh-Hans"), Language::kChinese);
  EXPECT_EQ(LanguageOf("en_GB.UTF-8"), Language::kEnglish);
  EXPECT_EQ(LanguageOf("zhx"), Language::kEnglish);
  EXPECT_EQ(LanguageOf("C"), Language::kEnglish);
}

TEST(TextTest, TheFirstLocaleVariableThatIsSetDecides) {
  setenv("LC_ALL", "", 1);
  setenv("LC_MESSAGES", "zh_CN.UTF-8", 1);
  setenv("LANG", "en_US.UTF-8", 1);
  EXPECT_EQ(LanguageOfEnvironment(), Language::kChinese);
  setenv("LC_ALL", "en_US.UTF-8", 1);
  EXPECT_EQ(LanguageOfEnvironment(), Language::kEnglish);
  unsetenv("LC_ALL");
  unsetenv("LC_MESSAGES");
  unsetenv("LANG");
}

TEST(ErrorTextTest, SaysMeaningWordsSubjectAndAdvice) {
  const absl::Status status =
      rules::Refuse(v1::REASON_WRONG_CHANNEL, "lift_tag is not taken from here")
          .With("command", "lift_tag");
  const std::string english = ErrorText(status, Language::kEnglish);
  EXPECT_THAT(english, HasSubstr("refused: not from here (WRONG_CHANNEL)"));
  EXPECT_THAT(english, HasSubstr("lift_tag is not taken from here"));
  EXPECT_THAT(english, HasSubstr("command=lift_tag"));
  EXPECT_THAT(english, HasSubstr("what to do next: "));
  const std::string chinese = ErrorText(status, Language::kChinese);
  EXPECT_THAT(chinese, HasSubstr("被拒绝：不能从此处发出（WRONG_CHANNEL）"));
  EXPECT_THAT(chinese, HasSubstr("下一步："));
}

TEST(ErrorTextTest, SaysInHowManySecondsToComeAgain) {
  const absl::Status status =
      rules::Refuse(v1::REASON_RATE_LIMITED, "too many passwords").With("retry_after_ms", 4001);
  const std::string english = ErrorText(status, Language::kEnglish);
  EXPECT_THAT(english, HasSubstr("come again in 5 s\n"));
  EXPECT_THAT(english, Not(HasSubstr("retry_after_ms")));
  EXPECT_THAT(ErrorText(status, Language::kChinese), HasSubstr("请在 5 秒后再试\n"));
  EXPECT_THAT(ErrorJson(status), HasSubstr(R"("key":"retry_after_ms","value":"4001")"));
}

TEST(ErrorTextTest, AsJsonItIsAnErrorDetailWithTheExitCode) {
  const absl::Status status =
      rules::Refuse(v1::REASON_NOT_FOUND, "no such record").With("key", "X");
  EXPECT_EQ(ErrorJson(status),
            R"({"error":{"reason":"REASON_NOT_FOUND","message":"no such record",)"
            R"("metadata":[{"key":"key","value":"X"}]},"exit_code":5})");
}

TEST(ExitCodeTest, FollowsFromTheReasonThenFromTheCode) {
  EXPECT_EQ(ExitCodeOf(absl::OkStatus()), 0);
  EXPECT_EQ(ExitCodeOf(rules::Refuse(v1::REASON_EVENT_NOT_ALLOWED, "")), 1);
  EXPECT_EQ(ExitCodeOf(rules::Refuse(v1::REASON_IMPORT_REJECTED, "")), 1);
  EXPECT_EQ(ExitCodeOf(UsageError("no date")), 2);
  EXPECT_EQ(ExitCodeOf(absl::UnavailableError("")), 3);
  EXPECT_EQ(ExitCodeOf(rules::Refuse(v1::REASON_SERVER_UNREACHABLE, "")), 3);
  EXPECT_EQ(ExitCodeOf(rules::Refuse(v1::REASON_NOT_INITIALISED, "")), 4);
  EXPECT_EQ(ExitCodeOf(rules::Refuse(v1::REASON_UNAUTHENTICATED, "")), 4);
  EXPECT_EQ(ExitCodeOf(absl::NotFoundError("")), 5);
  EXPECT_EQ(ExitCodeOf(rules::Refuse(v1::REASON_DEPENDENCY_MISSING, "")), 6);
  EXPECT_EQ(ExitCodeOf(rules::Refuse(v1::REASON_CORRUPT_FILE, "")), 7);
}

TEST(ExitCodeTest, EveryReasonHasOneThatIsNotSuccess) {
  const auto& type = *google::protobuf::GetEnumDescriptor<v1::Reason>();
  for (int i = 0; i < type.value_count(); ++i) {
    const auto reason = static_cast<v1::Reason>(type.value(i)->number());
    if (reason == v1::REASON_UNSPECIFIED) continue;
    EXPECT_NE(ExitCodeOf(rules::Refuse(reason, "")), 0) << type.value(i)->name();
  }
}

TEST(JsonTest, KeepsOrderAndQuotes) {
  JsonObject object;
  object.Set("b", "say \"no\"\n").Set("a", std::int64_t{-3}).Set("c", true);
  EXPECT_EQ(object.ToString(), R"({"b":"say \"no\"\u000a","a":-3,"c":true})");
  EXPECT_EQ(QuotedJson("\xff隐患"), "\"\xef\xbf\xbd隐患\"");
  EXPECT_EQ(JsonArray().ToString(), "[]");
  EXPECT_EQ(JsonArray().AddRaw("1").AddRaw("2").ToString(), "[\n1,\n2\n]");
}

TEST(JsonTest, MessagesHaveTheContractsFieldNames) {
  v1::HazardRow row;
  row.set_number("YH-2017-0001");
  row.set_description("隐患");
  const std::string json = ProtoJson(row);
  EXPECT_THAT(json, HasSubstr(R"("number":"YH-2017-0001")"));
  EXPECT_THAT(json, HasSubstr(R"("responsible_unit_name":"")"));
  EXPECT_THAT(json, HasSubstr("隐患"));
}

}  // namespace
}  // namespace vigil::console
