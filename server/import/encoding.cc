#include "server/import/encoding.h"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "sync/base/status.h"
#include "sync/base/utf8.h"

namespace vigil::importer {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kHowToSave =
    "in Excel: Save As, \"CSV UTF-8 (Comma delimited)\" (另存为 CSV UTF-8（逗号分隔）)";

struct Name {
  std::string_view name;
  Encoding encoding;
};
constexpr std::array kNames = {
    Name{"utf-8", Encoding::kUtf8},      Name{"utf8", Encoding::kUtf8},
    Name{"gb18030", Encoding::kGb18030}, Name{"gbk", Encoding::kGb18030},
    Name{"gb2312", Encoding::kGb18030},  Name{"cp936", Encoding::kGb18030},
};

// Closes what iconv opened.
class Converter {
 public:
  Converter() : handle_(iconv_open("UTF-8", "GB18030")) {}
  ~Converter() {
    if (is_open()) iconv_close(handle_);
  }
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;

  bool is_open() const {
    // The handle that iconv_open returns for "no such conversion".
    return handle_ != reinterpret_cast<iconv_t>(-1);  // NOLINT(performance-no-int-to-ptr)
  }
  iconv_t handle() const { return handle_; }

 private:
  const iconv_t handle_;
};

// How many bytes at the beginning are well-formed.
std::size_t ValidUtf8(std::string_view content) {
  std::string_view rest = content;
  while (TakeCodePoint(rest)) {
  }
  return content.size() - rest.size();
}

// The same of GB18030, whose text is appended; nullopt: this system cannot read it.
std::optional<std::size_t> FromGb18030(std::string& content, std::string& text) {
  const Converter converter;
  if (!converter.is_open()) return std::nullopt;
  std::array<char, 16 * 1024> buffer;
  char* in = content.data();
  std::size_t left = content.size();
  while (left > 0) {
    char* out = buffer.data();
    std::size_t room = buffer.size();
    const std::size_t result = iconv(converter.handle(), &in, &left, &out, &room);
    text.append(buffer.data(), buffer.size() - room);
    if (result == static_cast<std::size_t>(-1) && errno != E2BIG) break;
  }
  return content.size() - left;
}

struct Spot {
  int line = 1;
  // In that line, from 1.
  std::size_t byte = 1;
};

// No byte of a longer character of either encoding is a line break.
Spot SpotOf(std::string_view content, std::size_t offset) {
  Spot spot;
  for (std::size_t i = 0; i < offset; ++i) {
    const bool ends = content[i] == '\n' || (content[i] == '\r' && content[i + 1] != '\n');
    spot.line += ends ? 1 : 0;
    spot.byte = ends ? 1 : spot.byte + 1;
  }
  return spot;
}

std::string SpotText(const Spot& spot) {
  return absl::StrCat("line ", spot.line, ", byte ", spot.byte);
}

std::string WhatItIs(std::string_view content) {
  if (content.starts_with("\xFF\xFE") || content.starts_with("\xFE\xFF")) {
    return "UTF-16 text (Excel's \"Unicode Text\")";
  }
  if (content.starts_with("PK\x03\x04") || content.starts_with("\xD0\xCF\x11\xE0")) {
    return "an Excel workbook and not CSV";
  }
  return "";
}

DecodedFile Fault(int line, std::string message) {
  DecodedFile file;
  file.line = line;
  file.fault = std::move(message);
  return file;
}

DecodedFile DecodeUtf8(std::string content) {
  const std::size_t valid = ValidUtf8(content);
  if (valid < content.size()) {
    const Spot spot = SpotOf(content, valid);
    return Fault(spot.line, absl::StrCat("the file is not UTF-8 (", SpotText(spot), ")"));
  }
  DecodedFile file;
  file.text = std::move(content);
  return file;
}

// `utf8`: where it is no UTF-8; nullopt where nobody asked.
DecodedFile DecodeGb18030(std::string content, std::optional<std::size_t> utf8) {
  DecodedFile file;
  file.encoding = Encoding::kGb18030;
  const std::optional<std::size_t> valid = FromGb18030(content, file.text);
  if (!valid) {
    return Fault(1, absl::StrCat("this server cannot read GB18030; save the file as UTF-8, ",
                                 ToAbsl(kHowToSave)));
  }
  if (*valid == content.size()) return file;
  const Spot spot = SpotOf(content, *valid);
  if (!utf8) {
    return Fault(spot.line, absl::StrCat("the file is not GB18030 (", SpotText(spot), ")"));
  }
  // Of two that it is not, it is the one that it is for longer.
  const Spot other = SpotOf(content, *utf8);
  return Fault(*utf8 > *valid ? other.line : spot.line,
               absl::StrCat("the file is neither UTF-8 (", SpotText(other), ") nor GB18030 (",
                            SpotText(spot), "); save it ", ToAbsl(kHowToSave)));
}

}  // namespace

std::string_view EncodingName(Encoding encoding) {
  return encoding == Encoding::kGb18030 ? "gb18030" : "utf-8";
}

std::optional<Encoding> ParseEncoding(std::string_view name) {
  const std::string lower = absl::AsciiStrToLower(ToAbsl(name));
  const auto found = std::find_if(kNames.begin(), kNames.end(),
                                  [&](const Name& known) { return known.name == lower; });
  return found == kNames.end() ? std::nullopt : std::optional<Encoding>(found->encoding);
}

DecodedFile Decode(std::string content, std::optional<Encoding> forced) {
  if (const std::string what = WhatItIs(content); !what.empty()) {
    return Fault(1, absl::StrCat("the file is ", what, "; save it ", ToAbsl(kHowToSave)));
  }
  if (forced == Encoding::kGb18030) return DecodeGb18030(std::move(content), std::nullopt);
  if (forced || content.starts_with(kByteOrderMark)) return DecodeUtf8(std::move(content));
  const std::size_t valid = ValidUtf8(content);
  if (valid < content.size()) return DecodeGb18030(std::move(content), valid);
  DecodedFile file;
  file.text = std::move(content);
  return file;
}

}  // namespace vigil::importer
