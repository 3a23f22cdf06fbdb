#ifndef VIGIL_SERVER_STORE_NOTIFICATION_ROW_H_
#define VIGIL_SERVER_STORE_NOTIFICATION_ROW_H_

#include <vector>

#include "absl/status/statusor.h"
#include "sync/sqlite/statement.h"
#include "vigil/v1/admin_service.pb.h"

// The outbox's queries and their rows.

namespace vigil::store {

// After ?1, at most ?2.
inline constexpr char kNotificationsAfter[] = R"sql(
SELECT id, state, next_attempt_at, attempts, recipient, topic, record, created_at, text_zh, text_en
FROM notification WHERE id > ?1 ORDER BY id LIMIT ?2
)sql";

// To be sent at ?1, at most ?2. State 1 is PENDING, in the index's words.
inline constexpr char kPendingNotifications[] = R"sql(
SELECT id, state, next_attempt_at, attempts, recipient, topic, record, created_at, text_zh, text_en
FROM notification WHERE state = 1 AND (next_attempt_at IS NULL OR next_attempt_at <= ?1)
ORDER BY id LIMIT ?2
)sql";

// All rows of one of the two.
absl::StatusOr<std::vector<v1::Notification>> ReadNotifications(sqlite::Statement& statement);

}  // namespace vigil::store

#endif  // VIGIL_SERVER_STORE_NOTIFICATION_ROW_H_
