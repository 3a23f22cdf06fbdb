#include "server/store/sqlite_outbox.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "server/store/notification_row.h"
#include "server/store/rows.h"
#include "sync/base/status.h"

namespace vigil::store {

using sqlite::Statement;
using sqlite::Transaction;

namespace {

constexpr char kUnrouted[] = R"sql(
SELECT id, state, recipient, topic, record, created_at, text_zh, text_en
FROM notification WHERE routed = 0 ORDER BY id LIMIT ?1
)sql";

constexpr char kSetRouted[] = "UPDATE notification SET routed = 1 WHERE id = ?1";

// State 1 is PENDING, in the index's words; 2 SENT, 3 DEAD.
constexpr char kInsertDelivery[] = R"sql(
INSERT OR IGNORE INTO notification_delivery
  (notification, channel, address, state, attempts, next_attempt_at, changed_at, last_error)
VALUES (?1, ?2, ?3, 1, 0, NULL, NULL, '')
)sql";

constexpr char kNext[] = R"sql(
SELECT notification.id, notification.state, recipient, topic, record, created_at, text_zh, text_en
FROM notification_delivery JOIN notification ON notification.id = notification_delivery.notification
WHERE channel = ?1 AND notification_delivery.state = 1
  AND (next_attempt_at IS NULL OR next_attempt_at <= ?2)
ORDER BY notification_delivery.notification, address LIMIT 1
)sql";

constexpr char kNextDelivery[] = R"sql(
SELECT channel, address, state, attempts, next_attempt_at, changed_at, last_error
FROM notification_delivery
WHERE notification = ?3 AND channel = ?1 AND state = 1
  AND (next_attempt_at IS NULL OR next_attempt_at <= ?2)
ORDER BY address LIMIT 1
)sql";

constexpr char kMark[] = R"sql(
UPDATE notification_delivery
SET state = ?4, next_attempt_at = ?5, attempts = attempts + 1, changed_at = ?6, last_error = ?7
WHERE notification = ?1 AND channel = ?2 AND address = ?3 AND state = 1
)sql";

constexpr char kFindDelivery[] = R"sql(
SELECT 1 FROM notification_delivery WHERE notification = ?1 AND channel = ?2 AND address = ?3
)sql";

// A message's state follows its deliveries'.
constexpr char kSum[] = R"sql(
UPDATE notification
SET state = CASE
  WHEN routed = 0 THEN 1
  WHEN EXISTS (SELECT 1 FROM notification_delivery
               WHERE notification_delivery.notification = notification.id
                 AND notification_delivery.state = 1) THEN 1
  WHEN EXISTS (SELECT 1 FROM notification_delivery
               WHERE notification_delivery.notification = notification.id
                 AND notification_delivery.state = 3) THEN 3
  ELSE 2 END
WHERE id = ?1
)sql";

constexpr char kPendingChannels[] = R"sql(
SELECT DISTINCT channel FROM notification_delivery WHERE state = 1 ORDER BY channel
)sql";

constexpr char kPendingOfChannel[] = R"sql(
SELECT DISTINCT notification FROM notification_delivery WHERE state = 1 AND channel = ?1
ORDER BY notification
)sql";

constexpr char kEnd[] = R"sql(
UPDATE notification_delivery
SET state = 3, next_attempt_at = NULL, changed_at = ?3, last_error = ?2
WHERE channel = ?1 AND state = 1
)sql";

constexpr char kFindNotification[] = "SELECT 1 FROM notification WHERE id = ?1";

constexpr char kDeadNotifications[] = R"sql(
SELECT DISTINCT notification FROM notification_delivery
WHERE state = 3 AND (?1 = '' OR channel = ?1) ORDER BY notification
)sql";

constexpr char kStuckChannelsOf[] = R"sql(
SELECT DISTINCT channel FROM notification_delivery
WHERE notification = ?1 AND state <> 2 AND (?2 = '' OR channel = ?2) ORDER BY channel
)sql";

constexpr char kTryAgain[] = R"sql(
UPDATE notification_delivery
SET state = 1, attempts = 0, next_attempt_at = NULL, changed_at = ?3
WHERE notification = ?1 AND channel = ?2 AND state <> 2
)sql";

constexpr char kForget[] = R"sql(
DELETE FROM notification_delivery WHERE notification = ?1 AND channel = ?2 AND state <> 2
)sql";

constexpr char kRouteAgain[] = "UPDATE notification SET routed = 0 WHERE id = ?1";

absl::StatusOr<bool> IsThere(Statement& statement) {
  VIGIL_ASSIGN_OR_RETURN(const bool found, statement.Step());
  statement.Reset();
  return found;
}

absl::StatusOr<std::vector<std::int64_t>> ReadIds(Statement& statement) {
  std::vector<std::int64_t> ids;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, statement.Step());
    if (!found) return ids;
    ids.push_back(statement.ColumnInt64(0));
  }
}

absl::StatusOr<std::vector<std::string>> ReadNames(Statement& statement) {
  std::vector<std::string> names;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, statement.Step());
    if (!found) return names;
    names.emplace_back(statement.ColumnText(0));
  }
}

bool Has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

absl::Status SumUp(Transaction& transaction, std::int64_t notification) {
  VIGIL_ASSIGN_OR_RETURN(Statement sum, transaction.Prepare(kSum));
  sum.BindInt64(1, notification);
  return sum.Run();
}

ErrorBuilder NotFound(std::int64_t notification) {
  return StoreError(absl::StatusCode::kNotFound, v1::REASON_NOT_FOUND,
                    absl::StrCat("there is no notification ", notification))
      .With("id", notification);
}

absl::Status RouteOne(Transaction& transaction, const DeliveryRoute& route) {
  if (route.targets.empty()) return absl::InvalidArgumentError("a message without a channel");
  VIGIL_ASSIGN_OR_RETURN(Statement insert, transaction.Prepare(kInsertDelivery));
  for (const DeliveryTarget& target : route.targets) {
    insert.Reset();
    insert.BindInt64(1, route.notification).BindText(2, target.channel).BindText(3, target.address);
    VIGIL_RETURN_IF_ERROR(insert.Run());
  }
  VIGIL_ASSIGN_OR_RETURN(Statement routed, transaction.Prepare(kSetRouted));
  routed.BindInt64(1, route.notification);
  VIGIL_RETURN_IF_ERROR(routed.Run());
  return SumUp(transaction, route.notification);
}

// How many deliveries are pending now.
absl::StatusOr<std::int64_t> RetryOne(Transaction& transaction, sqlite::Database& database,
                                      std::int64_t notification, const RetryQuery& query) {
  VIGIL_ASSIGN_OR_RETURN(Statement stuck, database.Query(kStuckChannelsOf));
  stuck.BindInt64(1, notification).BindText(2, query.channel);
  VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> channels, ReadNames(stuck));
  std::int64_t retried = 0;
  for (const std::string& channel : channels) {
    if (Has(query.channels, channel)) {
      VIGIL_ASSIGN_OR_RETURN(Statement again, transaction.Prepare(kTryAgain));
      again.BindInt64(1, notification).BindText(2, channel).BindTime(3, query.now);
      VIGIL_RETURN_IF_ERROR(again.Run());
      retried += transaction.changes();
      continue;
    }
    VIGIL_ASSIGN_OR_RETURN(Statement forget, transaction.Prepare(kForget));
    forget.BindInt64(1, notification).BindText(2, channel);
    VIGIL_RETURN_IF_ERROR(forget.Run());
    retried += transaction.changes();
    VIGIL_ASSIGN_OR_RETURN(Statement reroute, transaction.Prepare(kRouteAgain));
    reroute.BindInt64(1, notification);
    VIGIL_RETURN_IF_ERROR(reroute.Run());
  }
  VIGIL_RETURN_IF_ERROR(SumUp(transaction, notification));
  return retried;
}

}  // namespace

absl::StatusOr<std::vector<v1::Notification>> SqliteOutbox::Unrouted(int limit) {
  VIGIL_ASSIGN_OR_RETURN(Statement read, writer_.Query(kUnrouted));
  read.BindInt64(1, limit);
  return ReadNotifications(read);
}

absl::Status SqliteOutbox::Route(const std::vector<DeliveryRoute>& routes) {
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, writer_.BeginWrite());
  for (const DeliveryRoute& route : routes) VIGIL_RETURN_IF_ERROR(RouteOne(transaction, route));
  return transaction.Commit();
}

absl::StatusOr<std::optional<v1::Notification>> SqliteOutbox::Next(const std::string& channel,
                                                                   absl::Time now) {
  VIGIL_ASSIGN_OR_RETURN(Statement read, writer_.Query(kNext));
  read.BindText(1, channel).BindTime(2, now);
  VIGIL_ASSIGN_OR_RETURN(std::vector<v1::Notification> found, ReadNotifications(read));
  if (found.empty()) return std::optional<v1::Notification>();
  VIGIL_ASSIGN_OR_RETURN(Statement delivery, writer_.Query(kNextDelivery));
  delivery.BindText(1, channel).BindTime(2, now).BindInt64(3, found[0].id());
  VIGIL_RETURN_IF_ERROR(delivery.Step());
  *found[0].add_deliveries() = ReadDelivery(delivery, 0);
  return std::optional<v1::Notification>(std::move(found[0]));
}

absl::Status SqliteOutbox::Mark(const DeliveryMark& mark) {
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, writer_.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(Statement update, transaction.Prepare(kMark));
  update.BindInt64(1, mark.notification).BindText(2, mark.target.channel);
  update.BindText(3, mark.target.address).BindInt64(4, mark.state);
  update.BindOptionalTime(5, mark.next_attempt_at).BindTime(6, mark.at).BindText(7, mark.error);
  VIGIL_RETURN_IF_ERROR(update.Run());
  if (transaction.changes() != 1) {
    VIGIL_ASSIGN_OR_RETURN(Statement find, writer_.Query(kFindDelivery));
    find.BindInt64(1, mark.notification).BindText(2, mark.target.channel);
    find.BindText(3, mark.target.address);
    VIGIL_ASSIGN_OR_RETURN(const bool there, IsThere(find));
    if (!there) return NotFound(mark.notification);
    return absl::OkStatus();
  }
  VIGIL_RETURN_IF_ERROR(SumUp(transaction, mark.notification));
  return transaction.Commit();
}

absl::StatusOr<std::int64_t> SqliteOutbox::EndAllBut(const std::vector<std::string>& channels,
                                                     const std::string& error, absl::Time now) {
  VIGIL_ASSIGN_OR_RETURN(Statement pending, writer_.Query(kPendingChannels));
  VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> names, ReadNames(pending));
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, writer_.BeginWrite());
  std::int64_t ended = 0;
  for (const std::string& name : names) {
    if (Has(channels, name)) continue;
    VIGIL_ASSIGN_OR_RETURN(Statement of, writer_.Query(kPendingOfChannel));
    of.BindText(1, name);
    VIGIL_ASSIGN_OR_RETURN(const std::vector<std::int64_t> messages, ReadIds(of));
    VIGIL_ASSIGN_OR_RETURN(Statement end, transaction.Prepare(kEnd));
    end.BindText(1, name).BindText(2, error).BindTime(3, now);
    VIGIL_RETURN_IF_ERROR(end.Run());
    ended += transaction.changes();
    for (const std::int64_t message : messages) {
      VIGIL_RETURN_IF_ERROR(SumUp(transaction, message));
    }
  }
  VIGIL_RETURN_IF_ERROR(transaction.Commit());
  return ended;
}

absl::StatusOr<std::int64_t> SqliteOutbox::Retry(const RetryQuery& query) {
  std::vector<std::int64_t> messages = query.notifications;
  if (messages.empty()) {
    VIGIL_ASSIGN_OR_RETURN(Statement dead, writer_.Query(kDeadNotifications));
    dead.BindText(1, query.channel);
    VIGIL_ASSIGN_OR_RETURN(messages, ReadIds(dead));
  }
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, writer_.BeginWrite());
  std::int64_t retried = 0;
  for (const std::int64_t message : messages) {
    VIGIL_ASSIGN_OR_RETURN(Statement find, writer_.Query(kFindNotification));
    find.BindInt64(1, message);
    VIGIL_ASSIGN_OR_RETURN(const bool there, IsThere(find));
    if (!there) return NotFound(message);
    VIGIL_ASSIGN_OR_RETURN(const std::int64_t tried,
                           RetryOne(transaction, writer_, message, query));
    retried += tried;
  }
  VIGIL_RETURN_IF_ERROR(transaction.Commit());
  return retried;
}

}  // namespace vigil::store
