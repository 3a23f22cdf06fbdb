#ifndef VIGIL_SERVER_STORE_SQLITE_OUTBOX_H_
#define VIGIL_SERVER_STORE_SQLITE_OUTBOX_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/store/outbox.h"
#include "sync/sqlite/database.h"

namespace vigil::store {

// The outbox over the writer's connection, which must outlive it.
class SqliteOutbox final : public Outbox {
 public:
  explicit SqliteOutbox(sqlite::Database& writer) : writer_(writer) {}

  absl::StatusOr<std::vector<v1::Notification>> Unrouted(int limit) override;
  absl::Status Route(const std::vector<DeliveryRoute>& routes) override;
  absl::StatusOr<std::optional<v1::Notification>> Next(const std::string& channel,
                                                       absl::Time now) override;
  absl::Status Mark(const DeliveryMark& mark) override;
  absl::StatusOr<std::int64_t> EndAllBut(const std::vector<std::string>& channels,
                                         const std::string& error, absl::Time now) override;
  absl::StatusOr<std::int64_t> Retry(const RetryQuery& query) override;

 private:
  sqlite::Database& writer_;
};

}  // namespace vigil::store

#endif  // VIGIL_SERVER_STORE_SQLITE_OUTBOX_H_
