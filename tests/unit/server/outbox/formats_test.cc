#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "server/outbox/protocol.h"
#include "server/outbox/signature.h"
#include "sync/base/file.h"
#include "sync/base/utf8.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace vigil::testing {
namespace {

using namespace outbox;  // NOLINT(google-build-using-namespace): all of it is the subject.
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const Languages kBoth = {v1::NOTICE_LANGUAGE_ZH, v1::NOTICE_LANGUAGE_EN};
const Languages kEnglish = {v1::NOTICE_LANGUAGE_EN};

Message SomeMessage() {
  Message message;
  message.id = "0198a4f2-0000-8000-8000-000000000001";
  message.number = 12;
  message.channel = "a";
  message.recipient = "0198a4f2-0000-7000-8000-000000000002";
  message.recipient_code = "LFU-01";
  message.recipient_name = "一号填埋场";
  message.topic = "escalation";
  message.record = "0198a4f2-0000-7000-8000-000000000003";
  message.text_zh = "隐患整改超期：2017-0001 \"裂缝\"，期限 2017-08-01";
  message.text_en = "2017-0001 crack: overdue, due 2017-08-01";
  message.created_at = absl::FromUnixSeconds(1501603200);
  return message;
}

google::protobuf::Struct Json(const std::string& text) {
  google::protobuf::Struct json;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(text, &json).ok()) << text;
  return json;
}

const google::protobuf::Value& At(const google::protobuf::Struct& json,
                                  const std::vector<std::string>& path) {
  const google::protobuf::Struct* within = &json;
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    within = &within->fields().at(path[i]).struct_value();
  }
  return within->fields().at(path.back());
}

class FormatsTest : public ::testing::Test {
 protected:
  std::string Secret(const std::string& name, const std::string& content, unsigned mode = 0600) {
    const std::string path = JoinPath(directory_.path(), name);
    VIGIL_EXPECT_OK(files_.WriteAtomic(path, content, {.mode = mode}));
    return path;
  }

  TempDir directory_;
  PosixFileSystem files_;
};

// The vector of the libraries of Standard Webhooks.
TEST_F(FormatsTest, TheSignatureIsThatOfStandardWebhooks) {
  VIGIL_ASSERT_OK_AND_ASSIGN(const std::vector<std::string> keys,
                             ParseWebhookKeys("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"));
  EXPECT_EQ(WebhookSignature(
                {"msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, R"({"test": 2432232314})"}, keys),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST_F(FormatsTest, EachKeySigns) {
  VIGIL_ASSERT_OK_AND_ASSIGN(
      const std::vector<std::string> keys,
      ParseWebhookKeys("# the old one, until July\nwhsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n\n"
                       "whsec_QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB\r\n"));
  ASSERT_EQ(keys.size(), 2U);
  const std::vector<std::string> signatures =
      absl::StrSplit(WebhookSignature({"m", 1, "{}"}, keys), ' ');
  EXPECT_THAT(signatures, ElementsAre(StartsWith("v1,"), StartsWith("v1,")));
  EXPECT_NE(signatures[0], signatures[1]);
}

TEST_F(FormatsTest, WhatIsNoKeyIsRefusedAndNotShown) {
  for (const std::string& wrong :
       {std::string("whsec_c2hvcnQ="), std::string("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        std::string("whsec_!!!!"), "whsec_" + absl::Base64Escape(std::string(65, 'x')),
        std::string("\n"), std::string()}) {
    const auto keys = ParseWebhookKeys(wrong);
    EXPECT_THAT(keys, StatusIs(absl::StatusCode::kInvalidArgument)) << wrong;
    EXPECT_THAT(std::string(keys.status().message()), Not(HasSubstr("MfKQ"))) << wrong;
  }
}

// Made with Python's hmac, as DingTalk's documentation does.
TEST_F(FormatsTest, TheSignatureOfDingtalk) {
  EXPECT_EQ(DingtalkSignature(1501603200000, "this is secret"),
            "w/G7TnYiIhd3n+RkN4QNaPOX8Vk7k9/SMeuozyG393k=");
}

TEST_F(FormatsTest, AWebhookSaysWhoIsToldWhat) {
  v1::WebhookChannel config;
  config.set_url("https://example.org/hooks/s3cret");
  config.set_keys_file(Secret("keys", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
  const auto webhook = MakeWebhook(config, kBoth);
  VIGIL_ASSERT_OK_AND_ASSIGN(const Transfer transfer,
                             webhook->Frame(SomeMessage(), absl::FromUnixSeconds(1501603300)));
  EXPECT_EQ(transfer.url.ToString(), "https://example.org/hooks/s3cret");
  const auto json = Json(transfer.body);
  EXPECT_EQ(At(json, {"type"}).string_value(), "notification.escalation");
  EXPECT_EQ(At(json, {"timestamp"}).string_value(), "2017-08-01T16:00:00.000Z");
  EXPECT_EQ(At(json, {"data", "notification"}).string_value(), "12");
  EXPECT_EQ(At(json, {"data", "recipient", "code"}).string_value(), "LFU-01");
  EXPECT_EQ(At(json, {"data", "text", "zh"}).string_value(), SomeMessage().text_zh);
  EXPECT_EQ(At(json, {"data", "text", "en"}).string_value(), SomeMessage().text_en);
  EXPECT_THAT(
      transfer.headers,
      ::testing::IsSupersetOf({"webhook-id: 0198a4f2-0000-8000-8000-000000000001",
                               "webhook-timestamp: 1501603300", "Content-Type: application/json"}));
  EXPECT_THAT(transfer.secrets, ElementsAre("/hooks/s3cret"));
}

TEST_F(FormatsTest, SecretsAreReadForEachMessageAndNeverFromAFileThatOthersCanRead) {
  v1::WebhookChannel config;
  config.set_url("https://example.org/");
  config.set_keys_file(Secret("keys", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
  const auto webhook = MakeWebhook(config, kBoth);
  VIGIL_ASSERT_OK_AND_ASSIGN(const Transfer before, webhook->Frame(SomeMessage(), absl::Now()));
  Secret("keys", "whsec_QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB");
  VIGIL_ASSERT_OK_AND_ASSIGN(const Transfer after, webhook->Frame(SomeMessage(), absl::Now()));
  EXPECT_NE(before.headers.back(), after.headers.back());
  Secret("keys", "whsec_QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB", 0640);
  const auto open = webhook->Frame(SomeMessage(), absl::Now());
  EXPECT_THAT(open, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(std::string(open.status().message()), HasSubstr("chmod 600"));
}

TEST_F(FormatsTest, HttpsAnswers) {
  const auto end = [](int code) {
    Answer answer;
    answer.code = code;
    answer.retry_after = absl::Seconds(7);
    return JudgeHttp(answer);
  };
  EXPECT_EQ(end(200).end, Attempt::End::kSent);
  EXPECT_EQ(end(204).end, Attempt::End::kSent);
  EXPECT_EQ(end(410).end, Attempt::End::kGone);
  for (const int code : {408, 425, 429, 500, 502, 503, 504}) {
    EXPECT_EQ(end(code).end, Attempt::End::kFailed) << code;
    EXPECT_EQ(end(code).retry_after, absl::Seconds(7));
    EXPECT_THAT(end(code).error, HasSubstr(absl::StrCat(code)));
  }
  for (const int code : {301, 302, 307, 308, 400, 401, 403, 404, 422}) {
    EXPECT_EQ(end(code).end, Attempt::End::kRefused) << code;
  }
}

TEST_F(FormatsTest, AWecomRobotIsToldInTextWithItsKeyInTheAddress) {
  v1::WecomRobot config;
  config.set_key_file(Secret("key", "693a91f6-7xxx\n"));
  const auto robot = MakeWecom(config, kBoth);
  VIGIL_ASSERT_OK_AND_ASSIGN(const Transfer transfer, robot->Frame(SomeMessage(), absl::Now()));
  EXPECT_EQ(transfer.url.ToString(),
            "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7xxx");
  const auto json = Json(transfer.body);
  EXPECT_EQ(At(json, {"msgtype"}).string_value(), "text");
  const std::string text = At(json, {"text", "content"}).string_value();
  EXPECT_THAT(text, StartsWith("[Vigil] 隐患通知：一号填埋场\n"));
  EXPECT_THAT(text, HasSubstr("\"裂缝\""));
  EXPECT_THAT(text, HasSubstr("请在 Vigil 隐患台账中查看"));
  EXPECT_THAT(text, HasSubstr("2017-0001 crack: overdue"));
  EXPECT_THAT(transfer.secrets, ::testing::Contains("693a91f6-7xxx"));
}

TEST_F(FormatsTest, ALongMessageIsCutAtTheRobotsLimitAndSaysHowMuchIsMissing) {
  v1::WecomRobot config;
  config.set_key_file(Secret("key", "k"));
  Message message = SomeMessage();
  message.text_zh = "100 项隐患整改超期：";
  message.text_en = "100 items: overdue: ";
  for (int i = 0; i < 100; ++i) {
    absl::StrAppend(&message.text_zh, i == 0 ? "" : "; ", "2017-", 1000 + i, " 挡土墙开裂<@all>");
    absl::StrAppend(&message.text_en, i == 0 ? "" : "; ", "2017-", 1000 + i, " wall");
  }
  VIGIL_ASSERT_OK_AND_ASSIGN(const Transfer transfer,
                             MakeWecom(config, kBoth)->Frame(message, absl::Now()));
  const std::string text = At(Json(transfer.body), {"text", "content"}).string_value();
  EXPECT_LE(text.size(), 2048U);
  EXPECT_GT(text.size(), 1800U);
  EXPECT_TRUE(IsValidUtf8(text));
  EXPECT_THAT(text, HasSubstr("…另有 "));
  EXPECT_THAT(text, Not(HasSubstr("<@"))) << "nobody is called by what somebody wrote";
  config.Clear();
}

TEST_F(FormatsTest, ADingtalkRobotIsSignedFor) {
  v1::DingtalkRobot config;
  config.set_token_file(Secret("token", "t/ken"));
  config.set_secret_file(Secret("secret", "SECabc"));
  const auto robot = MakeDingtalk(config, kEnglish);
  VIGIL_ASSERT_OK_AND_ASSIGN(const Transfer transfer,
                             robot->Frame(SomeMessage(), absl::FromUnixMillis(1501603200000)));
  const std::string sign = DingtalkSignature(1501603200000, "SECabc");
  EXPECT_EQ(transfer.url.ToString(),
            "https://oapi.dingtalk.com/robot/send?access_token=t%2Fken&timestamp=1501603200000"
            "&sign=" +
                UrlEncode(sign));
  EXPECT_THAT(At(Json(transfer.body), {"text", "content"}).string_value(),
              StartsWith("[Vigil] hazard notice: 一号填埋场\n2017-0001 crack"));
  EXPECT_THAT(transfer.secrets, ::testing::IsSupersetOf({std::string("t/ken"), sign}));
  config.clear_secret_file();
  VIGIL_ASSERT_OK_AND_ASSIGN(const Transfer unsigned_one,
                             MakeDingtalk(config, kEnglish)->Frame(SomeMessage(), absl::Now()));
  EXPECT_THAT(unsigned_one.url.ToString(), EndsWith("access_token=t%2Fken"));
}

TEST_F(FormatsTest, ARobotsAnswerIsInItsBody) {
  v1::WecomRobot config;
  const auto robot = MakeWecom(config, kBoth);
  const auto judge = [&](const std::string& body, int code = 200) {
    Answer answer;
    answer.code = code;
    answer.body = body;
    return robot->Judge(answer);
  };
  EXPECT_EQ(judge(R"({"errcode":0,"errmsg":"ok"})").end, Attempt::End::kSent);
  const Attempt refused = judge(R"({"errcode":93000,"errmsg":"invalid webhook url"})");
  EXPECT_EQ(refused.end, Attempt::End::kRefused);
  EXPECT_THAT(refused.error, HasSubstr("93000: invalid webhook url"));
  EXPECT_EQ(judge(R"({"errcode":45009,"errmsg":"api freq out of limit"})").end,
            Attempt::End::kFailed);
  EXPECT_EQ(judge(R"({"errcode":130101,"errmsg":"send too fast"})").retry_after, absl::Minutes(10));
  EXPECT_EQ(judge(R"({"errcode":-1})").end, Attempt::End::kFailed);
  for (const char* strange : {"", "ok", "[]", "{}", R"({"errcode":"0"})", R"({"errcode":null})"}) {
    EXPECT_EQ(judge(strange).end, Attempt::End::kFailed) << strange;
  }
  EXPECT_EQ(judge(R"({"errcode":0})", 500).end, Attempt::End::kFailed);
}

std::string HeaderOf(const std::string& mail, const std::string& name) {
  std::string value;
  bool within = false;
  for (absl::string_view line : absl::StrSplit(mail, "\r\n")) {
    if (line.empty()) break;
    if (line[0] != ' ') within = absl::StartsWith(line, name + ": ");
    if (within) absl::StrAppend(&value, line[0] == ' ' ? line : line.substr(name.size() + 2));
  }
  return value;
}

TEST_F(FormatsTest, AMail) {
  v1::SmtpServer config;
  config.set_url("smtps://mail.example.org");
  config.set_from("vigil@example.org");
  Message message = SomeMessage();
  message.address = "duty@example.org";
  const auto mail = MakeMail(config, kBoth, absl::FixedTimeZone(8 * 3600));
  VIGIL_ASSERT_OK_AND_ASSIGN(const Transfer transfer, mail->Frame(message, absl::Now()));
  const std::string& text = transfer.body;
  EXPECT_EQ(HeaderOf(text, "From"), "vigil@example.org");
  EXPECT_EQ(HeaderOf(text, "To"), "duty@example.org");
  EXPECT_EQ(HeaderOf(text, "Auto-Submitted"), "auto-generated");
  EXPECT_EQ(HeaderOf(text, "Message-ID"), "<0198a4f2-0000-8000-8000-000000000001@example.org>");
  EXPECT_EQ(HeaderOf(text, "Date"), "Wed, 02 Aug 2017 00:00:00 +0800");
  std::string subject = HeaderOf(text, "Subject");
  EXPECT_THAT(subject, StartsWith("=?UTF-8?B?"));
  const std::string body = text.substr(text.find("\r\n\r\n") + 4);
  std::string encoded;
  for (absl::string_view line : absl::StrSplit(body, "\r\n")) {
    EXPECT_LE(line.size(), 76U);
    absl::StrAppend(&encoded, line);
  }
  std::string decoded;
  ASSERT_TRUE(absl::Base64Unescape(encoded, &decoded));
  EXPECT_THAT(decoded, HasSubstr(message.text_zh + "\r\n"));
  EXPECT_THAT(decoded, HasSubstr(message.text_en + "\r\n"));
}

TEST_F(FormatsTest, NobodyWritesAHeaderIntoAMail) {
  v1::SmtpServer config;
  config.set_url("smtps://mail.example.org");
  config.set_from("vigil@example.org");
  Message message = SomeMessage();
  message.address = "duty@example.org";
  message.recipient_name = "x\r\nBcc: everybody@example.org\r\n\r\nhello";
  message.text_en = "a\r\n.\r\nRSET\r\n";
  const auto mail = MakeMail(config, kEnglish, absl::UTCTimeZone());
  VIGIL_ASSERT_OK_AND_ASSIGN(const Transfer transfer, mail->Frame(message, absl::Now()));
  EXPECT_EQ(HeaderOf(transfer.body, "Bcc"), "");
  EXPECT_THAT(transfer.body, Not(HasSubstr("RSET")));
  for (const char c : transfer.body) EXPECT_TRUE(c == '\r' || c == '\n' || (c >= ' ' && c < 127));
}

TEST_F(FormatsTest, LongSubjectsAreWholeWordsOfWholeCharacters) {
  v1::SmtpServer config;
  config.set_url("smtps://mail.example.org");
  config.set_from("vigil@example.org");
  Message message = SomeMessage();
  message.recipient_name.clear();
  for (int i = 0; i < 30; ++i) message.recipient_name += "填埋场";
  VIGIL_ASSERT_OK_AND_ASSIGN(const Transfer transfer,
                             MakeMail(config, kBoth, absl::UTCTimeZone())->Frame(message, {}));
  std::string whole;
  int words = 0;
  for (absl::string_view word : absl::StrSplit(HeaderOf(transfer.body, "Subject"), ' ')) {
    ++words;
    EXPECT_LE(word.size(), 75U);
    ASSERT_TRUE(absl::ConsumePrefix(&word, "=?UTF-8?B?") && absl::ConsumeSuffix(&word, "?="));
    std::string part;
    ASSERT_TRUE(absl::Base64Unescape(word, &part));
    EXPECT_TRUE(IsValidUtf8(part)) << part;
    whole += part;
  }
  EXPECT_GT(words, 2);
  EXPECT_EQ(whole, Heading(message, kBoth));
}

TEST_F(FormatsTest, AMailServersReply) {
  v1::SmtpServer config;
  config.set_url("smtps://mail.example.org");
  const auto mail = MakeMail(config, kBoth, absl::UTCTimeZone());
  const auto end = [&](int code) {
    Answer answer;
    answer.code = code;
    return mail->Judge(answer).end;
  };
  EXPECT_EQ(end(250), Attempt::End::kSent);
  EXPECT_EQ(end(421), Attempt::End::kFailed);
  EXPECT_EQ(end(450), Attempt::End::kFailed);
  EXPECT_EQ(end(550), Attempt::End::kRefused);
}

TEST(ShortenTest, KeepsWholeItemsAndCountsTheOthers) {
  const std::string text = "one; two; three\nfour; five five five five five five five five five";
  EXPECT_EQ(Shorten(text, 1000, v1::NOTICE_LANGUAGE_EN), text);
  EXPECT_EQ(Shorten(text, 40, v1::NOTICE_LANGUAGE_EN), "one; two; three\nfour; … and 1 more");
  for (std::size_t size = 40; size < text.size(); ++size) {
    EXPECT_LE(Shorten(text, size, v1::NOTICE_LANGUAGE_EN).size(), size);
    EXPECT_LE(Shorten(text, size, v1::NOTICE_LANGUAGE_ZH).size(), size);
  }
  std::string chinese;
  for (int i = 0; i < 50; ++i) chinese += "坡";
  for (std::size_t size = 40; size < chinese.size(); ++size) {
    const std::string cut = Shorten(chinese, size, v1::NOTICE_LANGUAGE_ZH);
    EXPECT_LE(cut.size(), size);
    EXPECT_TRUE(IsValidUtf8(cut)) << size;
    EXPECT_THAT(cut, EndsWith("…"));
  }
}

}  // namespace
}  // namespace vigil::testing
