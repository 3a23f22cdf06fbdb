#include "server/import/difference.h"

#include <algorithm>
#include <string_view>

#include "google/protobuf/message.h"
#include "sync/base/check.h"
#include "sync/base/ids.h"
#include "sync/base/status.h"
#include "sync/rules/record.h"

namespace vigil::importer {
namespace {

using google::protobuf::Message;
using rules::EntityInfo;
using rules::FieldInfo;

bool Contains(const std::vector<std::string>& elements, const std::string& element) {
  return std::find(elements.begin(), elements.end(), element) != elements.end();
}

void AppendElements(const std::vector<std::string>& elements, Message& body) {
  for (const std::string& element : elements) {
    VIGIL_CHECK(body.MergeFromString(element)) << "an element that was just written";
  }
}

std::vector<std::string> Without(const std::vector<std::string>& elements,
                                 const std::vector<std::string>& others) {
  std::vector<std::string> rest;
  for (const std::string& element : elements) {
    if (!Contains(others, element)) rest.push_back(element);
  }
  return rest;
}

void Replay(const v1::ImportRecord& import, const EntityInfo& info, Message& body) {
  const Message& said = rules::BodyOf(import.entity());
  if (!import.has_update_mask()) {
    body.CopyFrom(said);
    return;
  }
  for (const std::string& path : import.update_mask().paths()) {
    const FieldInfo* field = info.Find(std::string_view(path));
    if (field == nullptr) continue;
    if (field->policy != v1::MERGE_POLICY_UNION) {
      rules::SetFieldBytes(*field, rules::FieldBytes(said, *field), body);
      continue;
    }
    std::vector<std::string> elements = rules::ElementBytes(body, *field);
    if (import.removed().entity_case() == import.entity().entity_case()) {
      elements = Without(elements, rules::ElementBytes(rules::BodyOf(import.removed()), *field));
    }
    const std::vector<std::string> added = Without(rules::ElementBytes(said, *field), elements);
    rules::SetFieldBytes(*field, "", body);
    AppendElements(elements, body);
    AppendElements(added, body);
  }
}

// What the files have said of the record so far. False: nothing yet.
absl::StatusOr<bool> LastImported(const v1::Record& record, const EntityInfo& info,
                                  RegisterView& view, Message& body) {
  const Message& current = rules::BodyOf(record.entity());
  const FieldInfo* source = info.Find(std::string_view("imported_from"));
  const bool imported = current.GetReflection()->HasField(current, source->descriptor);
  if (!imported) return false;
  if (record.version() == record.made_by().seq()) {
    // Nothing has happened to it since the import that made it.
    body.CopyFrom(current);
    return true;
  }
  const std::optional<Uuid> id = Uuid::Parse(record.id());
  VIGIL_CHECK(id.has_value()) << record.id();
  VIGIL_ASSIGN_OR_RETURN(const std::vector<v1::ImportRecord> imports, view.Imports(*id));
  for (const v1::ImportRecord& import : imports) {
    if (import.entity().entity_case() == record.entity().entity_case()) Replay(import, info, body);
  }
  return !imports.empty();
}

void AddDifference(const FieldInfo& field, const Message& row, const Message& last,
                   Difference& difference) {
  const EntityInfo& info = *rules::Schema::Get().Of(difference.command.entity());
  if (field.policy == v1::MERGE_POLICY_UNION) {
    const std::vector<std::string> now = rules::ElementBytes(row, field);
    const std::vector<std::string> before = rules::ElementBytes(last, field);
    const std::vector<std::string> added = Without(now, before);
    const std::vector<std::string> removed = Without(before, now);
    if (added.empty() && removed.empty()) return;
    AppendElements(added, rules::MutableBodyOf(*difference.command.mutable_entity(), info));
    if (!removed.empty()) {
      AppendElements(removed, rules::MutableBodyOf(*difference.command.mutable_removed(), info));
    }
  } else {
    const std::string bytes = rules::FieldBytes(row, field);
    if (bytes == rules::FieldBytes(last, field)) return;
    rules::SetFieldBytes(field, bytes,
                         rules::MutableBodyOf(*difference.command.mutable_entity(), info));
  }
  difference.command.mutable_update_mask()->add_paths(field.name());
}

}  // namespace

absl::StatusOr<Difference> Compare(const v1::Entity& row,
                                   const std::vector<const FieldInfo*>& fields,
                                   const v1::Record& record, RegisterView& view) {
  const EntityInfo& info = *rules::Schema::Get().Of(row);
  Difference difference;
  difference.command.set_record(record.id());
  rules::MutableBodyOf(*difference.command.mutable_entity(), info);
  v1::Entity last_entity;
  Message& last = rules::MutableBodyOf(last_entity, info);
  VIGIL_RETURN_IF_ERROR(LastImported(record, info, view, last));
  const Message& now = rules::BodyOf(row);
  const Message& current = rules::BodyOf(record.entity());
  for (const FieldInfo* field : fields) {
    const bool fixed =
        field->policy == v1::MERGE_POLICY_IMMUTABLE || field->policy == v1::MERGE_POLICY_SERVER;
    if (!fixed) {
      AddDifference(*field, now, last, difference);
      continue;
    }
    const std::string bytes = rules::FieldBytes(now, *field);
    // An empty cell of such a column says nothing.
    if (!bytes.empty() && bytes != rules::FieldBytes(current, *field)) {
      difference.fixed.push_back(field);
    }
  }
  return difference;
}

}  // namespace vigil::importer
