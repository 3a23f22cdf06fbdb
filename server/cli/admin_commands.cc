#include <string>

#include "server/cli/program.h"
#include "sync/base/status.h"
#include "sync/cli/console/names.h"
#include "sync/cli/console/table.h"
#include "sync/cli/console/value_text.h"

// Administration: notifications.

namespace vigil::office {

using console::Arguments;
using console::Table;

namespace {

constexpr int kPageSize = 1000;

absl::Status ListOutbox(Clerk& clerk, const Arguments&) {
  v1::ListNotificationsRequest request;
  request.set_page_size(kPageSize);
  v1::ListNotificationsResponse all;
  do {
    VIGIL_ASSIGN_OR_RETURN(const v1::ListNotificationsResponse page,
                           clerk.office().ListNotifications(request));
    all.mutable_notifications()->MergeFrom(page.notifications());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  console::Console& console = clerk.console();
  console.Json(all);
  Table table({{"", Table::Align::kRight},
               {std::string(console.In({"state", "状态"}))},
               {std::string(console.In({"to", "收件"}))},
               {std::string(console.In({"message", "内容"})), Table::Align::kLeft, 72},
               {std::string(console.In({"made", "生成时间"}))},
               {std::string(console.In({"tries", "次数"})), Table::Align::kRight}});
  const bool english = console.language() == console::Language::kEnglish;
  for (const v1::Notification& message : all.notifications()) {
    table.AddRow({std::to_string(message.id()),
                  console::NameOf(message.state(), console.language()),
                  clerk.NameOf(message.recipient()),
                  english && !message.text_en().empty() ? message.text_en() : message.text(),
                  console::TimeText(message.created_at(), clerk.zone()),
                  std::to_string(message.attempts())});
  }
  console.Show(table, {"the outbox is empty", "没有待发通知"});
  return absl::OkStatus();
}

}  // namespace

std::vector<Command> AdminCommands() {
  return {
      {{"outbox list", {"notifications and what became of them", "通知及其发送情况"}, {}, {""}},
       ListOutbox},
  };
}

}  // namespace vigil::office
