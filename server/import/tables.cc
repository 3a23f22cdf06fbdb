#include "server/import/tables.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/import/cell.h"
#include "server/import/csv.h"
#include "server/import/words.h"
#include "sync/base/status.h"
#include "sync/base/utf8.h"

namespace vigil::importer {
namespace {

struct Separator {
  std::string_view text;
  const char* name;
};
constexpr Separator kOtherSeparators[] = {{"\t", "tabs"},
                                          {";", "semicolons"},
                                          {"；", "full-width semicolons"},
                                          {"，", "full-width commas"}};

std::string ColumnNames(const FileLayout& layout) {
  std::vector<std::string> names;
  for (const Column& column : layout.columns) names.push_back(BothHeadings(layout, column));
  return absl::StrJoin(names, ", ");
}

std::string FileNames() {
  std::vector<std::string> names;
  for (const FileLayout& layout : FileLayouts()) names.push_back(layout.file);
  return absl::StrJoin(names, ", ");
}

// A file whose columns are not separated by commas has one of them.
bool HasOtherSeparator(const CsvRow& heading, const FileLayout& layout, Problems& problems) {
  if (heading.cells.size() != 1) return false;
  const std::string& cell = heading.cells.front();
  for (const auto& [separator, name] : kOtherSeparators) {
    if (cell.find(separator) == std::string::npos) continue;
    problems.Add({layout.file, heading.line, ""}, v1::REASON_MALFORMED,
                 absl::StrCat("the columns are separated by ", name,
                              "; save the file as CSV with commas (逗号分隔)"));
    return true;
  }
  return false;
}

const Column* ReadHeadingCell(std::string_view cell, int line, bool strict, const Table& table,
                              Problems& problems) {
  const FileLayout& layout = *table.layout;
  const std::string name(Trimmed(cell));
  const Column* column = FindByHeading(layout, name);
  const Place place{layout.file, line, column == nullptr ? name : column->name};
  if (column == nullptr) {
    // A column without a heading is left out, as spreadsheets have them at the end.
    if (name.empty()) return nullptr;
    const std::string message =
        absl::StrCat("no such column, it is left out; there are ", ColumnNames(layout));
    if (strict) {
      problems.Add(place, v1::REASON_FIELD_UNKNOWN, message);
    } else {
      problems.Warn(place, v1::REASON_FIELD_UNKNOWN, message);
    }
    return nullptr;
  }
  if (table.Has(column->name)) {
    problems.Add(
        place, v1::REASON_ALREADY_EXISTS,
        absl::StrCat("the column ", BothHeadings(layout, *column), " stands twice in the heading"));
    return nullptr;
  }
  return column;
}

void ReadHeading(const CsvRow& heading, bool strict, Table& table, Problems& problems) {
  const FileLayout& layout = *table.layout;
  for (const std::string& cell : heading.cells) {
    table.columns.push_back(ReadHeadingCell(cell, heading.line, strict, table, problems));
  }
  for (const Column& column : layout.columns) {
    if (!column.required || table.Has(column.name)) continue;
    problems.Add({layout.file, heading.line, column.name}, v1::REASON_REQUIRED_FIELD_MISSING,
                 absl::StrCat("the column ", BothHeadings(layout, column), " is missing"));
  }
}

void ReadRows(std::vector<CsvRow> rows, Table& table, Problems& problems) {
  for (std::size_t i = 1; i < rows.size(); ++i) {
    CsvRow& from = rows[i];
    if (from.cells.size() != table.columns.size()) {
      ++table.unreadable;
      problems.Add({table.layout->file, from.line, ""}, v1::REASON_MALFORMED,
                   absl::StrCat("the row has ", from.cells.size(), " cells, the heading ",
                                table.columns.size()));
      continue;
    }
    Row& row = table.rows.emplace_back();
    row.table = &table;
    row.line = from.line;
    row.cells = std::move(from.cells);
  }
}

void ReadTable(const InputFile& file, const TableOptions& options, Table& table,
               Problems& problems) {
  const DecodedFile decoded = Decode(file.content, options.encoding);
  if (!decoded.fault.empty()) {
    problems.Add({file.name, decoded.line, ""}, v1::REASON_INVALID_UTF8, decoded.fault);
    return;
  }
  table.encoding = decoded.encoding;
  CsvTable csv = ParseCsv(decoded.text);
  for (const CsvFault& fault : csv.faults) {
    problems.Add({file.name, fault.line, ""}, v1::REASON_MALFORMED, fault.message);
  }
  table.unreadable = csv.faults.size();
  if (csv.rows.empty()) {
    problems.Add({file.name, 1, ""}, v1::REASON_MALFORMED, "the file has no heading");
    return;
  }
  // A faulty heading is not the first row that could be read.
  const bool heading_lost =
      std::any_of(csv.faults.begin(), csv.faults.end(),
                  [&](const CsvFault& fault) { return fault.line < csv.rows.front().line; });
  if (heading_lost || HasOtherSeparator(csv.rows.front(), *table.layout, problems)) return;
  ReadHeading(csv.rows.front(), options.strict, table, problems);
  ReadRows(std::move(csv.rows), table, problems);
}

}  // namespace

void Problems::Add(const Place& place, v1::Reason reason, std::string_view message) {
  v1::ImportProblem& problem = problems_.emplace_back();
  problem.set_file(place.file);
  problem.set_line(place.line);
  problem.set_column(place.column);
  problem.set_reason(reason);
  problem.set_message(std::string(message));
  ++count_;
}

void Problems::Warn(const Place& place, v1::Reason reason, std::string_view message) {
  Add(place, reason, message);
  problems_.back().set_warning(true);
  --count_;
}

std::vector<v1::ImportProblem> Problems::Take(const std::vector<InputFile>& files) {
  std::map<std::string, std::size_t> order;
  for (const InputFile& file : files) order.emplace(file.name, order.size());
  std::stable_sort(problems_.begin(), problems_.end(),
                   [&](const v1::ImportProblem& a, const v1::ImportProblem& b) {
                     return std::make_tuple(order[a.file()], a.line()) <
                            std::make_tuple(order[b.file()], b.line());
                   });
  return std::move(problems_);
}

std::string_view Table::Cell(const Row& row, std::string_view column) const {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i] != nullptr && columns[i]->name == column) return Trimmed(row.cells[i]);
  }
  return {};
}

bool Table::Has(std::string_view column) const {
  return std::any_of(columns.begin(), columns.end(), [&](const Column* known) {
    return known != nullptr && known->name == column;
  });
}

std::deque<Table> ReadTables(const std::vector<InputFile>& files, const TableOptions& options,
                             Problems& problems) {
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::string& name = files[i].name;
    if (FindLayout(name) == nullptr) {
      problems.Add({IsValidText(name) ? name : "?", 1, ""}, v1::REASON_FOREIGN_FILE,
                   absl::StrCat("no such file is known; there are ", FileNames()));
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (files[j].name != name) continue;
      problems.Add({name, 1, ""}, v1::REASON_ALREADY_EXISTS, "the file was given twice");
      break;
    }
  }
  std::deque<Table> tables;
  for (const FileLayout& layout : FileLayouts()) {
    const auto file = std::find_if(files.begin(), files.end(), [&](const InputFile& candidate) {
      return candidate.name == layout.file;
    });
    if (file == files.end()) continue;
    Table& table = tables.emplace_back();
    table.layout = &layout;
    ReadTable(*file, options, table, problems);
  }
  return tables;
}

}  // namespace vigil::importer
