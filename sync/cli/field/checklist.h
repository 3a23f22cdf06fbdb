#ifndef VIGIL_SYNC_CLI_FIELD_CHECKLIST_H_
#define VIGIL_SYNC_CLI_FIELD_CHECKLIST_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "sync/cli/console/text.h"
#include "vigil/v1/inspection.pb.h"
#include "vigil/v1/risk_source.pb.h"

namespace vigil::field {

// What somebody typed as the answer to an item: yes, no or na, a number, one of the choices, or
// text. A usage error for anything else.
absl::StatusOr<v1::Answer> ParseAnswer(const v1::ChecklistItem& item, std::string_view text);

// How bad an answer is by the item's own values. A figure that is not verified is marked so where
// it is shown.
enum class Finding : std::uint8_t { kGood, kWarning, kAlarm };
Finding Judge(const v1::ChecklistItem& item, const v1::Answer& answer);

// The item as it is asked: code, text, what is expected.
std::string Prompt(const v1::ChecklistItem& item, console::Language language);

// Null: not answered.
const v1::Answer* FindAnswer(const v1::Inspection& inspection, std::string_view item);
// Replaces an earlier answer to the same item.
void SetAnswer(const v1::Answer& answer, v1::Inspection& inspection);

}  // namespace vigil::field

#endif  // VIGIL_SYNC_CLI_FIELD_CHECKLIST_H_
