#include "server/import/tables.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/import/cell.h"
#include "server/import/csv.h"
#include "sync/base/status.h"
#include "sync/base/utf8.h"

namespace vigil::importer {
namespace {

std::string ColumnNames(const FileLayout& layout) {
  std::vector<std::string> names;
  for (const Column& column : layout.columns) names.push_back(column.name);
  return absl::StrJoin(names, ", ");
}

std::string FileNames() {
  std::vector<std::string> names;
  for (const FileLayout& layout : FileLayouts()) names.push_back(layout.file);
  return absl::StrJoin(names, ", ");
}

void ReadHeading(const CsvRow& heading, Table& table, Problems& problems) {
  const FileLayout& layout = *table.layout;
  for (const std::string& cell : heading.cells) {
    const std::string name(Trimmed(cell));
    const Place place{layout.file, heading.line, IsValidText(name) ? name : ""};
    const Column* column = layout.Find(name);
    if (!IsValidText(name)) {
      problems.Add(place, v1::REASON_INVALID_UTF8, "the heading is not UTF-8; save the file so");
    } else if (column == nullptr) {
      problems.Add(place, v1::REASON_FIELD_UNKNOWN,
                   absl::StrCat("no such column; there are ", ColumnNames(layout)));
    } else if (table.Has(name)) {
      problems.Add(place, v1::REASON_ALREADY_EXISTS, "the column stands twice in the heading");
      column = nullptr;
    }
    table.columns.push_back(column);
  }
  for (const Column& column : layout.columns) {
    if (!column.required || table.Has(column.name)) continue;
    problems.Add({layout.file, heading.line, column.name}, v1::REASON_REQUIRED_FIELD_MISSING,
                 "the column is missing");
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

void ReadTable(const InputFile& file, Table& table, Problems& problems) {
  if (file.content.starts_with("\xFF\xFE") || file.content.starts_with("\xFE\xFF")) {
    problems.Add({file.name, 1, ""}, v1::REASON_INVALID_UTF8,
                 "the file is UTF-16; save it as UTF-8");
    return;
  }
  CsvTable csv = ParseCsv(file.content);
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
  if (heading_lost) return;
  ReadHeading(csv.rows.front(), table, problems);
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

std::deque<Table> ReadTables(const std::vector<InputFile>& files, Problems& problems) {
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
    ReadTable(*file, table, problems);
  }
  return tables;
}

}  // namespace vigil::importer
