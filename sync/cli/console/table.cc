#include "sync/cli/console/table.h"

#include <algorithm>
#include <utility>

#include "sync/base/check.h"
#include "sync/base/utf8.h"

namespace vigil::console {
namespace {

constexpr std::string_view kEllipsis = "…";
constexpr std::string_view kGap = "  ";

void TrimEnd(std::string& line) { line.erase(line.find_last_not_of(' ') + 1); }

}  // namespace

std::string OneLine(std::string_view text, std::size_t columns) {
  std::string line;
  line.reserve(text.size());
  for (const char c : text) {
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    // Terminals obey control characters; a register's text must not.
    if (!control) {
      line += c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  TrimEnd(line);
  if (columns == 0 || DisplayWidth(line) <= columns) return line;
  std::string cut(TruncateToWidth(line, columns - 1));
  TrimEnd(cut);
  cut += kEllipsis;
  return cut;
}

std::string Pad(std::string_view text, std::size_t columns) {
  const std::size_t width = DisplayWidth(text);
  std::string padded(text);
  if (width < columns) padded.append(columns - width, ' ');
  return padded;
}

void Table::AddRow(std::vector<std::string> cells) {
  VIGIL_CHECK(cells.size() == columns_.size()) << "a row has one cell for each column";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    cells[i] = OneLine(cells[i], columns_[i].width_max);
  }
  rows_.push_back(std::move(cells));
}

std::string Table::ToString() const {
  std::vector<std::size_t> widths;
  std::vector<std::size_t> shown;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t content = 0;
    for (const auto& row : rows_) content = std::max(content, DisplayWidth(row[i]));
    widths.push_back(std::max(content, DisplayWidth(columns_[i].heading)));
    if (content > 0 || rows_.empty()) shown.push_back(i);
  }
  std::string text;
  const auto add_line = [&](const auto& cell_of) {
    std::string line;
    for (const std::size_t i : shown) {
      if (!line.empty()) line += kGap;
      const std::string& cell = cell_of(i);
      if (columns_[i].align == Align::kRight) {
        line.append(widths[i] - DisplayWidth(cell), ' ');
        line += cell;
      } else {
        line += Pad(cell, widths[i]);
      }
    }
    TrimEnd(line);
    text += line;
    text += '\n';
  };
  add_line([&](std::size_t i) -> const std::string& { return columns_[i].heading; });
  for (const auto& row : rows_) {
    add_line([&](std::size_t i) -> const std::string& { return row[i]; });
  }
  return text;
}

}  // namespace vigil::console
