#include "server/store/notification_row.h"

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"
#include "server/store/rows.h"
#include "sync/base/status.h"

namespace vigil::store {

absl::StatusOr<std::vector<v1::Notification>> ReadNotifications(sqlite::Statement& statement) {
  std::vector<v1::Notification> notifications;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, statement.Step());
    if (!found) return notifications;
    v1::Notification& message = notifications.emplace_back();
    message.set_id(statement.ColumnInt64(0));
    message.set_state(static_cast<v1::NotificationState>(statement.ColumnInt64(1)));
    if (!statement.ColumnIsNull(2)) {
      *message.mutable_next_attempt_at() = ToTimestamp(statement.ColumnTime(2));
    }
    message.set_attempts(static_cast<std::int32_t>(statement.ColumnInt64(3)));
    VIGIL_ASSIGN_OR_RETURN(const Uuid recipient, ReadReference(statement, 4));
    if (!recipient.is_nil()) message.set_recipient(recipient.ToString());
    message.set_topic(std::string(statement.ColumnText(5)));
    VIGIL_ASSIGN_OR_RETURN(const Uuid record, ReadReference(statement, 6));
    if (!record.is_nil()) message.set_record(record.ToString());
    *message.mutable_created_at() = ToTimestamp(statement.ColumnTime(7));
    message.set_text(std::string(statement.ColumnText(8)));
    message.set_text_en(std::string(statement.ColumnText(9)));
  }
}

}  // namespace vigil::store
