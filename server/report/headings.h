#ifndef VIGIL_SERVER_REPORT_HEADINGS_H_
#define VIGIL_SERVER_REPORT_HEADINGS_H_

#include <string>
#include <string_view>

#include "server/report/table.h"
#include "server/report/words.h"

namespace vigil::report {

// What people read above a column: the contract's word where it is a field of it, else the
// reports' own.
std::string HeadingOf(std::string_view column, Language language);

struct ColumnSpec {
  std::string_view name;
  ColumnType type = ColumnType::kText;
  int width = Column().width;
};
// With its heading.
Column ColumnOf(const ColumnSpec& spec, Language language);

}  // namespace vigil::report

#endif  // VIGIL_SERVER_REPORT_HEADINGS_H_
