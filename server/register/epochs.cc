#include "server/register/epochs.h"

#include <algorithm>
#include <utility>

#include "server/register/audit.h"
#include "sync/base/status.h"

namespace vigil::registry {
namespace {

const v1::Epoch* FindIn(const std::vector<v1::Epoch>& epochs, const std::string& id) {
  const auto found = std::find_if(epochs.begin(), epochs.end(),
                                  [&](const v1::Epoch& epoch) { return epoch.id() == id; });
  return found == epochs.end() ? nullptr : &*found;
}

}  // namespace

Epochs::Epochs(store::Snapshot& snapshot, rules::Lineage own, std::vector<v1::Epoch> brought)
    : snapshot_(snapshot), own_(std::move(own)), brought_(std::move(brought)) {}

absl::StatusOr<v1::Epoch> Epochs::Find(const std::string& id) const {
  if (const v1::Epoch* epoch = FindIn(own_, id)) return *epoch;
  if (const v1::Epoch* epoch = FindIn(brought_, id)) return *epoch;
  const std::optional<Uuid> uuid = Uuid::Parse(id);
  if (!uuid) return v1::Epoch();
  VIGIL_ASSIGN_OR_RETURN(std::optional<v1::Epoch> kept, snapshot_.FindForeignEpoch(*uuid));
  return kept ? *std::move(kept) : v1::Epoch();
}

absl::StatusOr<std::uint64_t> Epochs::SharedWith(const std::string& epoch) const {
  if (!own_.empty() && own_.front().id() == epoch) return rules::kAllShared;
  VIGIL_ASSIGN_OR_RETURN(
      const rules::Lineage lineage,
      rules::LineageOf(epoch, [this](const std::string& id) { return Find(id); }));
  return rules::SharedSeq(lineage, own_);
}

absl::StatusOr<std::vector<v1::Epoch>> Epochs::NotKept() const {
  std::vector<v1::Epoch> missing;
  for (const v1::Epoch& epoch : brought_) {
    if (FindIn(own_, epoch.id()) != nullptr) continue;
    VIGIL_ASSIGN_OR_RETURN(const std::optional<v1::Epoch> kept,
                           snapshot_.FindForeignEpoch(Uuid::ParseOrNil(epoch.id())));
    if (!kept) missing.push_back(epoch);
  }
  return missing;
}

absl::StatusOr<std::optional<v1::HeadProof>> ProveHead(store::Snapshot& snapshot,
                                                       const Epochs& epochs,
                                                       const std::vector<v1::RegisterHead>& heads) {
  const v1::RegisterHead* newest = nullptr;
  for (const v1::RegisterHead& head : heads) {
    if (newest != nullptr && head.seq() <= newest->seq()) continue;
    VIGIL_ASSIGN_OR_RETURN(const std::uint64_t shared, epochs.SharedWith(head.epoch()));
    if (shared > 0 && head.seq() <= shared) newest = &head;
  }
  if (newest == nullptr) return std::optional<v1::HeadProof>();
  v1::HeadProof proof;
  proof.set_seq(newest->seq());
  VIGIL_ASSIGN_OR_RETURN(const store::Head own, snapshot.GetHead());
  // A head beyond this log's end: there is nothing that could show it.
  if (newest->seq() <= own.seq.value()) {
    VIGIL_ASSIGN_OR_RETURN(
        const std::vector<Sha256> hashes,
        ProveConsistency(snapshot, {.older = newest->seq(), .newer = own.seq.value()}));
    for (const Sha256& hash : hashes) proof.add_hashes(std::string(hash.bytes()));
  }
  return std::optional<v1::HeadProof>(std::move(proof));
}

absl::StatusOr<Seq> ArchivedSeq(store::Snapshot& snapshot) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<v1::Backup> backups, snapshot.Backups());
  return backups.empty() ? Seq(0) : Seq(backups.front().seq());
}

}  // namespace vigil::registry
