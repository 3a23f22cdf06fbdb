#include "sync/cli/field/checklist.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sync/base/status.h"
#include "sync/cli/console/exit_code.h"
#include "sync/cli/console/value_parse.h"

namespace vigil::field {

using console::Language;
using console::Text;

absl::StatusOr<v1::Answer> ParseAnswer(const v1::ChecklistItem& item, std::string_view text) {
  v1::Answer answer;
  answer.set_item(item.code());
  if (text.empty()) return console::UsageError(item.code() + ": the answer is empty");
  switch (item.type()) {
    case v1::ANSWER_TYPE_YES_NO: {
      if (text == "na" || text == "不适用") {
        answer.set_yes_no(v1::ANSWER_VALUE_NOT_APPLICABLE);
        return answer;
      }
      VIGIL_ASSIGN_OR_RETURN(const bool yes, console::ParseYesNo(text));
      answer.set_yes_no(yes ? v1::ANSWER_VALUE_YES : v1::ANSWER_VALUE_NO);
      return answer;
    }
    case v1::ANSWER_TYPE_NUMBER: {
      VIGIL_ASSIGN_OR_RETURN(const double number, console::ParseNumber(text));
      answer.set_number(number);
      return answer;
    }
    case v1::ANSWER_TYPE_CHOICE:
      if (std::find(item.choices().begin(), item.choices().end(), text) == item.choices().end()) {
        return console::UsageError(absl::StrCat(item.code(), ": '", ToAbsl(text), "' is none of ",
                                                absl::StrJoin(item.choices(), ", ")));
      }
      answer.set_choice(std::string(text));
      return answer;
    default:
      answer.set_text(std::string(text));
      return answer;
  }
}

Finding Judge(const v1::ChecklistItem& item, const v1::Answer& answer) {
  if (item.type() == v1::ANSWER_TYPE_YES_NO) {
    const bool judged =
        answer.yes_no() == v1::ANSWER_VALUE_YES || answer.yes_no() == v1::ANSWER_VALUE_NO;
    const bool yes = answer.yes_no() == v1::ANSWER_VALUE_YES;
    return judged && yes != item.good_answer() ? Finding::kWarning : Finding::kGood;
  }
  if (item.type() != v1::ANSWER_TYPE_NUMBER || !answer.has_number()) return Finding::kGood;
  const auto reaches = [&](double value) {
    return item.low_is_bad() ? answer.number() <= value : answer.number() >= value;
  };
  if (item.has_alarm_value() && reaches(item.alarm_value())) return Finding::kAlarm;
  if (item.has_warning_value() && reaches(item.warning_value())) return Finding::kWarning;
  return Finding::kGood;
}

std::string Prompt(const v1::ChecklistItem& item, Language language) {
  const bool english = language == Language::kEnglish && !item.text_en().empty();
  std::string prompt = item.code() + "  " + (english ? item.text_en() : item.text());
  if (item.type() == v1::ANSWER_TYPE_YES_NO) {
    prompt += Text(" [yes/no/na]", " [是/否/不适用]").In(language);
  } else if (item.type() == v1::ANSWER_TYPE_CHOICE) {
    absl::StrAppend(&prompt, " [", absl::StrJoin(item.choices(), "/"), "]");
  } else if (!item.unit().empty()) {
    absl::StrAppend(&prompt, " [", item.unit(), "]");
  }
  if (item.has_alarm_value()) {
    const std::string sign = item.low_is_bad() ? "<= " : ">= ";
    absl::StrAppend(&prompt, " ", ToAbsl(Text("alarm", "报警").In(language)), " ", sign,
                    item.alarm_value());
    if (!item.verified()) {
      prompt += Text(" (figure not verified)", "（数值未核实）").In(language);
    }
  }
  return prompt;
}

const v1::Answer* FindAnswer(const v1::Inspection& inspection, std::string_view item) {
  for (const v1::Answer& answer : inspection.answers()) {
    if (answer.item() == item) return &answer;
  }
  return nullptr;
}

void SetAnswer(const v1::Answer& answer, v1::Inspection& inspection) {
  for (v1::Answer& present : *inspection.mutable_answers()) {
    if (present.item() == answer.item()) {
      present = answer;
      return;
    }
  }
  *inspection.add_answers() = answer;
}

}  // namespace vigil::field
