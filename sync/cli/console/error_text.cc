#include "sync/cli/console/error_text.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "sync/base/status.h"
#include "sync/cli/console/exit_code.h"
#include "sync/cli/console/json.h"
#include "sync/cli/console/names.h"
#include "sync/cli/console/table.h"
#include "sync/rules/asked_pause.h"
#include "sync/rules/reason.h"

namespace vigil::console {
namespace {

constexpr Text kRefusedText{"refused", "被拒绝"};
constexpr Text kDeferredText{"not judged yet", "暂缓处理"};
constexpr Text kErrorText{"error", "错误"};
constexpr Text kUsageText{"wrong command line", "命令行有误"};
constexpr Text kPauseText{"come again in $0 s", "请在 $0 秒后再试"};
constexpr Text kNextText{"what to do next", "下一步"};

Text TitleOf(ExitCode code) {
  switch (code) {
    case kRefused:
      return kRefusedText;
    case kDeferred:
      return kDeferredText;
    case kUsage:
      return kUsageText;
    default:
      return kErrorText;
  }
}

struct KeyName {
  std::string_view key;
  std::string_view chinese;
};
constexpr KeyName kKeys[] = {
    {"field", "字段"},  {"missing", "缺少"},   {"record", "记录"},
    {"hazard", "隐患"}, {"status", "状态"},    {"seen_status", "所见状态"},
    {"event", "操作"},  {"roles", "需要角色"}, {"last_day", "最后期限"},
    {"kind", "种类"},   {"command", "命令"},   {"channel", "渠道"},
};

// The contract's term in a metadata value, in Chinese: a role, a status, a field, a command.
std::string ChineseTerm(std::string_view term) {
  for (const std::string_view word :
       {internal::ChineseValue(term), internal::ChineseField(term), internal::ChineseCommand(term),
        internal::ChineseKind(term)}) {
    if (!word.empty()) return std::string(word);
  }
  return std::string(term);
}

// "field=due_date": for programs and those who ask; in Chinese as people call it.
std::string MetadataText(std::string_view key, std::string_view value, Language language) {
  if (language == Language::kEnglish) return OneLine(key) + "=" + OneLine(value);
  const auto* const known = std::find_if(std::begin(kKeys), std::end(kKeys),
                                         [&](const KeyName& name) { return name.key == key; });
  if (known == std::end(kKeys)) return OneLine(key) + "：" + OneLine(value);
  std::string terms;
  for (const absl::string_view part : absl::StrSplit(ToAbsl(value), ',')) {
    terms += (terms.empty() ? "" : "、") + ChineseTerm(ToStd(absl::StripAsciiWhitespace(part)));
  }
  return std::string(known->chinese) + "：" + OneLine(terms);
}

std::string_view ShortReason(v1::Reason reason) {
  std::string_view name = v1::Reason_Name(reason);
  constexpr std::string_view kPrefix = "REASON_";
  if (name.substr(0, kPrefix.size()) == kPrefix) name.remove_prefix(kPrefix.size());
  return name;
}

}  // namespace

std::string ReasonText(v1::Reason reason, Language language) {
  const ReasonWords* words = FindReasonWords(reason);
  if (words == nullptr) return "";
  std::string text(words->meaning.In(language));
  text += language == Language::kChinese ? "（" : " (";
  text += ShortReason(reason);
  text += language == Language::kChinese ? "）" : ")";
  return text;
}

std::string ErrorText(const absl::Status& status, Language language) {
  const ExitCode code = ExitCodeOf(status);
  const v1::Reason reason = rules::ReasonOf(status);
  const ReasonWords* words = FindReasonWords(reason);
  const std::string_view colon = language == Language::kChinese ? "：" : ": ";
  std::string text(TitleOf(code).In(language));
  text += colon;
  const std::string message = OneLine(ToStd(status.message()));
  if (words == nullptr) {
    text += message;
  } else {
    text += ReasonText(reason, language);
    text += "\n  " + message;
  }
  if (code != kUsage) {
    // A pause is told in people's terms, rounded up.
    const absl::Duration pause = rules::AskedPause(status);
    if (pause > absl::ZeroDuration()) {
      const auto seconds = absl::ToInt64Seconds(absl::Ceil(pause, absl::Seconds(1)));
      text += "\n  " + Fill(kPauseText.In(language), {std::to_string(seconds)});
    }
    for (const auto& [key, value] : MetadataOf(status)) {
      if (key == "retry_after_ms" && pause > absl::ZeroDuration()) continue;
      text += "\n  " + MetadataText(key, value, language);
    }
  }
  if (words != nullptr) {
    text += "\n  ";
    text += kNextText.In(language);
    text += colon;
    text += words->advice.In(language);
  }
  return text;
}

std::string ErrorJson(const absl::Status& status) {
  JsonObject error;
  error.SetRaw("error", ProtoJson(rules::ToDetail(status)));
  error.Set("exit_code", static_cast<std::int64_t>(ExitCodeOf(status)));
  return error.ToString();
}

}  // namespace vigil::console
