#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sync/base/hash.h"
#include "sync/base/status.h"
#include "sync/replica/confirmed.h"
#include "sync/replica/go_back.h"
#include "sync/replica/history.h"
#include "sync/replica/meta.h"
#include "sync/replica/quarantine.h"
#include "sync/replica/replica.h"
#include "sync/replica/rows.h"
#include "sync/replica/scopes.h"
#include "sync/replica/storage.h"
#include "sync/rules/lineage.h"
#include "sync/rules/reason.h"
#include "sync/rules/record.h"
#include "sync/rules/work_calendar.h"

// The register's greeting: who I am, which epoch it is in, which scopes I have.

namespace vigil::replica {
namespace {

using rules::Refuse;
using sqlite::Database;
using sqlite::Transaction;

// What does not follow from the entry before it is not looked at: nobody has signed that.
bool HaveOneInCommon(const rules::Lineage& own, const rules::Lineage& told) {
  for (std::size_t i = 0; i < told.size(); ++i) {
    if (i > 0 && told[i - 1].parent() != told[i].id()) return false;
    const auto is_told = [&](const v1::Epoch& epoch) { return epoch.id() == told[i].id(); };
    if (std::any_of(own.begin(), own.end(), is_told)) return true;
  }
  return false;
}

// One greeting under way.
class GreetingUnderWay {
 public:
  GreetingUnderWay(Database& database, Transaction& transaction, const Replica::Greeting& greeting,
                   absl::Time now)
      : database_(database),
        transaction_(transaction),
        asked_(greeting.asked),
        hello_(greeting.hello),
        now_(now) {}

  absl::Status CheckUser() {
    VIGIL_ASSIGN_OR_RETURN(const std::optional<User> present, FindUser(database_));
    VIGIL_ASSIGN_OR_RETURN(const Uuid device, ParseId(hello_.device()));
    VIGIL_ASSIGN_OR_RETURN(const Uuid person, ParseId(hello_.person()));
    if (!present) VIGIL_RETURN_IF_ERROR(Activate(transaction_, device, person));
    VIGIL_ASSIGN_OR_RETURN(User user, LoadUser(database_));
    if (user.device != device || user.person != person) {
      return Refuse(v1::REASON_WRONG_AUTHOR,
                    "the access token is another device's or person's than this phone's")
          .With("device", hello_.device())
          .With("person", hello_.person());
    }
    user.judged_device_seq =
        std::max(user.judged_device_seq, DeviceSeq(hello_.last_judged_device_seq()));
    return SaveUser(transaction_, user);
  }

  // The epoch of `meta` becomes the register's, whose log goes on from what was seen of it.
  absl::Status EnterEpoch(Meta& meta) {
    const rules::Lineage lineage(hello_.epochs().begin(), hello_.epochs().end());
    if (lineage.empty()) {
      return absl::DataLossError("the register did not say in which epoch it is");
    }
    if (asked_.epoch() != meta.epoch) {
      return absl::AbortedError("another program has synchronised this phone meanwhile");
    }
    const std::string& current = lineage.front().id();
    VIGIL_ASSIGN_OR_RETURN(const rules::Lineage own, LoadLineage(database_, meta.epoch));
    const bool is_new = meta.epoch.empty();
    if (!is_new && !HaveOneInCommon(own, lineage)) {
      return Refuse(v1::REASON_EPOCH_CHANGED,
                    "this is another register than the one whose records this phone holds")
          .With("epoch", current);
    }
    const std::uint64_t shared = is_new ? rules::kAllShared : rules::SharedSeq(own, lineage);
    VIGIL_RETURN_IF_ERROR(CheckContinues(asked_, hello_, shared));
    VIGIL_RETURN_IF_ERROR(AddEpochs(transaction_, lineage));
    if (!is_new && meta.epoch != current) {
      VIGIL_ASSIGN_OR_RETURN(const WentBack went_back,
                             GoBack(database_, transaction_, meta,
                                    {.epoch = current,
                                     .shared = Seq(shared),
                                     .judged = DeviceSeq(hello_.last_judged_device_seq()),
                                     .now = now_}));
      VIGIL_RETURN_IF_ERROR(NoteRestore(transaction_, current, went_back, now_));
    }
    meta.epoch = current;
    return KeepHead(database_, transaction_, hello_.head(), Seq(meta.archived_seq));
  }

  // Gained units are read from the start; what lies in lost ones leaves. Returns whether something
  // has left.
  absl::StatusOr<bool> EnterUnits(Meta& meta) {
    std::vector<Uuid> units;
    for (const std::string& unit : hello_.units()) {
      VIGIL_ASSIGN_OR_RETURN(units.emplace_back(), ParseId(unit));
    }
    VIGIL_ASSIGN_OR_RETURN(const ScopeChange change,
                           EnterScopes(database_, transaction_, units, meta.complete_at));
    if (change.gained) meta.complete = false;
    VIGIL_ASSIGN_OR_RETURN(const bool holds_back, HoldsBack(database_));
    if (!change.lost.empty() || holds_back) {
      VIGIL_RETURN_IF_ERROR(Reconsider(database_, transaction_, change.lost, now_).status());
    }
    return !change.lost.empty();
  }

 private:
  Database& database_;
  Transaction& transaction_;
  const v1::HelloRequest& asked_;
  const v1::HelloResponse& hello_;
  const absl::Time now_;
};

}  // namespace

absl::StatusOr<v1::HelloRequest> Replica::BeginHello() {
  Database& database = storage_->database;
  VIGIL_ASSIGN_OR_RETURN(const Meta meta, LoadMeta(database));
  v1::HelloRequest request;
  request.set_epoch(meta.epoch);
  VIGIL_ASSIGN_OR_RETURN(const std::string lists, LoadWorkingDays(database));
  if (!lists.empty()) request.set_working_days_hash(std::string(Sha256Of(lists).bytes()));
  VIGIL_ASSIGN_OR_RETURN(const rules::Lineage lineage, LoadLineage(database, meta.epoch));
  request.mutable_epochs()->Add(lineage.begin(), lineage.end());
  VIGIL_ASSIGN_OR_RETURN(const std::vector<v1::Epoch> others, LoadOtherEpochs(database, lineage));
  request.mutable_epochs()->Add(others.begin(), others.end());
  VIGIL_ASSIGN_OR_RETURN(std::vector<v1::RegisterHead> heads, LoadHeads(database));
  // A database that was made before heads were kept.
  if (heads.empty() && meta.head.seq() > 0) heads.push_back(meta.head);
  if (heads.empty()) return request;
  *request.mutable_head() = heads.front();
  request.mutable_kept_heads()->Add(heads.begin() + 1, heads.end());
  return request;
}

absl::StatusOr<std::vector<Restore>> Replica::Restores() {
  return LoadRestores(storage_->database);
}

absl::Status Replica::ApplyHello(const Greeting& greeting) {
  const v1::HelloResponse& hello = greeting.hello;
  Database& database = storage_->database;
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, database.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(Meta meta, LoadMeta(database));
  GreetingUnderWay under_way(database, transaction, greeting, clock_.Now());
  VIGIL_RETURN_IF_ERROR(under_way.CheckUser());
  // A zone that this phone does not know would make every later judgement fail.
  if (!hello.time_zone().empty()) {
    VIGIL_RETURN_IF_ERROR(LoadZone(hello.time_zone()));
    meta.time_zone = hello.time_zone();
  }
  // Lists that this program cannot read are a newer register's; those that it has stay.
  if (hello.has_working_days() && !rules::FindFault(hello.working_days())) {
    VIGIL_RETURN_IF_ERROR(
        SaveWorkingDays(transaction, rules::CanonicalBytes(hello.working_days())));
  }
  meta.server = hello.server();
  meta.clock_offset_ms = absl::ToInt64Milliseconds(greeting.clock_offset);
  meta.archived_seq = hello.archived_seq();
  VIGIL_RETURN_IF_ERROR(under_way.EnterEpoch(meta));
  VIGIL_ASSIGN_OR_RETURN(const bool removed, under_way.EnterUnits(meta));
  VIGIL_RETURN_IF_ERROR(SaveMeta(transaction, meta));
  return removed ? storage_->CommitRemoval(transaction) : storage_->Commit(transaction);
}

}  // namespace vigil::replica
