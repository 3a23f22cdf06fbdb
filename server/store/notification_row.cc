#include "server/store/notification_row.h"

#include <algorithm>
#include <string>

#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/util/time_util.h"
#include "server/store/rows.h"
#include "sync/base/status.h"

namespace vigil::store {

using sqlite::Statement;

namespace {

// ?3: a state or 0; ?4: a channel or nothing.
constexpr char kListNotifications[] = R"sql(
SELECT id, state, recipient, topic, record, created_at, text_zh, text_en
FROM notification
WHERE id > ?1
  AND (EXISTS (SELECT 1 FROM notification_delivery
               WHERE notification_delivery.notification = notification.id
                 AND (?3 = 0 OR notification_delivery.state = ?3)
                 AND (?4 = '' OR notification_delivery.channel = ?4))
       OR (?4 = '' AND (?3 = 0 OR state = ?3)
           AND NOT EXISTS (SELECT 1 FROM notification_delivery
                           WHERE notification_delivery.notification = notification.id)))
ORDER BY id LIMIT ?2
)sql";

constexpr char kDeliveriesOf[] = R"sql(
SELECT channel, address, state, attempts, next_attempt_at, changed_at, last_error
FROM notification_delivery
WHERE notification = ?1 AND (?2 = 0 OR state = ?2) AND (?3 = '' OR channel = ?3)
ORDER BY channel, address
)sql";

void Sum(v1::Notification& message) {
  for (const v1::NotificationDelivery& delivery : message.deliveries()) {
    message.set_attempts(std::max(message.attempts(), delivery.attempts()));
    if (delivery.state() != v1::NOTIFICATION_STATE_PENDING || !delivery.has_next_attempt_at()) {
      continue;
    }
    if (!message.has_next_attempt_at() || delivery.next_attempt_at() < message.next_attempt_at()) {
      *message.mutable_next_attempt_at() = delivery.next_attempt_at();
    }
  }
}

}  // namespace

absl::StatusOr<std::vector<v1::Notification>> ReadNotifications(Statement& statement) {
  std::vector<v1::Notification> notifications;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, statement.Step());
    if (!found) return notifications;
    v1::Notification& message = notifications.emplace_back();
    message.set_id(statement.ColumnInt64(0));
    message.set_state(static_cast<v1::NotificationState>(statement.ColumnInt64(1)));
    VIGIL_ASSIGN_OR_RETURN(const Uuid recipient, ReadReference(statement, 2));
    if (!recipient.is_nil()) message.set_recipient(recipient.ToString());
    message.set_topic(std::string(statement.ColumnText(3)));
    VIGIL_ASSIGN_OR_RETURN(const Uuid record, ReadReference(statement, 4));
    if (!record.is_nil()) message.set_record(record.ToString());
    *message.mutable_created_at() = ToTimestamp(statement.ColumnTime(5));
    message.set_text(std::string(statement.ColumnText(6)));
    message.set_text_en(std::string(statement.ColumnText(7)));
  }
}

v1::NotificationDelivery ReadDelivery(const Statement& statement, int column) {
  v1::NotificationDelivery delivery;
  delivery.set_channel(std::string(statement.ColumnText(column)));
  delivery.set_address(std::string(statement.ColumnText(column + 1)));
  delivery.set_state(static_cast<v1::NotificationState>(statement.ColumnInt64(column + 2)));
  delivery.set_attempts(static_cast<std::int32_t>(statement.ColumnInt64(column + 3)));
  if (!statement.ColumnIsNull(column + 4)) {
    *delivery.mutable_next_attempt_at() = ToTimestamp(statement.ColumnTime(column + 4));
  }
  if (!statement.ColumnIsNull(column + 5)) {
    *delivery.mutable_changed_at() = ToTimestamp(statement.ColumnTime(column + 5));
  }
  delivery.set_last_error(std::string(statement.ColumnText(column + 6)));
  return delivery;
}

absl::StatusOr<std::vector<v1::Notification>> ListNotifications(sqlite::Database& database,
                                                                std::int64_t after, int limit,
                                                                const NotificationFilter& filter) {
  VIGIL_ASSIGN_OR_RETURN(Statement list, database.Query(kListNotifications));
  list.BindInt64(1, after).BindInt64(2, limit).BindInt64(3, filter.state);
  list.BindText(4, filter.channel);
  VIGIL_ASSIGN_OR_RETURN(std::vector<v1::Notification> messages, ReadNotifications(list));
  VIGIL_ASSIGN_OR_RETURN(Statement deliveries, database.Query(kDeliveriesOf));
  for (v1::Notification& message : messages) {
    deliveries.Reset();
    deliveries.BindInt64(1, message.id()).BindInt64(2, filter.state).BindText(3, filter.channel);
    while (true) {
      VIGIL_ASSIGN_OR_RETURN(const bool found, deliveries.Step());
      if (!found) break;
      *message.add_deliveries() = ReadDelivery(deliveries, 0);
    }
    Sum(message);
  }
  return messages;
}

}  // namespace vigil::store
