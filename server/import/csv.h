#ifndef VIGIL_SERVER_IMPORT_CSV_H_
#define VIGIL_SERVER_IMPORT_CSV_H_

#include <string>
#include <string_view>
#include <vector>

// Reading and writing CSV as RFC 4180 describes it.

namespace vigil::importer {

struct CsvRow {
  // First line of the row, counted from 1.
  int line = 0;
  // Without quotes; a line break inside quotes is "\n".
  std::vector<std::string> cells;
};

struct CsvFault {
  int line = 0;
  std::string message;
};

struct CsvTable {
  // Without blank rows (no cell has content) and rows with a fault.
  std::vector<CsvRow> rows;
  std::vector<CsvFault> faults;
};

// Commas between cells, quotes where a cell holds a comma, a quote (doubled) or a line break.
// Lines end with LF, CRLF or CR; a byte order mark is skipped. Bytes are not checked for UTF-8.
CsvTable ParseCsv(std::string_view content);

// The cells as one line, with CRLF; quotes where a cell needs them.
std::string CsvLine(const std::vector<std::string>& cells);

}  // namespace vigil::importer

#endif  // VIGIL_SERVER_IMPORT_CSV_H_
