#ifndef VIGIL_TESTS_SUPPORT_DATABASE_DUMP_H_
#define VIGIL_TESTS_SUPPORT_DATABASE_DUMP_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "sync/base/ids.h"
#include "sync/sqlite/database.h"

namespace vigil::testing {

// All rows of all tables as text, a line each, in an order that does not depend on how they came
// there: what can be compared. Rowids that name nothing (columns `ordinal`) are left out.
absl::StatusOr<std::string> DumpOf(sqlite::Database& database);

// What holds of every sound database: SQLite's own checks. DATA_LOSS with what does not.
absl::Status CheckDatabase(sqlite::Database& database);

// Each statement counts rows that must not be there. DATA_LOSS where one finds some; `file` says
// whose file it is.
absl::Status CheckNoStrays(sqlite::Database& database, std::span<const std::string_view> statements,
                           std::string_view file);

// 256 sums over records, computed here once more as sync/README.md specifies them.
class DigestSums {
 public:
  static std::size_t BucketOf(const Uuid& record);

  void Add(const Uuid& record, std::string_view bytes);
  // As both databases hold them.
  std::string Bytes() const;

 private:
  std::array<std::uint64_t, 256> sums_{};
};

}  // namespace vigil::testing

#endif  // VIGIL_TESTS_SUPPORT_DATABASE_DUMP_H_
