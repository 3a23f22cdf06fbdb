#include "server/import/csv.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace vigil::importer {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

class Parser {
 public:
  explicit Parser(std::string_view content) : rest_(content) {
    if (rest_.starts_with(kByteOrderMark)) rest_.remove_prefix(kByteOrderMark.size());
  }

  CsvTable Parse() {
    while (!rest_.empty()) ParseRow();
    return std::move(table_);
  }

 private:
  void ParseRow() {
    CsvRow row;
    row.line = line_;
    fault_.clear();
    do {
      row.cells.emplace_back();
      if (rest_.starts_with('"')) {
        ParseQuoted(row.cells.back());
      } else {
        ParsePlain(row.cells.back());
      }
    } while (TakeComma());
    TakeLineBreak();
    if (!fault_.empty()) {
      table_.faults.push_back({row.line, std::move(fault_)});
      return;
    }
    const bool blank = std::all_of(row.cells.begin(), row.cells.end(),
                                   [](const std::string& cell) { return cell.empty(); });
    if (!blank) table_.rows.push_back(std::move(row));
  }

  void ParsePlain(std::string& cell) {
    const std::size_t end = std::min(rest_.find_first_of(",\r\n"), rest_.size());
    cell = rest_.substr(0, end);
    rest_.remove_prefix(end);
    if (cell.find('"') != std::string::npos) {
      Fault("a quote stands inside a cell that does not begin with one");
    }
  }

  void ParseQuoted(std::string& cell) {
    rest_.remove_prefix(1);
    while (!rest_.empty()) {
      if (rest_.starts_with("\"\"")) {
        cell += '"';
        rest_.remove_prefix(2);
      } else if (rest_.front() == '"') {
        rest_.remove_prefix(1);
        std::string after;
        ParsePlain(after);
        if (!after.empty()) Fault("text follows the closing quote of a cell");
        return;
      } else if (TakeLineBreak()) {
        cell += '\n';
      } else {
        const std::size_t end = std::min(rest_.find_first_of("\"\r\n"), rest_.size());
        cell.append(rest_.substr(0, end));
        rest_.remove_prefix(end);
      }
    }
    Fault("the quote that opens a cell of this row is never closed");
  }

  bool TakeComma() {
    if (!rest_.starts_with(',')) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool TakeLineBreak() {
    if (rest_.empty() || (rest_.front() != '\r' && rest_.front() != '\n')) return false;
    rest_.remove_prefix(rest_.starts_with("\r\n") ? 2 : 1);
    ++line_;
    return true;
  }

  // The first fault of a row tells most.
  void Fault(std::string_view message) {
    if (fault_.empty()) fault_ = message;
  }

  std::string_view rest_;
  int line_ = 1;
  std::string fault_;
  CsvTable table_;
};

}  // namespace

CsvTable ParseCsv(std::string_view content) { return Parser(content).Parse(); }

std::string CsvLine(const std::vector<std::string>& cells) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line += ',';
    if (cells[i].find_first_of("\",\r\n") == std::string::npos) {
      line += cells[i];
      continue;
    }
    line += '"';
    for (const char c : cells[i]) {
      if (c == '"') line += '"';
      line += c;
    }
    line += '"';
  }
  return line + "\r\n";
}

}  // namespace vigil::importer
