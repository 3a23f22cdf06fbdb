#ifndef VIGIL_SYNC_REPLICA_PLACE_H_
#define VIGIL_SYNC_REPLICA_PLACE_H_

#include <algorithm>
#include <cstdint>

#include "sync/base/ids.h"

// Where rows stand. Those about an operation: by its user's number, then in the order of his chain.
// Confirmed records: in the order of their arrival. What is new comes last, which costs SQLite the
// fewest pages. The formulas never change: places are stored, and SQL takes them apart.

namespace vigil::replica {

// An operation of one who uses the phone, or did.
struct OwnOperation {
  Uuid device;
  // User::number.
  std::int64_t user = 0;
  DeviceSeq device_seq;
};

inline constexpr DeviceSeq kDeviceSeqMax{(std::uint64_t{1} << 40) - 1};
inline constexpr int kWritesMax = 256;

// From and to, both included.
struct PlaceRange {
  std::int64_t first = 0;
  std::int64_t last = 0;
};

// In the outbox.
constexpr std::int64_t PlaceOf(const OwnOperation& operation) {
  const std::uint64_t device_seq = std::min(operation.device_seq, kDeviceSeqMax).value();
  return (operation.user << 40) + static_cast<std::int64_t>(device_seq);
}

// Of all that the user did up to this operation, in the outbox.
constexpr PlaceRange PlacesUpTo(const OwnOperation& last) {
  return {last.user << 40, PlaceOf(last)};
}

// Of the writes of these operations, in the overlay.
constexpr PlaceRange WritesOf(const PlaceRange& operations) {
  return {operations.first * kWritesMax, operations.last * kWritesMax + kWritesMax - 1};
}
constexpr PlaceRange WritesOf(const OwnOperation& operation) {
  return WritesOf({PlaceOf(operation), PlaceOf(operation)});
}

// Of a confirmed record, by the number of its arrival. Each index has the kind thereby:
// `place & 255`.
constexpr std::int64_t PlaceOfRecord(std::int64_t arrival, int kind) {
  return (arrival << 8) + kind;
}

}  // namespace vigil::replica

#endif  // VIGIL_SYNC_REPLICA_PLACE_H_
