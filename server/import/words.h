#ifndef VIGIL_SERVER_IMPORT_WORDS_H_
#define VIGIL_SERVER_IMPORT_WORDS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "server/import/layout.h"
#include "sync/cli/console/text.h"

// What columns and values are called in files, in both languages: the headings that an export
// writes and an import finds. What people are shown elsewhere under the same name has the same
// word.

namespace vigil::importer {

// The heading of a column in an exported file: "due_date", or "整改期限".
std::string HeadingOf(const FileLayout& layout, const Column& column, console::Language language);

// Other headings by which a column is found; in no order.
std::vector<std::string> OtherHeadings(const FileLayout& layout, const Column& column);

// The column under a heading as people write it: its name, its Chinese heading or another one that
// is known for it. Case, blanks, line breaks, "_", "*" and full-width brackets do not matter. Null
// for none.
const Column* FindByHeading(const FileLayout& layout, std::string_view heading);

// "due_date (整改期限)", for messages.
std::string BothHeadings(const FileLayout& layout, const Column& column);

// The value in an exported file: "park_slope", or "公园边坡".
std::string EnumWord(const google::protobuf::EnumValueDescriptor& value,
                     console::Language language);

// The number of the value that a cell names by one of those words; nullopt for none. The
// unspecified value has no name.
std::optional<int> ParseEnumWord(const google::protobuf::EnumDescriptor& type,
                                 std::string_view text);

}  // namespace vigil::importer

#endif  // VIGIL_SERVER_IMPORT_WORDS_H_
