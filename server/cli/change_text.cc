#include "server/cli/change_text.h"

#include <optional>
#include <string_view>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "sync/base/ids.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/cli/console/names.h"
#include "sync/cli/console/table.h"

namespace vigil::office {

std::string ChangeText(Clerk& clerk, const rules::EntityInfo* info, const std::string& field_name,
                       const std::string& text) {
  const rules::FieldInfo* field =
      info == nullptr ? nullptr : info->Find(std::string_view(field_name));
  if (field == nullptr) return console::OneLine(text);
  if (field->descriptor->is_repeated()) {
    if (field->refers_to.empty()) return console::OneLine(text);
    std::vector<std::string> names;
    for (const absl::string_view element : absl::StrSplit(text, "; ")) {
      names.push_back(Uuid::Parse(ToStd(element)) ? clerk.NameOf(std::string(element))
                                                  : console::OneLine(ToStd(element)));
    }
    return absl::StrJoin(names, "; ");
  }
  if (Uuid::Parse(text)) return clerk.NameOf(text);
  if (field->descriptor->enum_type() != nullptr) {
    const auto value = console::ParseEnum(*field->descriptor->enum_type(), text);
    if (value) {
      return console::EnumName(*field->descriptor->enum_type(), *value, clerk.console().language());
    }
  }
  const bool is_time = field->descriptor->message_type() != nullptr &&
                       field->descriptor->message_type()->name() == "Timestamp";
  if (is_time) {
    const absl::StatusOr<absl::Time> time = ParseInstant(text);
    if (time.ok()) return absl::FormatTime("%Y-%m-%d %H:%M", *time, clerk.zone());
  }
  return console::OneLine(text);
}

}  // namespace vigil::office
