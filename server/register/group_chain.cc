#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/register/group.h"
#include "sync/base/status.h"
#include "sync/rules/judge.h"
#include "sync/rules/reason.h"

// Each phone's operations are a chain: every one names the hash of the one before, and the head of
// a push is signed. What stands in the register's log of a phone is what that phone said, in its
// order.

namespace vigil::registry {
namespace {

using rules::Refuse;

Uuid DeviceOf(const rules::Author& author) { return Uuid::ParseOrNil(author.device); }

// `next` follows right after `entry` on the device.
bool IsNext(const Incoming& entry, const Incoming& next) {
  return entry.device_seq > 0 && entry.device_seq + 1 == next.device_seq;
}

v1::Outcome PutOff(const Incoming& incoming, const rules::Author& author, const absl::Status& why) {
  v1::Outcome outcome;
  outcome.set_operation(incoming.operation_id);
  outcome.set_device(author.device);
  outcome.set_device_seq(incoming.device_seq);
  outcome.set_verdict(v1::VERDICT_DEFERRED);
  *outcome.mutable_error() = rules::ToDetail(why);
  return outcome;
}

}  // namespace

absl::StatusOr<Sha256> Group::HashInChain(const Uuid& device, std::uint64_t device_seq) {
  if (const auto found = links_.find({device, device_seq}); found != links_.end()) {
    return found->second;
  }
  VIGIL_ASSIGN_OR_RETURN(const WriterCache::Device state, DeviceBefore(device));
  // Where a chain goes on, as it mostly does.
  if (device_seq > 0 && device_seq == state.last_judged) return state.last_hash;
  VIGIL_ASSIGN_OR_RETURN(const std::optional<store::StoredOutcome> judged,
                         Stored(device, device_seq));
  if (judged) return judged->operation_hash;
  if (device_seq > state.last_link) return Sha256();
  VIGIL_ASSIGN_OR_RETURN(const std::optional<store::ChainLink> link,
                         snapshot_.FindUnjudgedLink(device, DeviceSeq(device_seq)));
  return link ? link->operation_hash : Sha256();
}

absl::StatusOr<std::vector<bool>> Group::CheckChain(const std::vector<Incoming>& entries,
                                                    const PushHead& head,
                                                    const rules::Author& author) {
  std::vector<bool> in_chain(entries.size(), false);
  if (entries.empty() || entries.back().device_seq != head.device_seq.value() ||
      entries.back().hash != head.operation_hash) {
    return in_chain;
  }
  const Uuid device = DeviceOf(author);
  std::vector<Sha256> known(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    VIGIL_ASSIGN_OR_RETURN(known[i], HashInChain(device, entries[i].device_seq));
  }
  // The signature speaks for the head, and for whatever leads to it link by link; what is stored
  // already was spoken for then.
  std::vector<bool> spoken_for(entries.size(), false);
  spoken_for.back() = true;
  for (std::size_t i = entries.size() - 1; i-- > 0;) {
    const Incoming& next = entries[i + 1];
    spoken_for[i] =
        (spoken_for[i + 1] && IsNext(entries[i], next) && next.previous_hash == entries[i].hash) ||
        (!known[i].is_zero() && known[i] == entries[i].hash);
  }
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Incoming& entry = entries[i];
    if (!spoken_for[i] || entry.device_seq == 0) continue;
    if (!known[i].is_zero()) {
      // Other content for an operation that was judged is refused and recorded. The place of one
      // that waits is its own alone: its link is stored and signed for.
      VIGIL_ASSIGN_OR_RETURN(const std::optional<store::StoredOutcome> judged,
                             Stored(device, entry.device_seq));
      in_chain[i] = judged.has_value() || known[i] == entry.hash;
      continue;
    }
    Sha256 before;
    if (i > 0 && IsNext(entries[i - 1], entry)) {
      // Of the two that claim a place, the one that stands there is followed.
      const bool goes_on =
          in_chain[i - 1] && (known[i - 1].is_zero() || known[i - 1] == entries[i - 1].hash);
      if (!goes_on) continue;
      before = entries[i - 1].hash;
    } else if (entry.device_seq > 1) {
      VIGIL_ASSIGN_OR_RETURN(before, HashInChain(device, entry.device_seq - 1));
      if (before.is_zero()) continue;
    }
    in_chain[i] = entry.previous_hash == before;
  }
  return in_chain;
}

v1::Outcome Group::OutOfChain(const Incoming& incoming, const rules::Author& author,
                              std::set<std::string>& waiting) const {
  v1::Operation operation;
  // As much of it as can be read says what else must wait.
  static_cast<void>(operation.ParseFromString(incoming.bytes));
  const std::vector<std::string> written = rules::RecordsWritten(operation);
  waiting.insert(written.begin(), written.end());
  return PutOff(
      incoming, author,
      Refuse(v1::REASON_CHAIN_BROKEN, "this does not follow what the register has of this device")
          .With("device_seq", static_cast<std::int64_t>(incoming.device_seq)));
}

v1::Outcome Group::Withheld(const Incoming& incoming, const rules::Author& author) const {
  return PutOff(incoming, author,
                Refuse(v1::REASON_DEPENDENCY_MISSING, "its content was withheld"));
}

absl::Status Group::KeepChain(const std::vector<Incoming>& entries, const PushHead& head,
                              const rules::Author& author, const std::vector<bool>& in_chain) {
  const Uuid device = DeviceOf(author);
  bool head_is_new = false;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (!in_chain[i]) continue;
    const Incoming& entry = entries[i];
    const bool is_head = i + 1 == entries.size();
    VIGIL_ASSIGN_OR_RETURN(const Sha256 known, HashInChain(device, entry.device_seq));
    if (known.is_zero()) {
      links_[{device, entry.device_seq}] = entry.hash;
      writes_.links.push_back({.device = device,
                               .device_seq = DeviceSeq(entry.device_seq),
                               .operation_hash = entry.hash,
                               .previous_hash = entry.previous_hash});
    }
    // Judged just now, or put off for the first time; a repeat has brought its signature before.
    const bool judged_now = by_device_seq_.contains({device, entry.device_seq});
    if (is_head) head_is_new = known.is_zero() || (judged_now && known == entry.hash);
  }
  if (head_is_new) {
    writes_.signatures.push_back({.device = device,
                                  .device_seq = head.device_seq,
                                  .operation_hash = head.operation_hash,
                                  .signature = head.signature});
  }
  return absl::OkStatus();
}

}  // namespace vigil::registry
