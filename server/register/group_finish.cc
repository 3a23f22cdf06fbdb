#include <algorithm>
#include <map>
#include <set>

#include "server/register/group.h"
#include "server/register/projections.h"
#include "sync/base/status.h"

// What follows from a group's decisions once all of them are made.

namespace vigil::registry {
namespace {

// As specified with store::BucketSums.
int BucketOf(const Uuid& id) { return static_cast<unsigned char>(Sha256Of(id.bytes()).bytes()[0]); }

std::uint64_t SumOf(std::string_view bytes) {
  const Sha256 hash = Sha256Of(bytes);
  std::uint64_t sum = 0;
  for (int i = 0; i < 8; ++i) {
    sum = (sum << 8) | static_cast<unsigned char>(hash.bytes()[static_cast<std::size_t>(i)]);
  }
  return sum;
}

}  // namespace

void Group::LookAgain(const std::vector<Uuid>& items, const std::optional<Sha256>& deadlines) {
  again_.insert(again_.end(), items.begin(), items.end());
  if (deadlines) writes_.deadlines = deadlines;
}

absl::StatusOr<store::WriteSet> Group::Finish() {
  VIGIL_RETURN_IF_ERROR(AddProjections(*records_, ladder_rules(), again_, writes_));
  VIGIL_RETURN_IF_ERROR(FinishDigests());
  writes_.notifications = notices_.Finish(context_.now);
  for (const auto& [series, last] : counters_) writes_.counters.emplace_back(series, last);
  std::sort(writes_.counters.begin(), writes_.counters.end());
  writes_.audit_root = audit_.Root();
  return std::move(writes_);
}

absl::Status Group::FinishDigests() {
  std::map<Uuid, store::BucketSums> sums;
  const auto of = [&](const Uuid& unit) -> absl::StatusOr<store::BucketSums*> {
    const auto found = sums.find(unit);
    if (found != sums.end()) return &found->second;
    VIGIL_ASSIGN_OR_RETURN(const store::BucketSums stored, snapshot_.DigestOf(unit));
    return &sums.emplace(unit, stored).first->second;
  };
  std::set<Uuid> units;
  for (const Entry* entry : records_->touched()) {
    if (entry->office_only) continue;
    const auto bucket = static_cast<std::size_t>(BucketOf(entry->id));
    if (!entry->stored_bytes.empty()) {
      VIGIL_ASSIGN_OR_RETURN(store::BucketSums * before, of(entry->stored_unit));
      (*before)[bucket] -= SumOf(entry->stored_bytes);
      units.insert(entry->stored_unit);
    }
    VIGIL_ASSIGN_OR_RETURN(store::BucketSums * after, of(entry->unit));
    (*after)[bucket] += SumOf(entry->bytes);
    units.insert(entry->unit);
  }
  for (const auto& [unit, changed] : sums) {
    writes_.digests.push_back({.unit = unit, .sums = changed});
  }
  changed_units_.assign(units.begin(), units.end());
  return absl::OkStatus();
}

}  // namespace vigil::registry
