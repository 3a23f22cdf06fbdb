#include "server/import/snapshot_view.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "sync/base/status.h"
#include "sync/rules/record.h"
#include "vigil/v1/operation.pb.h"

namespace vigil::importer {
namespace {

constexpr int kVersionsPerRead = 200;
constexpr int kRecordsPerRead = 1000;

}  // namespace

absl::StatusOr<std::optional<v1::Record>> SnapshotView::Find(const Uuid& id) {
  VIGIL_ASSIGN_OR_RETURN(const std::optional<store::StoredRecord> stored, snapshot_.FindRecord(id));
  if (!stored) return std::optional<v1::Record>();
  v1::Record record;
  if (!record.ParseFromString(stored->bytes)) {
    return absl::DataLossError(absl::StrCat("record ", id.ToString(), " cannot be read"));
  }
  return std::optional<v1::Record>(std::move(record));
}

absl::StatusOr<std::optional<Uuid>> SnapshotView::FindByKey(const rules::EntityInfo& kind,
                                                            std::string_view key) {
  return snapshot_.FindByKey(kind.number, key);
}

absl::StatusOr<SnapshotView::Names> SnapshotView::NamesOf(const rules::EntityInfo& kind) {
  Names names;
  const rules::FieldInfo* field = kind.Find("name");
  if (field == nullptr) return names;
  std::string token;
  do {
    VIGIL_ASSIGN_OR_RETURN(const store::RecordPage page,
                           snapshot_.Records(kind.number, Uuid(), kRecordsPerRead, token,
                                             store::RecordScope::Everything()));
    for (const store::StoredRecord& stored : page.records) {
      v1::Record record;
      if (!record.ParseFromString(stored.bytes)) {
        return absl::DataLossError(
            absl::StrCat("record ", stored.id.ToString(), " cannot be read"));
      }
      names[rules::TextOf(rules::BodyOf(record.entity()), *field)].push_back(stored.id);
    }
    token = page.next_page_token;
  } while (!token.empty());
  return names;
}

absl::StatusOr<std::vector<Uuid>> SnapshotView::FindByName(const rules::EntityInfo& kind,
                                                           std::string_view name) {
  if (!names_.contains(kind.number)) {
    VIGIL_ASSIGN_OR_RETURN(names_[kind.number], NamesOf(kind));
  }
  const Names& names = names_[kind.number];
  const auto found = names.find(name);
  return found == names.end() ? std::vector<Uuid>() : found->second;
}

absl::StatusOr<std::vector<PastWrite>> SnapshotView::History(const Uuid& id) {
  std::vector<PastWrite> history;
  Seq after;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const std::vector<store::VersionRow> versions,
                           snapshot_.History(id, after, kVersionsPerRead));
    for (const store::VersionRow& version : versions) {
      v1::Operation operation;
      PastWrite& past = history.emplace_back();
      if (!operation.ParseFromString(version.operation_bytes) ||
          !past.write.ParseFromString(version.write_bytes)) {
        return absl::DataLossError(
            absl::StrCat("operation ", version.version.value(), " cannot be read"));
      }
      if (operation.has_import_record()) {
        past.import = std::move(*operation.mutable_import_record());
      }
      after = version.version;
    }
    if (versions.size() < kVersionsPerRead) return history;
  }
}

}  // namespace vigil::importer
