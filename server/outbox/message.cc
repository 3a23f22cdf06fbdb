#include "server/outbox/message.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sync/base/ids.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/base/utf8.h"

namespace vigil::outbox {

namespace {

constexpr std::size_t kHeadingColumnsMax = 100;

bool IsEnglish(v1::NoticeLanguage language) { return language == v1::NOTICE_LANGUAGE_EN; }

// What the reader does next; by the message's topic.
std::string_view WhatNext(const Message& message, bool english) {
  if (message.topic == "test") {
    return english ? "Nothing needs to be done." : "无需处理。";
  }
  return english ? "Please look at it in the ledger of Vigil and act on it."
                 : "请在 Vigil 隐患台账中查看并及时处理。";
}

std::string More(std::size_t count, v1::NoticeLanguage language) {
  return IsEnglish(language) ? absl::StrCat("… and ", count, " more")
                             : absl::StrCat("…另有 ", count, " 项");
}

// Ends of the text's items: behind each "\n" and "; ", and at its end.
std::vector<std::size_t> ItemEnds(std::string_view text) {
  std::vector<std::size_t> ends;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') {
      ends.push_back(i + 1);
    } else if (text[i] == ';' && i + 1 < text.size() && text[i + 1] == ' ') {
      ends.push_back(i + 2);
    }
  }
  if (ends.empty() || ends.back() != text.size()) ends.push_back(text.size());
  return ends;
}

std::size_t CharacterBoundary(std::string_view text, std::size_t at) {
  while (at > 0 && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return at;
}

}  // namespace

std::string MessageId(const Message& message) {
  return DerivedUuid({.name_space = "vigil/notification",
                      .name = absl::StrCat(message.number, "/", ToMicros(message.created_at), "/",
                                           message.channel, "/", message.address)})
      .ToString();
}

std::string OneLineOf(std::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < ' ' || c == 127) c = ' ';
  }
  return line;
}

std::string Heading(const Message& message, const Languages& languages) {
  const bool english = !languages.empty() && IsEnglish(languages.front());
  const std::string_view what = message.topic == "test" ? (english ? "test message" : "测试消息")
                                                        : (english ? "hazard notice" : "隐患通知");
  std::string heading = absl::StrCat("[Vigil] ", ToAbsl(what));
  const std::string& name =
      message.recipient_name.empty() ? message.recipient_code : message.recipient_name;
  if (!name.empty()) absl::StrAppend(&heading, english ? ": " : "：", OneLineOf(name));
  return std::string(TruncateToWidth(heading, kHeadingColumnsMax));
}

std::string Body(const Message& message, const Languages& languages, std::size_t bytes_max) {
  constexpr std::size_t kLineEnds = 3;
  std::string body;
  for (const v1::NoticeLanguage language : languages) {
    const bool english = IsEnglish(language);
    const std::string_view next = WhatNext(message, english);
    const std::size_t share = bytes_max / languages.size();
    const std::size_t around = next.size() + kLineEnds;
    const std::string text = Shorten(english ? message.text_en : message.text_zh,
                                     share - std::min(share, around), language);
    absl::StrAppend(&body, body.empty() ? "" : "\n", text, "\n", ToAbsl(next), "\n");
  }
  return body;
}

std::string Shorten(std::string_view text, std::size_t bytes_max, v1::NoticeLanguage language) {
  if (text.size() <= bytes_max) return std::string(text);
  const std::vector<std::size_t> ends = ItemEnds(text);
  const std::size_t room = bytes_max - std::min(bytes_max, More(ends.size(), language).size() + 1);
  std::size_t whole = 0;
  while (whole < ends.size() && ends[whole] <= room) ++whole;
  if (whole == 0) {
    std::string cut(text.substr(0, CharacterBoundary(text, room)));
    return ends.size() == 1 ? cut + "…" : absl::StrCat(cut, More(ends.size() - 1, language));
  }
  std::string kept(text.substr(0, ends[whole - 1]));
  return absl::StrCat(kept, More(ends.size() - whole, language));
}

}  // namespace vigil::outbox
