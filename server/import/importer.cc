#include "server/import/importer.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/message.h"
#include "server/import/checks.h"
#include "server/import/dates.h"
#include "server/import/difference.h"
#include "server/import/keys.h"
#include "sync/base/check.h"
#include "sync/base/hash.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/base/utf8.h"
#include "sync/rules/reason.h"
#include "sync/rules/record.h"

namespace vigil::importer {
namespace {

using google::protobuf::Message;
using google::protobuf::Reflection;
using rules::FieldInfo;

constexpr std::int64_t kRowsPerProgress = 500;
// As many elements as an operation may hold in one list.
constexpr int kElementsMax = 1000;
constexpr std::size_t kKeyBytesMax = 200;
// As far as the rules follow the tree of units.
constexpr int kLevelsMax = 32;

// What tells an element of a list from the others: its code or number, else its text.
std::string NameOfElement(const Row& row) {
  for (const std::string_view column : {"code", "number", "text"}) {
    if (row.table->Has(column)) return std::string(row.table->Cell(row, column));
  }
  return "";
}

class Planner {
 public:
  Planner(const std::vector<InputFile>& files, RegisterView& view, const PlanOptions& options)
      : files_(files), view_(view), options_(options), keys_(view), context_{keys_, options.zone} {}

  absl::StatusOr<ImportPlan> Plan();

 private:
  absl::Status TakeKeys(Table& table);
  std::string NaturalKey(const Row& row) const;
  void TakeOwners(Table& table);
  absl::Status ParseRow(Row& row);
  absl::Status ParseElement(Row& row);
  absl::StatusOr<bool> ParseCellOf(Row& row, std::size_t index, Message& body);
  // False: a required cell is empty, and was said so.
  bool CheckRequired(Row& row);
  void CheckRow(Row& row);
  void CheckRatingProduct(Row& row);
  // Units come after those above them; checks that there is a top.
  void OrderUnits(Table& table);
  // Whatever rests on a bad row is bad.
  void SpreadBadness();
  absl::Status Decide(Row& row);
  absl::Status DecideChange(Row& row, const v1::Record& record);
  absl::Status WarnOfOlder(const Row& row, const FieldInfo& field, const v1::Record& record);
  void AddOperation(Row& row, v1::ImportRecord command, std::uint64_t seen);
  std::vector<const FieldInfo*> FieldsOf(const Table& table) const;
  void TakeOperations();
  v1::ImportFileCount CountOf(const Table& table) const;

  void Bad(Row& row, std::string_view column, v1::Reason reason, std::string_view message);
  void Progress(std::string_view stage);

  const std::vector<InputFile>& files_;
  RegisterView& view_;
  const PlanOptions& options_;
  Problems problems_;
  Keys keys_;
  const CellContext context_;
  std::map<const Row*, std::set<std::string>> names_;
  std::deque<Table> tables_;
  std::int64_t rows_ = 0;
  std::int64_t done_ = 0;
  ImportPlan plan_;
};

void Planner::Bad(Row& row, std::string_view column, v1::Reason reason, std::string_view message) {
  row.bad = true;
  problems_.Add({row.table->layout->file, row.line, std::string(column)}, reason, message);
}

void Planner::Progress(std::string_view stage) {
  ++done_;
  if (!options_.progress) return;
  if (done_ == rows_ || done_ % kRowsPerProgress == 0) options_.progress(stage, done_, rows_);
}

// Which row it is where it has no key; empty where the cells do not say, which is reported with
// them.
std::string Planner::NaturalKey(const Row& row) const {
  std::string parts;
  for (const std::string& column : row.table->layout->natural_key) {
    std::string cell(row.table->Cell(row, column));
    if (cell.empty()) return "";
    // The same time in other words is the same.
    const absl::StatusOr<absl::Time> time = ParseCellTime(cell, options_.zone);
    if (time.ok()) cell = FormatInstant(*time);
    absl::StrAppend(&parts, cell.size(), ":", cell);
  }
  return parts.empty() ? "" : absl::StrCat("~", Sha256Of(parts).ToHex());
}

absl::Status Planner::TakeKeys(Table& table) {
  for (Row& row : table.rows) {
    Progress("reading");
    const std::string& column = table.layout->key_column;
    row.key = table.Cell(row, column);
    if (row.key.empty()) row.key = NaturalKey(row);
    if (row.key.empty()) {
      if (table.Has(column) && table.layout->natural_key.empty()) {
        Bad(row, column, v1::REASON_REQUIRED_FIELD_MISSING,
            absl::StrCat(column, " is empty; it is the key of the row"));
      } else {
        row.bad = true;
      }
      continue;
    }
    // A bad key is reported with the other cells, but it names nothing.
    if (!IsValidText(row.key) || row.key.size() > kKeyBytesMax) {
      row.bad = true;
      continue;
    }
    VIGIL_ASSIGN_OR_RETURN(const Row* other, keys_.Add(row));
    if (other == nullptr) continue;
    Bad(row, column, v1::REASON_ALREADY_EXISTS,
        absl::StrCat("line ", other->line, " has the same ",
                     table.Cell(row, column).empty()
                         ? absl::StrJoin(table.layout->natural_key, ", ")
                         : column));
  }
  return absl::OkStatus();
}

void Planner::TakeOwners(Table& table) {
  for (Row& row : table.rows) {
    Progress("reading");
    const std::string& column = table.layout->key_column;
    row.key = table.Cell(row, column);
    if (row.key.empty() || !IsValidText(row.key)) {
      Bad(row, column,
          row.key.empty() ? v1::REASON_REQUIRED_FIELD_MISSING : v1::REASON_INVALID_UTF8,
          "the row does not say to which record it belongs");
      continue;
    }
    row.owner = keys_.FindRow(*table.layout->kind, row.key);
    if (row.owner == nullptr) {
      Bad(row, column, v1::REASON_UNKNOWN_REFERENCE,
          absl::StrCat("no row of the files has the key ", Quoted(row.key)));
      continue;
    }
    row.owner->elements.push_back(&row);
  }
}

// False: the cell is bad, and said so. A status is the view's.
absl::StatusOr<bool> Planner::ParseCellOf(Row& row, std::size_t index, Message& body) {
  const Column* column = row.table->columns[index];
  if (column == nullptr) return true;
  if (column->use != ColumnUse::kField) {
    if (IsValidText(row.cells[index])) return true;
    Bad(row, column->name, v1::REASON_INVALID_UTF8, "the cell is not UTF-8; save the file so");
    return false;
  }
  const bool element = row.table->layout->list != nullptr;
  const absl::Status status = element ? ParseElementCell(*column, row.cells[index], context_, body)
                                      : ParseCell(*column, row.cells[index], context_, body);
  if (status.ok()) return true;
  const v1::Reason reason = rules::ReasonOf(status);
  if (reason == v1::REASON_UNSPECIFIED) return status;
  Bad(row, column->name, reason, ToStd(status.message()));
  return false;
}

absl::Status Planner::ParseRow(Row& row) {
  const FileLayout& layout = *row.table->layout;
  Message& body = rules::MutableBodyOf(row.entity, *layout.kind);
  keys_.ResolveFor(row);
  bool good = true;
  for (std::size_t i = 0; i < row.cells.size(); ++i) {
    VIGIL_ASSIGN_OR_RETURN(const bool parsed, ParseCellOf(row, i, body));
    good = good && parsed;
  }
  good = CheckRequired(row) && good;
  // What does not parse would only be reported twice.
  if (good) CheckRow(row);
  return absl::OkStatus();
}

bool Planner::CheckRequired(Row& row) {
  bool good = true;
  for (const Column& column : row.table->layout->columns) {
    if (!column.required || column.name == row.table->layout->key_column) continue;
    if (!row.table->Cell(row, column.name).empty()) continue;
    good = false;
    if (row.table->Has(column.name)) {
      Bad(row, column.name, v1::REASON_REQUIRED_FIELD_MISSING,
          absl::StrCat(column.name, " is empty"));
    } else {
      // The heading says so once.
      row.bad = true;
    }
  }
  return good;
}

void Planner::CheckRow(Row& row) {
  for (const Fault& fault : CheckInitialState(row.entity)) {
    const bool known = row.table->Has(fault.column);
    Bad(row, known ? fault.column : "", fault.reason, fault.message);
  }
  if (row.entity.has_risk_source()) CheckRatingProduct(row);
}

void Planner::CheckRatingProduct(Row& row) {
  const std::string_view cell = row.table->Cell(row, "rating_d");
  if (cell.empty()) return;
  double stated = 0;
  const v1::Rating& rating = row.entity.risk_source().rating();
  const double product = rating.l() * rating.e() * rating.c();
  const bool agrees = absl::SimpleAtod(ToAbsl(cell), &stated) &&
                      std::abs(stated - product) <= 1e-6 * std::max(1.0, std::abs(product));
  if (agrees) return;
  Bad(row, "rating_d", v1::REASON_INVALID_VALUE,
      absl::StrCat("D is not the product of L, E and C, which is ", product));
}

absl::Status Planner::ParseElement(Row& row) {
  const FileLayout& layout = *row.table->layout;
  const FieldInfo& list = *layout.list;
  Message& body = rules::MutableBodyOf(row.owner->entity, *layout.kind);
  const Reflection& reflection = *body.GetReflection();
  row.place = reflection.FieldSize(body, list.descriptor);
  if (row.place >= kElementsMax) {
    Bad(row, "", v1::REASON_TOO_LARGE,
        absl::StrCat("a list has at most ", kElementsMax, " elements"));
    return absl::OkStatus();
  }
  const bool nested = list.descriptor->message_type() != nullptr;
  Message& element = nested ? *reflection.AddMessage(&body, list.descriptor) : body;
  keys_.ResolveFor(*row.owner);
  for (std::size_t i = 0; i < row.cells.size(); ++i) {
    VIGIL_RETURN_IF_ERROR(ParseCellOf(row, i, element));
  }
  if (!CheckRequired(row) || row.bad) return absl::OkStatus();
  if (!names_[row.owner].insert(NameOfElement(row)).second) {
    Bad(row, "", v1::REASON_ALREADY_EXISTS, "a row above says the same of this record");
  }
  return absl::OkStatus();
}

void Planner::OrderUnits(Table& table) {
  std::map<std::string, Row*> by_id;
  for (Row& row : table.rows) by_id[row.id.ToString()] = &row;
  for (Row& row : table.rows) {
    const Row* above = &row;
    for (row.level = 0; above != nullptr && row.level <= kLevelsMax; ++row.level) {
      const auto parent = by_id.find(above->entity.org_unit().parent_unit());
      above = parent == by_id.end() ? nullptr : parent->second;
    }
    if (above == nullptr || row.bad) continue;
    Bad(row, "parent_unit", v1::REASON_INVALID_VALUE,
        absl::StrCat("the units above this one lead round in a circle, or are more than ",
                     kLevelsMax));
  }
}

void Planner::SpreadBadness() {
  bool spread = true;
  while (spread) {
    spread = false;
    for (Table& table : tables_) {
      for (Row& row : table.rows) {
        if (row.bad) continue;
        if (row.owner != nullptr && row.owner->bad) {
          Bad(row, table.layout->key_column, v1::REASON_DEPENDENCY_MISSING,
              absl::StrCat("left out, because line ", row.owner->line, " of ",
                           row.owner->table->layout->file, " is bad"));
          spread = true;
          continue;
        }
        const auto is_bad = [](const Row* other) { return other->bad && !other->exists; };
        const auto used = std::find_if(row.uses.begin(), row.uses.end(), is_bad);
        const auto part = std::find_if(row.elements.begin(), row.elements.end(),
                                       [](const Row* other) { return other->bad; });
        const Row* cause = used != row.uses.end()       ? *used
                           : part != row.elements.end() ? *part
                                                        : nullptr;
        if (cause == nullptr) continue;
        Bad(row, "", v1::REASON_DEPENDENCY_MISSING,
            absl::StrCat("left out, because line ", cause->line, " of ", cause->table->layout->file,
                         " is bad"));
        spread = true;
      }
    }
  }
}

// What the files say something about: columns that are there, lists whose file is.
std::vector<const FieldInfo*> Planner::FieldsOf(const Table& table) const {
  std::vector<const FieldInfo*> fields;
  for (const FieldInfo& field : table.layout->kind->fields) {
    bool told = std::any_of(table.columns.begin(), table.columns.end(), [&](const Column* column) {
      return column != nullptr && column->field == field.descriptor;
    });
    for (const Table& other : tables_) told = told || other.layout->list == &field;
    if (told) fields.push_back(&field);
  }
  return fields;
}

void Planner::AddOperation(Row& row, v1::ImportRecord command, std::uint64_t seen) {
  v1::Operation operation;
  command.mutable_source()->set_file(row.table->layout->file);
  command.mutable_source()->set_line(row.line);
  if (row.exists) {
    v1::Seen& known = *operation.add_seen();
    known.set_record(command.record());
    known.set_version(seen);
  }
  *operation.mutable_import_record() = std::move(command);
  if (operation.ByteSizeLong() > options_.operation_bytes_max) {
    Bad(row, "", v1::REASON_TOO_LARGE,
        absl::StrCat("the row and its lists take more than ", options_.operation_bytes_max,
                     " bytes"));
    return;
  }
  row.operation = std::move(operation);
}

absl::Status Planner::WarnOfOlder(const Row& row, const FieldInfo& field,
                                  const v1::Record& record) {
  VIGIL_ASSIGN_OR_RETURN(const std::string said,
                         FieldText(rules::BodyOf(row.entity), field, keys_));
  VIGIL_ASSIGN_OR_RETURN(const std::string now,
                         FieldText(rules::BodyOf(record.entity()), field, keys_));
  problems_.Warn({row.table->layout->file, row.line, std::string(field.name())},
                 v1::REASON_VERSION_MOVED,
                 absl::StrCat("the file is older than the register, which held ", Quoted(said),
                              " until people wrote ", Quoted(now),
                              "; that stays. If the file is right, change the record itself"));
  return absl::OkStatus();
}

absl::Status Planner::DecideChange(Row& row, const v1::Record& record) {
  VIGIL_ASSIGN_OR_RETURN(Difference difference,
                         Compare(row.entity, FieldsOf(*row.table), record, view_, options_.zone));
  for (const FieldInfo* field : difference.fixed) {
    Bad(row, row.table->Has(field->name()) ? field->name() : "", v1::REASON_FIELD_NOT_EDITABLE,
        absl::StrCat(field->name(), " never changes after a record was made; it was \"",
                     rules::ValueText(rules::BodyOf(record.entity()), *field), "\""));
  }
  for (const FieldInfo* field : difference.older) {
    VIGIL_RETURN_IF_ERROR(WarnOfOlder(row, *field, record));
  }
  if (row.bad || difference.command.update_mask().paths().empty()) return absl::OkStatus();
  v1::ImportChange& change = row.change.emplace();
  change.set_file(row.table->layout->file);
  change.set_line(row.line);
  change.set_record(record.id());
  const std::string key = rules::KeyOf(record);
  change.set_key(key.empty() ? row.key : key);
  VIGIL_RETURN_IF_ERROR(Describe(difference.command, record, keys_, change));
  AddOperation(row, std::move(difference.command), record.version());
  return absl::OkStatus();
}

absl::Status Planner::Decide(Row& row) {
  if (row.exists) {
    VIGIL_ASSIGN_OR_RETURN(const std::optional<v1::Record> record, view_.Find(row.id));
    if (!record || rules::InfoOf(*record) != row.table->layout->kind) {
      return absl::DataLossError(
          absl::StrCat("the register names ", row.id.ToString(), " and does not have it"));
    }
    return DecideChange(row, *record);
  }
  v1::ImportRecord command;
  command.set_record(row.id.ToString());
  *command.mutable_entity() = row.entity;
  if (command.entity().has_risk_source() && options_.today.year() != 0 &&
      !command.entity().risk_source().has_interval_starts_on()) {
    *command.mutable_entity()->mutable_risk_source()->mutable_interval_starts_on() = options_.today;
  }
  AddOperation(row, std::move(command), 0);
  return absl::OkStatus();
}

void Planner::TakeOperations() {
  for (Table& table : tables_) {
    std::vector<Row*> rows;
    for (Row& row : table.rows) {
      if (!row.bad && row.operation) rows.push_back(&row);
    }
    std::stable_sort(rows.begin(), rows.end(),
                     [](const Row* a, const Row* b) { return a->level < b->level; });
    for (Row* row : rows) {
      plan_.operations.push_back(std::move(*row->operation));
      if (row->change) plan_.changes.push_back(std::move(*row->change));
    }
  }
}

v1::ImportFileCount Planner::CountOf(const Table& table) const {
  v1::ImportFileCount count;
  count.set_file(table.layout->file);
  if (table.encoding) count.set_encoding(std::string(EncodingName(*table.encoding)));
  count.set_rows(static_cast<std::int64_t>(table.rows.size() + table.unreadable));
  count.set_bad(static_cast<std::int64_t>(table.unreadable));
  for (const Row& row : table.rows) {
    // A list's row fares as its record does.
    const Row& record = row.owner == nullptr ? row : *row.owner;
    if (row.bad || record.bad) {
      count.set_bad(count.bad() + 1);
    } else if (!record.operation) {
      count.set_unchanged(count.unchanged() + 1);
    } else if (record.exists) {
      count.set_changed(count.changed() + 1);
    } else {
      count.set_created(count.created() + 1);
    }
  }
  return count;
}

absl::StatusOr<ImportPlan> Planner::Plan() {
  tables_ = ReadTables(files_, options_.tables, problems_);
  for (const Table& table : tables_) rows_ += static_cast<std::int64_t>(table.rows.size());
  // Lists come last among the layouts, so that their owners are known.
  for (Table& table : tables_) {
    if (table.layout->list != nullptr) {
      TakeOwners(table);
    } else {
      VIGIL_RETURN_IF_ERROR(TakeKeys(table));
    }
  }
  done_ = 0;
  for (Table& table : tables_) {
    for (Row& row : table.rows) {
      Progress("checking");
      if (table.layout->list == nullptr) {
        VIGIL_RETURN_IF_ERROR(ParseRow(row));
      } else if (row.owner != nullptr) {
        VIGIL_RETURN_IF_ERROR(ParseElement(row));
      }
    }
  }
  for (Table& table : tables_) {
    if (table.layout->kind->kind == "org_unit") OrderUnits(table);
    if (table.layout->list != nullptr) continue;
    for (Row& row : table.rows) {
      if (!row.bad) VIGIL_RETURN_IF_ERROR(Decide(row));
    }
  }
  if (options_.keep_good_rows) SpreadBadness();
  TakeOperations();
  for (const Table& table : tables_) plan_.files.push_back(CountOf(table));
  plan_.rejected = !problems_.empty() && !options_.keep_good_rows;
  if (plan_.rejected) plan_.operations.clear();
  plan_.problems = problems_.Take(files_);
  return std::move(plan_);
}

}  // namespace

absl::StatusOr<ImportPlan> PlanImport(const std::vector<InputFile>& files, RegisterView& view,
                                      const PlanOptions& options) {
  return Planner(files, view, options).Plan();
}

}  // namespace vigil::importer
