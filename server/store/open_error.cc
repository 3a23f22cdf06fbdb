#include "server/store/open_error.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "server/store/rows.h"
#include "server/store/schema.h"
#include "sync/base/status.h"
#include "sync/sqlite/error.h"

namespace vigil::store {
namespace {

// Result code SQLITE_NOTADB: the first page is not that of a database.
constexpr int kNotADatabase = 26;

}  // namespace

absl::Status WhyNotOpened(const absl::Status& status, const std::string& path) {
  if (status.ok() || ReasonNumberOf(status) != 0) return status;
  const bool not_a_database = sqlite::ResultCodeOf(status) == kNotADatabase;
  if (not_a_database || (status.code() == absl::StatusCode::kFailedPrecondition &&
                         MetadataValueOf(status, "application_id"))) {
    return StoreError(absl::StatusCode::kFailedPrecondition, v1::REASON_FOREIGN_FILE,
                      path +
                          " is not a Vigil register; it was left as it is. Name another file, "
                          "or move this one away.")
        .With("file", path);
  }
  if (status.code() == absl::StatusCode::kDataLoss) {
    return StoreError(absl::StatusCode::kDataLoss, v1::REASON_CORRUPT_FILE,
                      path + " is damaged (" + std::string(ToStd(status.message())) +
                          "); restore the register from a backup.")
        .With("file", path);
  }
  return Annotate(status, "opening the register");
}

absl::Status CheckVersion(sqlite::Database& database, const std::string& path) {
  VIGIL_ASSIGN_OR_RETURN(const std::int64_t version, database.UserVersion());
  const std::int64_t known = RegisterSchema().version();
  if (version <= known) return absl::OkStatus();
  return StoreError(absl::StatusCode::kFailedPrecondition, v1::REASON_SCHEMA_TOO_NEW,
                    absl::StrCat(path, " was written by a newer Vigil: its schema is ", version,
                                 ", this program knows ", known,
                                 ". It was left as it is; use the newer program."))
      .With("file", path)
      .With("schema_version", version);
}

}  // namespace vigil::store
