#include "server/import/difference.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "google/protobuf/timestamp.pb.h"
#include "server/import/cell.h"
#include "server/import/dates.h"
#include "sync/base/check.h"
#include "sync/base/ids.h"
#include "sync/base/status.h"
#include "sync/rules/record.h"

namespace vigil::importer {
namespace {

using google::protobuf::FieldDescriptor;
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

bool SameText(std::string_view one, std::string_view other) {
  const auto plain = [](std::string_view text) {
    return absl::StrReplaceAll(ToAbsl(Trimmed(text)), {{"\r\n", "\n"}, {"\r", "\n"}});
  };
  return plain(one) == plain(other);
}

absl::Time InstantOf(const Message& time) {
  const auto& stamp = static_cast<const google::protobuf::Timestamp&>(time);
  return absl::FromUnixSeconds(stamp.seconds()) + absl::Nanoseconds(stamp.nanos());
}

// `row` says nothing else of the field than `other` does.
bool Same(const FieldInfo& field, const Message& row, const Message& other,
          const absl::TimeZone& zone) {
  if (rules::FieldBytes(row, field) == rules::FieldBytes(other, field)) return true;
  const FieldDescriptor& descriptor = *field.descriptor;
  const google::protobuf::Reflection& in = *row.GetReflection();
  if (descriptor.is_repeated()) return false;
  if (descriptor.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    return SameText(in.GetString(row, &descriptor), in.GetString(other, &descriptor));
  }
  const bool are_times = descriptor.message_type() == google::protobuf::Timestamp::descriptor() &&
                         in.HasField(row, &descriptor) && in.HasField(other, &descriptor);
  return are_times && SaysTheSame(InstantOf(in.GetMessage(row, &descriptor)),
                                  InstantOf(in.GetMessage(other, &descriptor)), zone);
}

// A row against one record.
class Comparison {
 public:
  Comparison(const v1::Entity& row, const v1::Record& record, RegisterView& view,
             const absl::TimeZone& zone)
      : info_(*rules::Schema::Get().Of(row)),
        row_(rules::BodyOf(row)),
        record_(record),
        current_(rules::BodyOf(record.entity())),
        last_(rules::MutableBodyOf(last_entity_, info_)),
        view_(view),
        zone_(zone) {
    difference_.command.set_record(record.id());
    rules::MutableBodyOf(*difference_.command.mutable_entity(), info_);
  }

  absl::StatusOr<Difference> Run(const std::vector<const FieldInfo*>& fields) {
    VIGIL_RETURN_IF_ERROR(FindLast());
    for (const FieldInfo* field : fields) {
      if (field->policy == v1::MERGE_POLICY_IMMUTABLE || field->policy == v1::MERGE_POLICY_SERVER) {
        // An empty cell of such a column says nothing.
        if (!rules::FieldBytes(row_, *field).empty() && !Same(*field, row_, current_, zone_)) {
          difference_.fixed.push_back(field);
        }
      } else if (field->policy == v1::MERGE_POLICY_UNION) {
        CompareSet(*field);
      } else {
        VIGIL_RETURN_IF_ERROR(CompareValue(*field));
      }
    }
    return std::move(difference_);
  }

 private:
  absl::StatusOr<const std::vector<PastWrite>*> History() {
    if (!history_) {
      const std::optional<Uuid> id = Uuid::Parse(record_.id());
      VIGIL_CHECK(id.has_value()) << record_.id();
      VIGIL_ASSIGN_OR_RETURN(history_, view_.History(*id));
    }
    return &*history_;
  }

  bool IsFromImport(const PastWrite& past) const {
    return past.import && past.import->entity().entity_case() == record_.entity().entity_case();
  }

  // What the files have said of the record so far; stays empty where they have not.
  absl::Status FindLast() {
    const FieldInfo* source = info_.Find(std::string_view("imported_from"));
    if (!current_.GetReflection()->HasField(current_, source->descriptor)) return absl::OkStatus();
    if (record_.version() == record_.made_by().seq()) {
      // Nothing has happened to it since the import that made it.
      last_.CopyFrom(current_);
      return absl::OkStatus();
    }
    VIGIL_ASSIGN_OR_RETURN(const std::vector<PastWrite>* history, History());
    for (const PastWrite& past : *history) {
      if (IsFromImport(past)) Replay(*past.import, info_, last_);
    }
    return absl::OkStatus();
  }

  void CompareSet(const FieldInfo& field) {
    const std::vector<std::string> now = rules::ElementBytes(row_, field);
    const std::vector<std::string> before = rules::ElementBytes(last_, field);
    const std::vector<std::string> current = rules::ElementBytes(current_, field);
    const std::vector<std::string> added = Without(Without(now, before), current);
    const std::vector<std::string> gone = Without(before, now);
    const std::vector<std::string> removed = Without(gone, Without(gone, current));
    if (added.empty() && removed.empty()) return;
    AppendElements(added, rules::MutableBodyOf(*difference_.command.mutable_entity(), info_));
    if (!removed.empty()) {
      AppendElements(removed, rules::MutableBodyOf(*difference_.command.mutable_removed(), info_));
    }
    difference_.command.mutable_update_mask()->add_paths(field.name());
  }

  absl::Status CompareValue(const FieldInfo& field) {
    if (Same(field, row_, last_, zone_) || Same(field, row_, current_, zone_)) {
      return absl::OkStatus();
    }
    VIGIL_ASSIGN_OR_RETURN(const bool older, WasWrittenSince(field));
    if (older) {
      difference_.older.push_back(&field);
      return absl::OkStatus();
    }
    rules::SetFieldBytes(field, rules::FieldBytes(row_, field),
                         rules::MutableBodyOf(*difference_.command.mutable_entity(), info_));
    difference_.command.mutable_update_mask()->add_paths(field.name());
    return absl::OkStatus();
  }

  // What the row says has been written since an import last spoke of the field.
  absl::StatusOr<bool> WasWrittenSince(const FieldInfo& field) {
    VIGIL_ASSIGN_OR_RETURN(const std::vector<PastWrite>* history, History());
    v1::Entity entity;
    Message& body = rules::MutableBodyOf(entity, info_);
    for (auto past = history->rbegin(); past != history->rend(); ++past) {
      for (const v1::FieldWrite& write : past->write.fields()) {
        if (static_cast<int>(write.field()) != field.number()) continue;
        if (IsFromImport(*past)) return false;
        rules::SetFieldBytes(field, write.value(), body);
        if (Same(field, row_, body, zone_)) return true;
      }
    }
    return false;
  }

  const EntityInfo& info_;
  const Message& row_;
  const v1::Record& record_;
  const Message& current_;
  v1::Entity last_entity_;
  Message& last_;
  RegisterView& view_;
  const absl::TimeZone& zone_;
  std::optional<std::vector<PastWrite>> history_;
  Difference difference_;
};

std::string SetText(const std::string& sign, const std::string& elements) {
  return elements.empty() ? "" : absl::StrCat(sign, " ", elements);
}

}  // namespace

absl::StatusOr<Difference> Compare(const v1::Entity& row,
                                   const std::vector<const FieldInfo*>& fields,
                                   const v1::Record& record, RegisterView& view,
                                   const absl::TimeZone& zone) {
  return Comparison(row, record, view, zone).Run(fields);
}

absl::StatusOr<std::string> FieldText(const Message& body, const FieldInfo& field,
                                      KeySource& keys) {
  if (field.refers_to.empty()) return rules::ValueText(body, field);
  const google::protobuf::Reflection& in = *body.GetReflection();
  const FieldDescriptor& descriptor = *field.descriptor;
  if (!descriptor.is_repeated()) {
    const std::string id = in.GetString(body, &descriptor);
    return id.empty() ? id : keys.KeyOf(id);
  }
  std::vector<std::string> names;
  for (int i = 0; i < in.FieldSize(body, &descriptor); ++i) {
    VIGIL_ASSIGN_OR_RETURN(names.emplace_back(),
                           keys.KeyOf(in.GetRepeatedString(body, &descriptor, i)));
  }
  return absl::StrJoin(names, "; ");
}

absl::Status Describe(const v1::ImportRecord& command, const v1::Record& record, KeySource& keys,
                      v1::ImportChange& change) {
  const EntityInfo& info = *rules::InfoOf(record);
  const Message& after = rules::BodyOf(command.entity());
  const Message& before = rules::BodyOf(record.entity());
  for (const std::string& path : command.update_mask().paths()) {
    const FieldInfo* field = info.Find(std::string_view(path));
    VIGIL_CHECK(field != nullptr) << path;
    v1::ImportFieldChange& shown = *change.add_fields();
    shown.set_field(path);
    VIGIL_ASSIGN_OR_RETURN(*shown.mutable_after(), FieldText(after, *field, keys));
    if (field->policy != v1::MERGE_POLICY_UNION) {
      VIGIL_ASSIGN_OR_RETURN(*shown.mutable_before(), FieldText(before, *field, keys));
      continue;
    }
    shown.set_after(SetText("+", shown.after()));
    if (command.removed().entity_case() != command.entity().entity_case()) continue;
    VIGIL_ASSIGN_OR_RETURN(const std::string removed,
                           FieldText(rules::BodyOf(command.removed()), *field, keys));
    shown.set_before(SetText("-", removed));
  }
  return absl::OkStatus();
}

}  // namespace vigil::importer
