#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/cli/program.h"
#include "sync/base/status.h"
#include "sync/cli/console/exit_code.h"
#include "sync/cli/console/json.h"
#include "sync/cli/console/names.h"
#include "sync/cli/console/table.h"
#include "sync/cli/console/value_text.h"
#include "sync/cli/verbs/take.h"

// Notifications: what became of them, and what to do where one did not leave.

namespace vigil::office {

using console::Arguments;
using console::Count;
using console::Table;

namespace {

constexpr int kPageSize = 1000;
constexpr std::size_t kMessageColumns = 48;
constexpr std::size_t kErrorColumns = 72;

absl::StatusOr<v1::NotificationState> StateOf(const std::string& name) {
  if (name == "pending") return v1::NOTIFICATION_STATE_PENDING;
  if (name == "sent") return v1::NOTIFICATION_STATE_SENT;
  if (name == "dead") return v1::NOTIFICATION_STATE_DEAD;
  return console::UsageError(absl::StrCat("--state is pending, sent or dead; not '", name, "'"));
}

absl::StatusOr<v1::ListNotificationsResponse> ListAll(Clerk& clerk,
                                                      v1::ListNotificationsRequest request) {
  v1::ListNotificationsResponse all;
  request.set_page_size(kPageSize);
  do {
    VIGIL_ASSIGN_OR_RETURN(const v1::ListNotificationsResponse page,
                           clerk.office().ListNotifications(request));
    all.mutable_notifications()->MergeFrom(page.notifications());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return all;
}

std::string NextAttempt(const v1::NotificationDelivery& delivery, Clerk& clerk) {
  if (delivery.state() != v1::NOTIFICATION_STATE_PENDING) return "";
  if (!delivery.has_next_attempt_at()) return std::string(clerk.console().In({"now", "立即"}));
  return console::TimeText(delivery.next_attempt_at(), clerk.zone());
}

void AddRows(const v1::Notification& message, Clerk& clerk, Table& table) {
  console::Console& console = clerk.console();
  const bool english = console.language() == console::Language::kEnglish;
  const std::string& text =
      english && !message.text_en().empty() ? message.text_en() : message.text();
  const auto add = [&](const v1::NotificationDelivery& delivery) {
    table.AddRow(
        {std::to_string(message.id()), console::TimeText(message.created_at(), clerk.zone()),
         clerk.NameOf(message.recipient()),
         delivery.address().empty() ? delivery.channel()
                                    : absl::StrCat(delivery.channel(), " ", delivery.address()),
         console::NameOf(delivery.state(), console.language()), std::to_string(delivery.attempts()),
         NextAttempt(delivery, clerk), delivery.last_error(), text});
  };
  for (const v1::NotificationDelivery& delivery : message.deliveries()) add(delivery);
  if (!message.deliveries().empty()) return;
  v1::NotificationDelivery none;
  none.set_state(message.state());
  add(none);
}

absl::Status List(Clerk& clerk, const Arguments& arguments) {
  v1::ListNotificationsRequest request;
  if (const auto state = arguments.Find("--state")) {
    VIGIL_ASSIGN_OR_RETURN(const v1::NotificationState wanted, StateOf(*state));
    request.set_state(wanted);
  }
  request.set_channel(arguments.Value("--channel"));
  VIGIL_ASSIGN_OR_RETURN(const v1::ListNotificationsResponse all, ListAll(clerk, request));
  console::Console& console = clerk.console();
  console.Json(all);
  Table table(
      {{"id", Table::Align::kRight},
       {std::string(console.In({"made", "生成时间"}))},
       {std::string(console.In({"to", "收件"})), Table::Align::kLeft, 30},
       {std::string(console.In({"channel", "渠道"}))},
       {std::string(console.In({"state", "状态"}))},
       {std::string(console.In({"tries", "次数"})), Table::Align::kRight},
       {std::string(console.In({"next try", "下次尝试"}))},
       {std::string(console.In({"last error", "上次错误"})), Table::Align::kLeft, kErrorColumns},
       {std::string(console.In({"message", "内容"})), Table::Align::kLeft, kMessageColumns}});
  for (const v1::Notification& message : all.notifications()) AddRows(message, clerk, table);
  console.Show(table, {"there is no such notification", "没有符合条件的通知"});
  return absl::OkStatus();
}

absl::Status Retry(Clerk& clerk, const Arguments& arguments) {
  v1::RetryNotificationsRequest request;
  for (const std::string& word : arguments.All("ID")) {
    std::int64_t id = 0;
    if (!absl::SimpleAtoi(word, &id) || id <= 0) {
      return console::UsageError(absl::StrCat("'", word, "' is no id of `outbox list`"));
    }
    request.add_ids(id);
  }
  request.set_dead(arguments.Has("--dead"));
  request.set_channel(arguments.Value("--channel"));
  if (request.dead() != request.ids().empty()) {
    return console::UsageError("give the ids of messages, or --dead; not both");
  }
  VIGIL_ASSIGN_OR_RETURN(const v1::RetryNotificationsResponse response,
                         clerk.office().RetryNotifications(request));
  clerk.console().Json(response);
  clerk.console().Say({"tried again: $0; `outbox list` shows what becomes of them",
                       "重新发送：$0；结果见 outbox list"},
                      {std::to_string(response.retried())});
  return absl::OkStatus();
}

absl::Status Test(Clerk& clerk, const Arguments& arguments) {
  v1::TestNotificationChannelRequest request;
  request.set_channel(arguments.Value("CHANNEL"));
  request.set_address(arguments.Value("--address"));
  VIGIL_ASSIGN_OR_RETURN(const v1::TestNotificationChannelResponse response,
                         clerk.office().TestNotificationChannel(request));
  clerk.console().Json(response);
  if (response.sent()) {
    clerk.console().Say({"the receiver took the message", "接收方已收下测试消息"});
    return absl::OkStatus();
  }
  return absl::UnavailableError(absl::StrCat("the message was not taken: ", response.error()));
}

}  // namespace

std::vector<Command> OutboxCommands() {
  const console::OptionSpec channel = {
      "--channel", "NAME", {"only by this channel, as the configuration names it", "仅该渠道"}};
  return {
      {{"outbox list",
        {"notifications, the channels they leave by, and what became of them",
         "通知、发送渠道及其发送情况"},
        {{"--state",
          "STATE",
          {"pending, sent or dead", "pending（待发）、sent（已发）或 dead（无法送达）"}},
         channel},
        {"", "--state dead", "--channel wecom --json"}},
       List},
      {{"outbox retry",
        {"send again at once what is dead or waits for its next attempt",
         "立即重新发送无法送达或等待重试的通知"},
        {{"ID", "", {"as `outbox list` shows it", "见 outbox list"}, Count::kRepeated},
         {"--dead", "", {"all that are dead", "全部无法送达的通知"}},
         channel},
        {"17 18", "--dead", "--dead --channel mail"}},
       Retry},
      {{"outbox test",
        {"send a test message by a channel, and say what became of it",
         "通过某渠道发送测试消息并显示结果"},
        {{"CHANNEL", "", {"as the configuration names it", "配置中的渠道名"}, Count::kRequired},
         {"--address", "MAIL", {"one of the channel's addresses", "该渠道的某个邮箱地址"}}},
        {"wecom", "mail --address duty@example.org"}},
       Test},
  };
}

}  // namespace vigil::office
