#include "server/report/xlsx_writer.h"

#include <cmath>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/base/status.h"
#include "sync/base/utf8.h"
#include "sync/rules/reason.h"
#include "xlsxwriter.h"

namespace vigil::report {
namespace {

using rules::Refuse;

// Of the format; the first row is the heading.
constexpr lxw_row_t kRowsMax = 1'048'576;
constexpr std::size_t kCellCharactersMax = 32'000;
constexpr std::size_t kSheetNameCharactersMax = 31;
constexpr std::size_t kChunkBytes = 64 * 1024;
constexpr std::uint8_t kPaperA4 = 9;
constexpr lxw_color_t kHeadingFill = 0xDDE4EE;

absl::Status Failed(lxw_error error) {
  return Refuse(v1::REASON_STORAGE_UNAVAILABLE,
                absl::StrCat("the workbook cannot be written: ", lxw_strerror(error)));
}

absl::Status Checked(lxw_error error) {
  return error == LXW_NO_ERROR ? absl::OkStatus() : Failed(error);
}

// The first characters; NUL would end the text for the library.
std::string Cell(std::string_view text, std::size_t characters_max) {
  std::string cell;
  for (std::size_t count = 0; count < characters_max && !text.empty(); ++count) {
    const std::string_view before = text;
    const std::optional<char32_t> taken = TakeCodePoint(text);
    if (!taken || *taken == 0) {
      text.remove_prefix(taken ? 0 : 1);
      cell += "\xEF\xBF\xBD";
    } else {
      cell += before.substr(0, before.size() - text.size());
    }
  }
  return cell;
}

// What the format forbids in a sheet's name stands for itself as a blank.
std::string SheetName(std::string_view title) {
  std::string name = Cell(title, kSheetNameCharactersMax);
  for (char& c : name) {
    if (std::string_view("[]:*?/\\'").find(c) != std::string_view::npos) c = ' ';
  }
  return name;
}

lxw_datetime ToDateTime(const absl::CivilSecond& time) {
  return {.year = static_cast<int>(time.year()),
          .month = time.month(),
          .day = time.day(),
          .hour = time.hour(),
          .min = time.minute(),
          .sec = static_cast<double>(time.second())};
}

}  // namespace

class XlsxWriter::Workbook {
 public:
  Workbook(const Heading& heading, std::string path) : heading_(heading), path_(std::move(path)) {
    const std::size_t slash = path_.rfind('/');
    directory_ = slash == std::string::npos ? "." : path_.substr(0, slash);
    lxw_workbook_options options = {
        .constant_memory = LXW_TRUE, .tmpdir = directory_.data(), .use_zip64 = LXW_FALSE};
    book_ = workbook_new_opt(path_.c_str(), &options);
  }
  ~Workbook() {
    // The library frees a workbook by writing it.
    if (book_ != nullptr) workbook_close(book_);
  }

  absl::Status Begin() {
    if (book_ == nullptr) return Failed(LXW_ERROR_CREATING_XLSX_FILE);
    lxw_doc_properties properties = {};
    properties.title = heading_.title.data();
    properties.author = author_.data();
    properties.created = absl::ToTimeT(heading_.made_at);
    VIGIL_RETURN_IF_ERROR(Checked(workbook_set_properties(book_, &properties)));
    MakeFormats();
    return heading_.paragraphs.empty() ? absl::OkStatus() : AddTextSheet();
  }

  absl::Status BeginSection(const Section& section) {
    EndSheet();
    columns_ = section.columns;
    VIGIL_RETURN_IF_ERROR(AddSheet(section.title));
    worksheet_freeze_panes(sheet_, 1, 0);
    worksheet_set_landscape(sheet_);
    VIGIL_RETURN_IF_ERROR(Checked(worksheet_repeat_rows(sheet_, 0, 0)));
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const auto column = static_cast<lxw_col_t>(i);
      VIGIL_RETURN_IF_ERROR(
          Checked(worksheet_set_column(sheet_, column, column, columns_[i].width, nullptr)));
    }
    VIGIL_RETURN_IF_ERROR(Checked(worksheet_set_row(sheet_, 0, kHeadingHeight, nullptr)));
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      VIGIL_RETURN_IF_ERROR(PutText(0, i, columns_[i].heading, heading_format_));
    }
    next_row_ = 1;
    return absl::OkStatus();
  }

  absl::Status Add(const Row& row) {
    if (next_row_ >= kRowsMax) {
      return Refuse(v1::REASON_TOO_LARGE,
                    "a workbook's sheet has room for 1,048,575 rows: narrow the filter, or ask for "
                    "CSV");
    }
    for (std::size_t i = 0; i < row.values.size(); ++i) {
      VIGIL_RETURN_IF_ERROR(Put(next_row_, i, row.values[i]));
    }
    ++next_row_;
    return absl::OkStatus();
  }

  absl::Status Close() {
    EndSheet();
    return Checked(workbook_close(std::exchange(book_, nullptr)));
  }

 private:
  static constexpr double kHeadingHeight = 30;
  static constexpr double kTextWidth = 110;

  lxw_format* NewFormat(const char* number_format) {
    lxw_format* format = workbook_add_format(book_);
    format_set_border(format, LXW_BORDER_THIN);
    format_set_align(format, LXW_ALIGN_VERTICAL_TOP);
    if (number_format != nullptr) format_set_num_format(format, number_format);
    return format;
  }

  void MakeFormats() {
    text_format_ = NewFormat(nullptr);
    format_set_text_wrap(text_format_);
    number_format_ = NewFormat(nullptr);
    date_format_ = NewFormat("yyyy-mm-dd");
    instant_format_ = NewFormat("yyyy-mm-dd hh:mm");
    heading_format_ = NewFormat(nullptr);
    format_set_text_wrap(heading_format_);
    format_set_bold(heading_format_);
    format_set_align(heading_format_, LXW_ALIGN_CENTER);
    format_set_align(heading_format_, LXW_ALIGN_VERTICAL_CENTER);
    format_set_bg_color(heading_format_, kHeadingFill);
    plain_format_ = workbook_add_format(book_);
    format_set_text_wrap(plain_format_);
  }

  absl::Status AddSheet(std::string_view title) {
    sheet_ = workbook_add_worksheet(book_, SheetName(title).c_str());
    // Two titles that begin alike: the library's own name does.
    if (sheet_ == nullptr) sheet_ = workbook_add_worksheet(book_, nullptr);
    if (sheet_ == nullptr) return Failed(LXW_ERROR_CREATING_TMPFILE);
    worksheet_set_paper(sheet_, kPaperA4);
    worksheet_fit_to_pages(sheet_, 1, 0);
    worksheet_set_margins(sheet_, 0.4, 0.4, 0.75, 0.6);
    // "&" begins a code there.
    std::string title_text;
    for (const char c : heading_.title) title_text += c == '&' ? "&&" : std::string(1, c);
    VIGIL_RETURN_IF_ERROR(
        Checked(worksheet_set_header(sheet_, absl::StrCat("&C&14", title_text).c_str())));
    const std::string footer = absl::StrCat(
        "&L", absl::FormatTime("%Y-%m-%d %H:%M", heading_.made_at, heading_.zone), "&R&P / &N");
    return Checked(worksheet_set_footer(sheet_, footer.c_str()));
  }

  absl::Status AddTextSheet() {
    VIGIL_RETURN_IF_ERROR(AddSheet(heading_.title));
    VIGIL_RETURN_IF_ERROR(Checked(worksheet_set_column(sheet_, 0, 0, kTextWidth, nullptr)));
    columns_.clear();
    lxw_row_t row = 0;
    for (const std::string& paragraph : heading_.paragraphs) {
      VIGIL_RETURN_IF_ERROR(PutText(row++, 0, paragraph, plain_format_));
    }
    return absl::OkStatus();
  }

  void EndSheet() {
    if (sheet_ == nullptr || columns_.empty()) return;
    worksheet_autofilter(sheet_, 0, 0, next_row_ - 1, static_cast<lxw_col_t>(columns_.size() - 1));
    sheet_ = nullptr;
  }

  absl::Status PutText(lxw_row_t row, std::size_t at, std::string_view text, lxw_format* format) {
    return Checked(worksheet_write_string(sheet_, row, static_cast<lxw_col_t>(at),
                                          Cell(text, kCellCharactersMax).c_str(), format));
  }

  absl::Status Put(lxw_row_t row, std::size_t at, const Value& value) {
    const auto column = static_cast<lxw_col_t>(at);
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      return Checked(worksheet_write_number(sheet_, row, column, static_cast<double>(*number),
                                            number_format_));
    }
    if (const auto* real = std::get_if<double>(&value)) {
      return Checked(worksheet_write_number(sheet_, row, column, *real, number_format_));
    }
    if (const auto* day = std::get_if<absl::CivilDay>(&value)) {
      lxw_datetime time = ToDateTime(absl::CivilSecond(*day));
      return Checked(worksheet_write_datetime(sheet_, row, column, &time, date_format_));
    }
    if (const auto* instant = std::get_if<absl::Time>(&value)) {
      lxw_datetime time = ToDateTime(absl::ToCivilSecond(*instant, heading_.zone));
      return Checked(worksheet_write_datetime(sheet_, row, column, &time, instant_format_));
    }
    const std::string text = TextOf(value, heading_.language, heading_.zone);
    if (text.empty()) return Checked(worksheet_write_blank(sheet_, row, column, text_format_));
    return PutText(row, at, text, text_format_);
  }

  Heading heading_;
  const std::string path_;
  std::string directory_;
  std::string author_ = "Vigil";
  lxw_workbook* book_ = nullptr;
  lxw_worksheet* sheet_ = nullptr;
  std::vector<Column> columns_;
  lxw_row_t next_row_ = 1;
  lxw_format* text_format_ = nullptr;
  lxw_format* number_format_ = nullptr;
  lxw_format* date_format_ = nullptr;
  lxw_format* instant_format_ = nullptr;
  lxw_format* heading_format_ = nullptr;
  lxw_format* plain_format_ = nullptr;
};

XlsxWriter::XlsxWriter(ByteSink& sink, FileSystem& files, std::string path)
    : sink_(sink), files_(files), path_(std::move(path)) {}

XlsxWriter::~XlsxWriter() {
  workbook_.reset();
  files_.Remove(path_).IgnoreError();
}

absl::Status XlsxWriter::Begin(const Heading& heading) {
  workbook_ = std::make_unique<Workbook>(heading, path_);
  return workbook_->Begin();
}

absl::Status XlsxWriter::BeginSection(const Section& section) {
  return workbook_->BeginSection(section);
}

absl::Status XlsxWriter::Add(const Row& row) { return workbook_->Add(row); }

absl::Status XlsxWriter::End() {
  VIGIL_RETURN_IF_ERROR(workbook_->Close());
  std::int64_t offset = 0;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const std::string chunk, files_.ReadRange(path_, offset, kChunkBytes));
    if (chunk.empty()) return absl::OkStatus();
    offset += static_cast<std::int64_t>(chunk.size());
    VIGIL_RETURN_IF_ERROR(sink_.Write(chunk));
  }
}

}  // namespace vigil::report
