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
#include "sync/rules/schema.h"
#include "sync/sqlite/database.h"

namespace vigil::sim {

// --- AcknowledgedWork ----------------------------------------------------------------------------

void AcknowledgedWork::Answered(const v1::Outcome& outcome) {
  if (outcome.verdict() == v1::VERDICT_DEFERRED) return;
  if (outcome.seq() == 0) {
    return world_.Violation("acknowledged",
                            absl::StrCat(outcome.operation(), ": answered without a place"));
  }
  v1::Outcome stored = outcome;
  stored.clear_repeat();
  Answer answer = {outcome.seq(), stored.SerializeAsString()};
  const auto [known, first] = answers_.try_emplace(outcome.operation(), answer);
  if (!first && known->second.bytes != answer.bytes) {
    world_.Violation("acknowledged",
                     absl::StrCat(outcome.operation(), ": answered as ", outcome.seq(),
                                  " and before as ", known->second.seq));
  }
}

void AcknowledgedWork::Check(store::Snapshot& snapshot) {
  for (const auto& [operation, answer] : answers_) {
    const auto stored = snapshot.FindOutcome(*Uuid::Parse(operation));
    if (!stored.ok()) return;
    if (!stored->has_value()) {
      world_.Violation("acknowledged", absl::StrCat(operation, ": was answered as seq ", answer.seq,
                                                    " and is not in the register"));
    } else if ((*stored)->outcome_bytes != answer.bytes) {
      world_.Violation("acknowledged",
                       absl::StrCat(operation, ": the register's outcome is another one"));
    }
  }
}

// --- WholeLog ------------------------------------------------------------------------------------

void WholeLog::Shown(const v1::RegisterHead& head) {
  const auto [known, first] = shown_.try_emplace(head.seq(), head.root());
  if (!first && known->second != head.root()) {
    world_.Violation("audit", absl::StrCat("two heads of one seq, ", head.seq()));
  }
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
    if (!operation.has_import_record() && !operation.has_fire_escalation() &&
        !operation.has_create_record() && !book_.MayHaveMade(operation)) {
      world_.Violation("log", absl::StrCat(operation.id(), ": nobody made it"));
    }
  } else if (made->operation.SerializeAsString() != entry.operation()) {
    world_.Violation("log", absl::StrCat(operation.id(), ": its author made another content"));
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
      const auto shown = shown_.find(tree.size());
      if (shown != shown_.end() && shown->second != tree.Root().bytes()) {
        world_.Violation("audit",
                         absl::StrCat("the log is not the one that was shown at ", shown->first));
      }
    }
    head = page->head();
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  if (!shown_.empty() && shown_.rbegin()->first > tree.size()) {
    world_.Violation("audit", absl::StrCat("a head at ", shown_.rbegin()->first,
                                           " was shown; the log ends at ", tree.size()));
  }
  server.reg().SignHead(head);
  audit.Finish(head);
  for (const std::string& fault : audit.faults()) world_.Violation("audit", fault);
}

// --- ConfirmedVersions ---------------------------------------------------------------------------

namespace {

constexpr char kRecords[] = "SELECT id, version, bytes FROM record ORDER BY id";

struct Held {
  std::uint64_t version = 0;
  std::string bytes;
};

// What is in the phone's file, read past the replica.
absl::StatusOr<std::map<std::string, Held>> ReadHeld(Phone& phone) {
  sqlite::OpenOptions options;
  options.mode = sqlite::OpenOptions::Mode::kReadOnly;
  options.vfs = phone.disk().name();
  VIGIL_ASSIGN_OR_RETURN(sqlite::Database database, sqlite::Database::Open(Phone::kFile, options));
  VIGIL_ASSIGN_OR_RETURN(sqlite::Statement row, database.Query(kRecords));
  std::map<std::string, Held> held;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return held;
    VIGIL_ASSIGN_OR_RETURN(const Uuid id, row.ColumnUuid(0));
    held[id.ToString()] = {static_cast<std::uint64_t>(row.ColumnInt64(1)),
                           std::string(row.ColumnBlob(2))};
  }
}

}  // namespace

void ConfirmedVersions::Check(Phone& phone) {
  const auto held = ReadHeld(phone);
  if (!held.ok()) return;
  std::map<std::string, std::uint64_t>& known = versions_[phone.name()];
  for (const auto& [id, record] : *held) {
    std::uint64_t& version = known[id];
    if (record.version < version) {
      world_.Violation("confirmed", absl::StrCat(phone.name(), ": ", id, " went from ", version,
                                                 " back to ", record.version));
    }
    version = std::max(version, record.version);
  }
}

// --- Conservation --------------------------------------------------------------------------------

void Conservation::Check(Phone& phone) {
  replica::Replica& replica = phone.replica();
  const auto outbox = replica.Outbox();
  const auto attention = replica.Attention();
  if (!outbox.ok() || !attention.ok()) return;
  std::map<std::string, const v1::Operation*> waiting;
  for (const auto& item : *outbox) waiting[item.operation.id()] = &item.operation;
  std::map<std::string, const v1::Operation*> refused;
  for (const auto& item : *attention) refused[item.operation.id()] = &item.operation;
  for (const auto& [id, entry] : book_.entries()) {
    if (!entry.phone || !entry.kept || entry.operation.device() != phone.user().device) continue;
    const auto outcome = replica.FindOutcome(id);
    if (!outcome.ok()) return;
    const auto in_outbox = waiting.find(id);
    const auto place = [&] { return absl::StrCat(phone.name(), ": ", id); };
    if (in_outbox == waiting.end() && !outcome->has_value()) {
      world_.Violation("conservation", absl::StrCat(place(), " is lost"));
    } else if (in_outbox != waiting.end() && outcome->has_value()) {
      world_.Violation("conservation", absl::StrCat(place(), " waits and has an outcome"));
    } else if (in_outbox != waiting.end()) {
      if (in_outbox->second->SerializeAsString() != entry.operation.SerializeAsString()) {
        world_.Violation("conservation", absl::StrCat(place(), " has another content"));
      }
    } else if ((*outcome)->verdict() == v1::VERDICT_REFUSED) {
      const auto listed = refused.find(id);
      if (listed == refused.end() ||
          listed->second->SerializeAsString() != entry.operation.SerializeAsString()) {
        world_.Violation("conservation",
                         absl::StrCat(place(), " was refused and is not on the attention list"));
      } else if ((*outcome)->error().reason() == v1::REASON_UNSPECIFIED) {
        world_.Violation("conservation", absl::StrCat(place(), " was refused without a reason"));
      }
    }
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
