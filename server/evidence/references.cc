#include "server/evidence/references.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sync/base/status.h"
#include "sync/rules/evidence.h"
#include "vigil/v1/operation.pb.h"
#include "vigil/v1/record.pb.h"

namespace vigil::evidence {

using store::EvidenceIndex;

namespace {

// Few enough that neither they nor the snapshot that they are read in weigh much.
constexpr int kRowsPerStep = 200;

absl::Status Unreadable(Seq seq) {
  return Error(absl::StatusCode::kDataLoss, "a stored operation cannot be read")
      .With("seq", seq.signed_value());
}

// Of the records as this operation left them.
absl::Status AddReferences(store::Snapshot& snapshot, const store::LogRow& row,
                           std::vector<EvidenceIndex::Reference>& references) {
  if (row.verdict != v1::VERDICT_APPLIED && row.verdict != v1::VERDICT_MERGED) {
    return absl::OkStatus();
  }
  v1::Outcome outcome;
  if (!outcome.ParseFromString(row.outcome_bytes)) return Unreadable(row.seq);
  for (const std::string& changed : outcome.changed()) {
    const std::optional<Uuid> id = Uuid::Parse(changed);
    if (!id) return Unreadable(row.seq);
    VIGIL_ASSIGN_OR_RETURN(const std::optional<store::StoredRecord> stored,
                           snapshot.FindRecordAt(*id, row.seq));
    if (!stored) continue;
    v1::Record record;
    if (!record.ParseFromString(stored->bytes)) return Unreadable(row.seq);
    for (const v1::Evidence& evidence : rules::EvidenceOf(record)) {
      const std::optional<Sha256> content = Sha256::FromHex(evidence.sha256());
      if (content) references.push_back({*content, *id});
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<bool> CatchUp(store::RegisterStore& source, EvidenceIndex& index, int rows_max) {
  VIGIL_ASSIGN_OR_RETURN(EvidenceIndex::Progress progress, index.GetProgress());
  int left = rows_max;
  while (left > 0) {
    VIGIL_ASSIGN_OR_RETURN(const auto snapshot, source.Read());
    VIGIL_ASSIGN_OR_RETURN(const store::Head head, snapshot->GetHead());
    if (progress.epoch != head.epoch.id()) progress = {head.epoch.id(), Seq(0)};
    if (progress.seq >= head.seq) return true;
    VIGIL_ASSIGN_OR_RETURN(const std::vector<store::LogRow> rows,
                           snapshot->Log(progress.seq, std::min(left, kRowsPerStep)));
    if (rows.empty()) return true;
    std::vector<EvidenceIndex::Reference> references;
    for (const store::LogRow& row : rows) {
      VIGIL_RETURN_IF_ERROR(AddReferences(*snapshot, row, references));
    }
    progress.seq = rows.back().seq;
    VIGIL_RETURN_IF_ERROR(index.AddReferences(references, progress));
    left -= static_cast<int>(rows.size());
  }
  return false;
}

}  // namespace vigil::evidence
