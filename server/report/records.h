#ifndef VIGIL_SERVER_REPORT_RECORDS_H_
#define VIGIL_SERVER_REPORT_RECORDS_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "server/report/report.h"
#include "vigil/v1/record.pb.h"

namespace vigil::report {

using RecordPtr = std::shared_ptr<const v1::Record>;

// Records of a snapshot as messages. Those that many rows name are kept, up to a bound.
class Records {
 public:
  explicit Records(store::Snapshot& snapshot) : snapshot_(snapshot) {}

  // Null: there is none. Read anew each time.
  absl::StatusOr<RecordPtr> Read(std::string_view id);
  // The same, and kept.
  absl::StatusOr<RecordPtr> Find(std::string_view id);
  // Children of one kind, in the order of their ids.
  absl::StatusOr<std::vector<RecordPtr>> Children(std::string_view parent, int kind);

  // By which people know the record: a number, a code; empty if it has none.
  absl::StatusOr<std::string> KeyOf(std::string_view id);
  // Of an org unit, a person, a risk source, a campaign; empty if there is none.
  absl::StatusOr<std::string> NameOf(std::string_view id);

 private:
  store::Snapshot& snapshot_;
  absl::flat_hash_map<std::string, RecordPtr> kept_;
};

// Instants and dates of the contract as values; unset ones are empty.
Value InstantValue(bool is_set, const google::protobuf::Timestamp& time);
Value DateValue(const v1::Date& date);
absl::Time TimeOf(const google::protobuf::Timestamp& time);
v1::Date ToDate(absl::CivilDay day);
// The day on which the report is made.
v1::Date Today(const Context& context);

}  // namespace vigil::report

#endif  // VIGIL_SERVER_REPORT_RECORDS_H_
