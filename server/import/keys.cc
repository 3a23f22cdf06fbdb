#include "server/import/keys.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "sync/base/check.h"
#include "sync/base/status.h"
#include "sync/rules/reason.h"
#include "sync/rules/record.h"

namespace vigil::importer {

Uuid ImportedId(const rules::EntityInfo& kind, std::string_view key) {
  return DerivedUuid({.name_space = absl::StrCat("vigil/import/", kind.kind), .name = key});
}

absl::StatusOr<Row*> Keys::Add(Row& row) {
  const rules::EntityInfo& kind = *row.table->layout->kind;
  const auto [place, added] = rows_.emplace(Name(kind.number, row.key), &row);
  if (!added) return place->second;
  VIGIL_ASSIGN_OR_RETURN(const std::optional<Uuid> known, FindInRegister(kind, row.key));
  row.exists = known.has_value();
  row.id = known ? *known : ImportedId(kind, row.key);
  by_id_.emplace(row.id, &row);
  if (const std::string_view name = row.table->Cell(row, "name"); !name.empty()) {
    named_[Name(kind.number, std::string(name))].push_back(&row);
  }
  return nullptr;
}

Row* Keys::FindRow(const rules::EntityInfo& kind, std::string_view key) const {
  const auto found = rows_.find(Name(kind.number, std::string(key)));
  return found == rows_.end() ? nullptr : found->second;
}

absl::StatusOr<std::optional<Uuid>> Keys::FindInRegister(const rules::EntityInfo& kind,
                                                         std::string_view key) {
  const auto [place, missing] = found_.emplace(Name(kind.number, std::string(key)), std::nullopt);
  if (!missing) return place->second;
  if (kind.key_field != nullptr) {
    VIGIL_ASSIGN_OR_RETURN(place->second, view_.FindByKey(kind, key));
    if (place->second) return place->second;
  }
  // No key of its own, or one that was changed since.
  const Uuid id = ImportedId(kind, key);
  VIGIL_ASSIGN_OR_RETURN(const std::optional<v1::Record> record, view_.Find(id));
  if (record) place->second = id;
  return place->second;
}

absl::StatusOr<std::string> Keys::Resolve(std::string_view kind, std::string_view key) {
  const rules::EntityInfo* info = rules::Schema::Get().FindEntity(kind);
  VIGIL_CHECK(info != nullptr) << kind;
  if (Row* row = FindRow(*info, key); row != nullptr) {
    if (current_ != nullptr) current_->uses.push_back(row);
    return row->id.ToString();
  }
  VIGIL_ASSIGN_OR_RETURN(const std::optional<Uuid> id, FindInRegister(*info, key));
  if (id) return id->ToString();
  return ResolveName(*info, key);
}

absl::StatusOr<std::string> Keys::ResolveName(const rules::EntityInfo& kind,
                                              std::string_view name) {
  std::set<Uuid> ids;
  if (const auto rows = named_.find(Name(kind.number, std::string(name))); rows != named_.end()) {
    for (Row* row : rows->second) {
      ids.insert(row->id);
      if (current_ != nullptr) current_->uses.push_back(row);
    }
  }
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Uuid> known, view_.FindByName(kind, name));
  ids.insert(known.begin(), known.end());
  if (ids.size() == 1) return ids.begin()->ToString();
  const std::string what = absl::StrReplaceAll(ToAbsl(kind.kind), {{"_", " "}});
  if (ids.empty()) {
    return rules::Refuse(v1::REASON_UNKNOWN_REFERENCE,
                         absl::StrCat("there is no ", what, " ", Quoted(name),
                                      ", neither in the files nor in the register"));
  }
  std::vector<std::string> keys;
  for (const Uuid& id : ids) {
    VIGIL_ASSIGN_OR_RETURN(keys.emplace_back(), KeyOf(id.ToString()));
  }
  std::sort(keys.begin(), keys.end());
  return rules::Refuse(v1::REASON_UNKNOWN_REFERENCE,
                       absl::StrCat(ids.size(), " records are called ", Quoted(name),
                                    "; write which one you mean: ", absl::StrJoin(keys, ", ")));
}

absl::StatusOr<std::string> Keys::KeyOf(std::string_view id) {
  const std::optional<Uuid> uuid = Uuid::Parse(id);
  if (!uuid) return std::string(id);
  if (const auto row = by_id_.find(*uuid); row != by_id_.end()) return row->second->key;
  VIGIL_ASSIGN_OR_RETURN(const std::optional<v1::Record> record, view_.Find(*uuid));
  const std::string key = record ? rules::KeyOf(*record) : "";
  return key.empty() ? std::string(id) : key;
}

}  // namespace vigil::importer
