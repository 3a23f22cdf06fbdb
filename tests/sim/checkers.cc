#include "tests/sim/checkers.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/access/access_control.h"
#include "server/access/authenticator.h"
#include "server/register/audit_check.h"
#include "server/register/log_page.h"
#include "sync/base/status.h"
#include "sync/rules/lineage.h"
#include "sync/rules/schema.h"

namespace vigil::sim {

// --- WholeLog ------------------------------------------------------------------------------------

void WholeLog::Shown(const v1::RegisterHead& head) {
  const auto [known, first] = shown_[head.seq()].try_emplace(head.epoch(), head.root());
  if (!first && known->second != head.root()) {
    world_.Violation("audit", absl::StrCat("two heads of one seq, ", head.seq()));
  }
}

// Those of lost branches were compared before they were lost.
void WholeLog::CheckShown(std::uint64_t seq, const std::string& root) {
  const auto shown = shown_.find(seq);
  if (shown == shown_.end()) return;
  for (const auto& [epoch, shown_root] : shown->second) {
    if (!epochs_.IsInForce(epoch, seq) || shown_root == root) continue;
    world_.Violation("audit", absl::StrCat("the log is not the one that was shown at ", seq));
  }
}

// The clock's, an import's, or what a phone brought back after a restore.
bool WholeLog::IsTheRegistersOwn(const v1::Operation& operation) const {
  if (operation.has_witness_record()) {
    return confirmed_.WasLeftBehind(operation.witness_record().record(),
                                    operation.witness_record().copy());
  }
  return operation.has_import_record() || operation.has_fire_escalation() ||
         operation.has_create_record();
}

void WholeLog::CheckRow(const v1::LogEntry& entry) {
  v1::Operation operation;
  if (entry.seq() == 0 || entry.operation().empty()) return;
  if (!operation.ParseFromString(entry.operation())) {
    return world_.Violation("log", absl::StrCat("seq ", entry.seq(), " cannot be read"));
  }
  if (!judged_.insert(operation.id()).second) {
    world_.Violation("applied once", absl::StrCat(operation.id(), ": twice in the log"));
  }
  const Book::Entry* made = book_.Find(operation.id());
  if (made == nullptr) {
    if (!IsTheRegistersOwn(operation) && !book_.MayHaveMade(operation)) {
      world_.Violation("log", absl::StrCat(operation.id(), ": nobody made it"));
    }
  } else if (made->operation.SerializeAsString() != entry.operation()) {
    world_.Violation("log", absl::StrCat(operation.id(), ": its author made another content"));
  } else if (made->discarded) {
    world_.Violation("log", absl::StrCat(operation.id(), ": its author had given it up"));
  }
}

// Each restore was signed by the register's key.
void WholeLog::CheckEpochs(store::Snapshot& snapshot, Server& server) {
  const auto epochs = snapshot.Epochs();
  if (!epochs.ok()) return;
  for (const v1::Epoch& epoch : *epochs) {
    const bool may_be_unsigned = epoch.parent().empty();
    if (may_be_unsigned || rules::IsSignedBy(epoch, server.key().public_key())) continue;
    world_.Violation("audit", absl::StrCat("nobody has signed the epoch ", epoch.id()));
  }
}

void WholeLog::Check(Server& server) {
  const auto snapshot = server.store().Read();
  if (!snapshot.ok()) return world_.Violation("audit", snapshot.status().ToString());
  const auto register_id = access::RegisterIdOf(**snapshot);
  registry::AuditCheck audit({.register_id = *register_id,
                              .register_key = server.key().public_key(),
                              .since = std::nullopt});
  registry::AuditTree tree;
  std::vector<store::AuditNode> completed;
  v1::ListLogRequest request;
  judged_.clear();
  v1::RegisterHead head;
  do {
    const auto page = registry::ListLog(**snapshot, request);
    if (!page.ok()) return world_.Violation("audit", page.status().ToString());
    for (const v1::LogEntry& entry : page->entries()) {
      audit.Add(entry);
      CheckRow(entry);
      if (entry.seq() == 0) continue;
      tree.Append(registry::AuditLeaf(entry.operation(), entry.outcome()), completed);
      CheckShown(tree.size(), std::string(tree.Root().bytes()));
    }
    head = page->head();
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  for (auto shown = shown_.upper_bound(tree.size()); shown != shown_.end(); ++shown) {
    for (const auto& [epoch, root] : shown->second) {
      if (!epochs_.IsInForce(epoch, shown->first)) continue;
      world_.Violation("audit", absl::StrCat("a head at ", shown->first,
                                             " was shown; the log ends at ", tree.size()));
    }
  }
  CheckEpochs(**snapshot, server);
  server.reg().SignHead(head);
  audit.Finish(head);
  for (const std::string& fault : audit.faults()) world_.Violation("audit", fault);
}

// --- Conservation --------------------------------------------------------------------------------

void Conservation::CheckOne(Phone& phone, const Book::Entry& entry, const Place& place) {
  const auto complain = [&](std::string_view what) {
    world_.Violation("conservation", absl::StrCat(phone.name(), ": ", entry.operation.id(), " ",
                                                  std::string(what)));
  };
  const std::string bytes = entry.operation.SerializeAsString();
  if (place.waits != nullptr) {
    if (place.outcome) complain("waits and has an outcome");
    if (place.waits->operation.SerializeAsString() != bytes) complain("has another content");
    return;
  }
  v1::Verdict verdict = place.outcome ? place.outcome->verdict() : v1::VERDICT_UNSPECIFIED;
  if (!place.outcome) {
    if (!acknowledged_.WasArchived(entry.operation.id())) return complain("is lost");
    verdict = acknowledged_.LastVerdict(entry.operation.id());
  }
  if (verdict != v1::VERDICT_REFUSED) return;
  if (place.refused == nullptr || place.refused->SerializeAsString() != bytes) {
    complain("was refused and is not on the attention list");
  } else if (place.outcome && place.outcome->error().reason() == v1::REASON_UNSPECIFIED) {
    complain("was refused without a reason");
  }
}

void Conservation::Check(Phone& phone) {
  replica::Replica& replica = phone.replica();
  const auto outbox = replica.Outbox();
  const auto attention = replica.Attention();
  if (!outbox.ok() || !attention.ok()) return;
  std::map<std::string, const replica::OutboxItem*> waiting;
  for (const auto& item : *outbox) waiting[item.operation.id()] = &item;
  std::map<std::string, const v1::Operation*> refused;
  for (const auto& item : *attention) {
    if (!item.quarantined) refused[item.operation.id()] = &item.operation;
  }
  for (const auto& [id, entry] : book_.entries()) {
    if (!entry.phone || !entry.kept || entry.operation.device() != phone.user().device) continue;
    const auto outcome = replica.FindOutcome(id);
    if (!outcome.ok()) return;
    Place place;
    place.outcome = *outcome;
    if (const auto found = waiting.find(id); found != waiting.end()) place.waits = found->second;
    if (const auto found = refused.find(id); found != refused.end()) place.refused = found->second;
    CheckOne(phone, entry, place);
  }
}

// --- SameRecords ---------------------------------------------------------------------------------

namespace {

absl::StatusOr<std::map<std::string, Held>> ReadScope(Server& server, const Account& account) {
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, server.store().Read());
  VIGIL_ASSIGN_OR_RETURN(const rules::Author author, server.AuthorOf(account));
  VIGIL_ASSIGN_OR_RETURN(const access::Scope scope, access::ScopeOf(author, *snapshot));
  std::map<std::string, Held> records;
  for (const rules::EntityInfo& info : rules::Schema::Get().entities()) {
    if (info.rules.audience() == v1::AUDIENCE_OFFICE) continue;
    VIGIL_ASSIGN_OR_RETURN(
        const store::RecordPage page,
        snapshot->Records(info.number, Uuid(), 1000, "", store::RecordScope::Everything()));
    for (const store::StoredRecord& record : page.records) {
      const bool seen =
          record.unit.is_nil() ||
          std::binary_search(scope.expanded.begin(), scope.expanded.end(), record.unit);
      if (seen) records[record.id.ToString()] = {record.version.value(), record.bytes};
    }
  }
  return records;
}

}  // namespace

// What a phone derives of a hazard is what the office reads in the ledger.
void SameRecords::CheckStates(Server& server, Phone& phone) {
  const auto snapshot = server.store().Read();
  const auto hazards = phone.replica().List({.kind = "hazard"});
  if (!snapshot.ok() || !hazards.ok()) return;
  for (const replica::RecordView& hazard : *hazards) {
    const auto state = phone.replica().HazardState(hazard.record.id());
    const auto projection = (*snapshot)->FindHazardProjection(*Uuid::Parse(hazard.record.id()));
    if (hazard.pending || !state.ok() || !projection.ok() || !projection->has_value()) continue;
    if (state->tagged() == (*projection)->state.tagged() &&
        state->closed() == (*projection)->state.closed() &&
        state->status() == (*projection)->state.status()) {
      continue;
    }
    world_.Violation("vigilance", absl::StrCat(phone.name(), ": ", hazard.record.id(),
                                               " is another state than in the ledger"));
  }
}

void SameRecords::Check(Server& server, Phone& phone) {
  const auto complain = [&](std::string_view what) {
    world_.Violation("same records", absl::StrCat(phone.name(), ": ", ToAbsl(what)));
  };
  const auto expected = ReadScope(server, phone.user());
  // Somebody who may not come in any more has what he had.
  if (!expected.ok()) return;
  const auto held = ReadHeld(phone);
  if (!held.ok()) return complain(held.status().ToString());
  for (const auto& [id, record] : *expected) {
    const auto own = held->find(id);
    if (own == held->end()) {
      complain(absl::StrCat("lacks ", id, " of version ", record.version));
    } else if (own->second.bytes != record.bytes) {
      complain(
          absl::StrCat("has ", id, " of version ", own->second.version, ", not ", record.version));
    }
  }
  for (const auto& [id, record] : *held) {
    if (!expected->contains(id))
      complain(absl::StrCat("holds ", id, ", which is not in its scope"));
  }
  CheckStates(server, phone);
  const auto counts = phone.replica().Counts();
  if (!counts.ok()) return complain(counts.status().ToString());
  if (!counts->complete) complain("is not complete");
  if (counts->faults > 0) complain(absl::StrCat("repaired ", counts->faults, " buckets"));
  if (!phone.last_report().digest_equal) complain("the digests differ");
}

}  // namespace vigil::sim
