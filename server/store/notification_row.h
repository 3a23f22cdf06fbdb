#ifndef VIGIL_SERVER_STORE_NOTIFICATION_ROW_H_
#define VIGIL_SERVER_STORE_NOTIFICATION_ROW_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/outbox.h"
#include "sync/sqlite/database.h"
#include "vigil/v1/admin_service.pb.h"

// The outbox's rows.

namespace vigil::store {

// A query's columns of a message: id, state, recipient, topic, record, created_at, text_zh,
// text_en. All its rows, without deliveries.
absl::StatusOr<std::vector<v1::Notification>> ReadNotifications(sqlite::Statement& statement);

// A delivery's columns: channel, address, state, attempts, next_attempt_at, changed_at, last_error,
// beginning with `column`.
v1::NotificationDelivery ReadDelivery(const sqlite::Statement& statement, int column);

// Messages with an id after `after`, at most `limit`, as ListNotificationsRequest says.
absl::StatusOr<std::vector<v1::Notification>> ListNotifications(sqlite::Database& database,
                                                                std::int64_t after, int limit,
                                                                const NotificationFilter& filter);

}  // namespace vigil::store

#endif  // VIGIL_SERVER_STORE_NOTIFICATION_ROW_H_
