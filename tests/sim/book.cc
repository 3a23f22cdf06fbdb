#include "tests/sim/book.h"

#include <algorithm>

namespace vigil::sim {
namespace {

// What the author chose himself.
v1::Operation Chosen(v1::Operation operation) {
  operation.clear_id();
  operation.clear_device_seq();
  operation.clear_person();
  operation.clear_made_at();
  operation.clear_clock_offset_ms();
  operation.clear_epoch();
  operation.clear_seen();
  return operation;
}

}  // namespace

const Book::Entry* Book::FindAttempt(const v1::Operation& operation) const {
  const std::string wanted = Chosen(operation).SerializeAsString();
  const auto found = std::find_if(attempts_.begin(), attempts_.end(), [&](const Entry& entry) {
    return entry.operation.SerializeAsString() == wanted;
  });
  return found == attempts_.end() ? nullptr : &*found;
}

}  // namespace vigil::sim
