#ifndef VIGIL_SERVER_IMPORT_TABLES_H_
#define VIGIL_SERVER_IMPORT_TABLES_H_

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/import/encoding.h"
#include "server/import/layout.h"
#include "sync/base/ids.h"
#include "vigil/v1/admin_service.pb.h"
#include "vigil/v1/entity.pb.h"
#include "vigil/v1/operation.pb.h"

// The files of an import as tables of rows, and what is wrong with them.

namespace vigil::importer {

struct InputFile {
  // Without directory: "hazards.csv".
  std::string name;
  std::string content;
};

// Where a problem lies.
struct Place {
  std::string file;
  int line = 1;
  // Empty: the row as a whole.
  std::string column;
};

class Problems {
 public:
  void Add(const Place& place, v1::Reason reason, std::string_view message);
  // What is said and stops nothing.
  void Warn(const Place& place, v1::Reason reason, std::string_view message);
  // But for warnings.
  bool empty() const { return count_ == 0; }
  // Warnings too, in the order of files (as given), lines and columns' discovery.
  std::vector<v1::ImportProblem> Take(const std::vector<InputFile>& files);

 private:
  std::vector<v1::ImportProblem> problems_;
  std::size_t count_ = 0;
};

struct Table;

struct Row {
  const Table* table = nullptr;
  int line = 0;
  // As many as the table has columns.
  std::vector<std::string> cells;
  std::string key;
  bool bad = false;

  // Of a record.
  Uuid id;
  v1::Entity entity;
  // Rows whose records this one names.
  std::vector<const Row*> uses;
  // Rows of its lists.
  std::vector<Row*> elements;

  // Of a list's element: the row of its record, and the element's place in the list.
  Row* owner = nullptr;
  int place = 0;

  // The register has it already.
  bool exists = false;
  // How this import makes or changes it; none: not at all.
  std::optional<v1::Operation> operation;
  // What that changes of a record that exists.
  std::optional<v1::ImportChange> change;
  // Of an org unit: how many units of the files stand above it, and itself.
  int level = 0;
};

struct Table {
  const FileLayout* layout = nullptr;
  // Nullopt: the file is no text.
  std::optional<Encoding> encoding;
  // By position; null: a column that is not known or has no heading.
  std::vector<const Column*> columns;
  // Addresses stay.
  std::deque<Row> rows;
  // Rows that could not be read at all.
  std::size_t unreadable = 0;

  // The cell under the heading, without blanks around it; empty where there is none.
  std::string_view Cell(const Row& row, std::string_view column) const;
  bool Has(std::string_view column) const;
};

struct TableOptions {
  // Of all files; nullopt: found out for each.
  std::optional<Encoding> encoding;
  // Headings that are not known are problems, not warnings.
  bool strict = false;
};

// One table for each known file, in the order in which records are made. Columns are found by their
// headings (words.h), in any order. Files that are no text, rows with another number of cells than
// the heading, headings that are missing or stand twice, unknown files: problems.
std::deque<Table> ReadTables(const std::vector<InputFile>& files, const TableOptions& options,
                             Problems& problems);

}  // namespace vigil::importer

#endif  // VIGIL_SERVER_IMPORT_TABLES_H_
