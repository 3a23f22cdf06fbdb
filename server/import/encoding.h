#ifndef VIGIL_SERVER_IMPORT_ENCODING_H_
#define VIGIL_SERVER_IMPORT_ENCODING_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// What a file is written in. Everything behind this is UTF-8.

namespace vigil::importer {

enum class Encoding : std::uint8_t { kUtf8, kGb18030 };

// "utf-8", "gb18030".
std::string_view EncodingName(Encoding encoding);
// The names that people use: utf-8, utf8, gb18030 and its subsets gbk, gb2312, cp936; case does not
// matter.
std::optional<Encoding> ParseEncoding(std::string_view name);

struct DecodedFile {
  // UTF-8, perhaps with a byte order mark; empty where there is a fault.
  std::string text;
  Encoding encoding = Encoding::kUtf8;
  // Why the file is no text, and on which line (from 1); empty: it is.
  std::string fault;
  int line = 1;
};

// With a byte order mark: UTF-8. Else UTF-8 where all of it is, else GB18030 where all of it is,
// as Excel saves CSV in China. `forced` is taken instead, whatever the bytes look like. A file that
// is nothing of it, UTF-16 or a workbook is a fault that says how to save it. Takes the content
// over; needs about half as much again for GB18030.
DecodedFile Decode(std::string content, std::optional<Encoding> forced);

}  // namespace vigil::importer

#endif  // VIGIL_SERVER_IMPORT_ENCODING_H_
