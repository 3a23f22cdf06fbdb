#ifndef VIGIL_SYNC_CLI_CONSOLE_TABLE_H_
#define VIGIL_SYNC_CLI_CONSOLE_TABLE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace vigil::console {

// Columns of text, aligned by what they take on a terminal: a Chinese character takes two columns.
class Table {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string heading;
    Align align = Align::kLeft;
    // Longer cells are cut and end with "…"; 0: never.
    std::size_t width_max = 0;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // One cell for each column. Line breaks and tabs become spaces.
  void AddRow(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }

  // Headings, then the rows; no spaces at the ends of lines. Columns are two spaces apart. A column
  // without any content in a table with rows is left out.
  std::string ToString() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// `text` without line breaks and control characters, at most `columns` wide (0: as it is); what was
// cut ends with "…".
std::string OneLine(std::string_view text, std::size_t columns = 0);

// `text` and as many spaces as bring it to `columns`.
std::string Pad(std::string_view text, std::size_t columns);

}  // namespace vigil::console

#endif  // VIGIL_SYNC_CLI_CONSOLE_TABLE_H_
