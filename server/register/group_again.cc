#include <string>
#include <utility>
#include <vector>

#include "server/register/group.h"
#include "sync/base/status.h"
#include "sync/rules/record.h"

// Devices whose database was copied, and that were enrolled anew.

namespace vigil::registry {
namespace {

// Times that a phone may be enrolled anew; longer chains are somebody's invention.
constexpr int kFormerMax = 32;

std::string WithoutDevice(v1::Operation operation) {
  operation.clear_device();
  operation.clear_device_seq();
  return rules::CanonicalBytes(operation);
}

}  // namespace

absl::StatusOr<std::string> Group::OriginOf(const Uuid& device) {
  std::string origin = device.ToString();
  for (int i = 0; i < kFormerMax; ++i) {
    VIGIL_ASSIGN_OR_RETURN(const v1::Record* record, records_->Find(origin));
    if (record == nullptr || record->entity().device().formerly().empty()) break;
    origin = record->entity().device().formerly();
  }
  return origin;
}

absl::StatusOr<std::string> Group::StoredBytes(const store::StoredOutcome& stored) {
  if (const auto found = by_operation_.find(stored.operation); found != by_operation_.end()) {
    return writes_.log[found->second].operation_bytes;
  }
  VIGIL_ASSIGN_OR_RETURN(const std::vector<store::LogRow> rows,
                         snapshot_.Log(Seq(stored.seq.value() - 1), 1));
  if (rows.empty()) return absl::DataLossError("an operation of the log cannot be found");
  return rows.front().operation_bytes;
}

absl::StatusOr<bool> Group::IsMadeAgain(const store::StoredOutcome& stored,
                                        const Envelope& envelope, const v1::Operation& operation) {
  if (stored.device == envelope.device) return false;
  // Both copies may have been enrolled anew: neither is the other's former self then.
  VIGIL_ASSIGN_OR_RETURN(const std::string before, OriginOf(stored.device));
  VIGIL_ASSIGN_OR_RETURN(const std::string now, OriginOf(envelope.device));
  if (before != now) return false;
  VIGIL_ASSIGN_OR_RETURN(const std::string bytes, StoredBytes(stored));
  v1::Operation first;
  return first.ParseFromString(bytes) &&
         WithoutDevice(std::move(first)) == WithoutDevice(operation);
}

}  // namespace vigil::registry
