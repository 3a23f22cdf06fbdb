#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>

#include "server/register/group.h"
#include "server/register/projections.h"
#include "sync/base/bucket_sums.h"
#include "sync/base/status.h"
#include "sync/rules/ladder.h"

// What follows from a group's decisions once all of them are made.

namespace vigil::registry {

void Group::LookAgain(const std::vector<Uuid>& items, const std::optional<Sha256>& deadlines) {
  again_.insert(again_.end(), items.begin(), items.end());
  if (deadlines) writes_.deadlines = deadlines;
}

absl::StatusOr<store::WriteSet> Group::Finish() {
  VIGIL_RETURN_IF_ERROR(AddProjections(*records_, ladder_rules(), again_, writes_));
  NoteDeadlines();
  VIGIL_RETURN_IF_ERROR(FinishDigests());
  writes_.notifications = notices_.Finish(context_.now);
  for (const auto& [series, last] : counters_) writes_.counters.emplace_back(series, last);
  std::sort(writes_.counters.begin(), writes_.counters.end());
  writes_.audit_root = cache_->audit.Root();
  return std::move(writes_);
}

// Next steps that were worked out by other deadlines than all the others: those others are in force
// no longer, even if nothing else is looked at before they are used again.
void Group::NoteDeadlines() {
  if (cache_->fingerprint_of != context_.deadlines) {
    cache_->fingerprint = rules::FingerprintOf(*context_.deadlines, context_.zone.name());
    cache_->fingerprint_of = context_.deadlines;
  }
  const bool any = !writes_.hazards.empty() || !writes_.risk_sources.empty();
  const Sha256 claimed = writes_.deadlines.value_or(cache_->deadlines_in_force);
  if (claimed != Sha256() && claimed != cache_->fingerprint && (any || writes_.deadlines)) {
    writes_.deadlines = Sha256();
  }
  if (writes_.deadlines) cache_->deadlines_in_force = *writes_.deadlines;
}

std::unique_ptr<WriterCache> Group::Settle() {
  cache_->head = last_seq_;
  cache_->records.Settle();
  for (const auto& [device, last] : device_seqs_) {
    const auto known = cache_->devices.find(device);
    if (known == cache_->devices.end()) continue;
    WriterCache::Device& state = known->second;
    state.last_link = std::max(state.last_link, last.device_seq);
    if (last.device_seq <= state.last_judged) continue;
    state.last_judged = last.device_seq;
    state.last_hash = last.hash;
  }
  for (const auto& [place, hash] : links_) {
    const auto known = cache_->devices.find(place.first);
    if (known == cache_->devices.end()) continue;
    known->second.last_link = std::max(known->second.last_link, place.second);
  }
  return std::move(cache_);
}

absl::Status Group::FinishDigests() {
  // Of each unit whose digest changes.
  std::map<Uuid, std::int64_t> growth;
  const auto of = [&](const Uuid& unit) -> absl::StatusOr<BucketSums*> {
    const auto found = cache_->digests.find(unit);
    if (found != cache_->digests.end()) return &found->second;
    VIGIL_ASSIGN_OR_RETURN(const BucketSums stored, snapshot_.DigestOf(unit));
    return &cache_->digests.emplace(unit, stored).first->second;
  };
  for (Entry* entry : records_->touched()) {
    if (entry->office_only) continue;
    const auto bucket = static_cast<std::size_t>(BucketOf(entry->id));
    if (!entry->stored_bytes.empty()) {
      VIGIL_ASSIGN_OR_RETURN(BucketSums * before, of(entry->stored_unit));
      if (!entry->stored_share) entry->stored_share = ShareOf(entry->stored_bytes);
      (*before)[bucket] -= *entry->stored_share;
      --growth[entry->stored_unit];
    }
    VIGIL_ASSIGN_OR_RETURN(BucketSums * after, of(entry->unit));
    entry->share = ShareOf(entry->bytes);
    (*after)[bucket] += *entry->share;
    ++growth[entry->unit];
  }
  changed_units_.clear();
  for (const auto& [unit, records] : growth) {
    writes_.digests.push_back({.unit = unit, .sums = cache_->digests[unit], .growth = records});
    changed_units_.push_back(unit);
  }
  return absl::OkStatus();
}

}  // namespace vigil::registry
