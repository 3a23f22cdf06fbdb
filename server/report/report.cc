#include "server/report/report.h"

#include <memory>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/report/csv_writer.h"
#include "server/report/document.h"
#include "server/report/html_writer.h"
#include "server/report/json_writer.h"
#include "server/report/reports.h"
#include "server/report/xlsx_writer.h"
#include "sync/base/status.h"
#include "sync/rules/reason.h"

namespace vigil::report {
namespace {

using rules::Refuse;

struct KindName {
  v1::ReportKind kind;
  std::string_view name;
};
constexpr KindName kKinds[] = {
    {v1::REPORT_KIND_HAZARDS, "hazards"},
    {v1::REPORT_KIND_SUPERVISION, "supervision"},
    {v1::REPORT_KIND_STATS, "stats"},
    {v1::REPORT_KIND_BULLETIN, "bulletin"},
    {v1::REPORT_KIND_SUPERVISION_NOTICE, "supervision-notice"},
    {v1::REPORT_KIND_RECTIFICATION_NOTICE, "rectification-notice"},
    {v1::REPORT_KIND_SUPERVISION_LETTER, "supervision-letter"},
    {v1::REPORT_KIND_INSPECTION_RECORD, "inspection-record"},
    {v1::REPORT_KIND_BULLETIN_NOTICE, "bulletin-notice"},
};

struct FormatName {
  v1::ReportFormat format;
  std::string_view extension;
  std::string_view media_type;
};
constexpr FormatName kFormats[] = {
    {v1::REPORT_FORMAT_XLSX, "xlsx",
     "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {v1::REPORT_FORMAT_CSV, "csv", "text/csv; charset=utf-8"},
    {v1::REPORT_FORMAT_GEOJSON, "geojson", "application/geo+json"},
    {v1::REPORT_FORMAT_HTML, "html", "text/html; charset=utf-8"},
    {v1::REPORT_FORMAT_JSON, "json", "application/json"},
};

v1::ReportFormat FormatOf(const v1::ExportReportRequest& request) {
  return IsDocument(request.kind()) ? v1::REPORT_FORMAT_HTML : request.format();
}

bool IsPossible(v1::ReportKind kind, v1::ReportFormat format) {
  const bool is_ledger = kind == v1::REPORT_KIND_HAZARDS || kind == v1::REPORT_KIND_SUPERVISION;
  return format != v1::REPORT_FORMAT_GEOJSON || is_ledger;
}

std::unique_ptr<TableWriter> MakeWriter(const v1::ExportReportRequest& request, Context& context,
                                        ByteSink& sink) {
  switch (request.format()) {
    case v1::REPORT_FORMAT_XLSX:
      return std::make_unique<XlsxWriter>(sink, context.files, context.scratch_path);
    case v1::REPORT_FORMAT_CSV:
      return std::make_unique<CsvWriter>(sink, request.byte_order_mark());
    case v1::REPORT_FORMAT_GEOJSON:
      return std::make_unique<GeoJsonWriter>(sink);
    case v1::REPORT_FORMAT_HTML:
      return std::make_unique<HtmlWriter>(sink);
    default:
      return std::make_unique<JsonWriter>(sink);
  }
}

// Counts what passes.
class Counting final : public TableWriter {
 public:
  explicit Counting(TableWriter& writer) : writer_(writer) {}

  absl::Status Begin(const Heading& heading) override { return writer_.Begin(heading); }
  absl::Status BeginSection(const Section& section) override {
    return writer_.BeginSection(section);
  }
  absl::Status Add(const Row& row) override {
    ++rows_;
    return writer_.Add(row);
  }
  absl::Status End() override { return writer_.End(); }

  std::int64_t rows() const { return rows_; }

 private:
  TableWriter& writer_;
  std::int64_t rows_ = 0;
};

absl::Status WriteTables(Task task) {
  switch (task.request.kind()) {
    case v1::REPORT_KIND_HAZARDS:
      return task.request.format() == v1::REPORT_FORMAT_CSV ? WriteHazardRecords(std::move(task))
                                                            : WriteHazards(std::move(task));
    case v1::REPORT_KIND_SUPERVISION:
      return WriteSupervision(std::move(task));
    case v1::REPORT_KIND_STATS:
      return WriteStats(std::move(task));
    default:
      return WriteBulletin(std::move(task));
  }
}

}  // namespace

absl::StatusOr<v1::ReportFile> Describe(const v1::ExportReportRequest& request) {
  std::string_view name;
  for (const KindName& kind : kKinds) {
    if (kind.kind == request.kind()) name = kind.name;
  }
  if (name.empty()) {
    return Refuse(v1::REASON_INVALID_VALUE, "there is no such report").With("field", "kind");
  }
  if (IsDocument(request.kind()) && request.record().empty()) {
    return Refuse(v1::REASON_REQUIRED_FIELD_MISSING, "of which record is the document to be?")
        .With("field", "record");
  }
  for (const FormatName& format : kFormats) {
    if (format.format != FormatOf(request) || !IsPossible(request.kind(), format.format)) continue;
    v1::ReportFile file;
    file.set_name(absl::StrCat(ToAbsl(name), ".", ToAbsl(format.extension)));
    file.set_media_type(std::string(format.media_type));
    return file;
  }
  return Refuse(v1::REASON_INVALID_VALUE,
                absl::StrCat("the report ", ToAbsl(name), " does not come in this format"))
      .With("field", "format");
}

absl::StatusOr<std::int64_t> Write(const v1::ExportReportRequest& request, Context& context,
                                   ByteSink& sink) {
  Records records(context.snapshot);
  if (IsDocument(request.kind())) {
    VIGIL_ASSIGN_OR_RETURN(const std::string page, RenderDocument(request, context, records));
    VIGIL_RETURN_IF_ERROR(sink.Write(page));
    return 1;
  }
  VIGIL_ASSIGN_OR_RETURN(const store::Head head, context.snapshot.GetHead());
  Heading heading;
  // Programs get the same words whoever asks.
  const bool is_for_programs =
      request.format() == v1::REPORT_FORMAT_JSON || request.format() == v1::REPORT_FORMAT_GEOJSON;
  heading.language = is_for_programs || request.language() == v1::REPORT_LANGUAGE_ENGLISH
                         ? Language::kEnglish
                         : Language::kChinese;
  heading.zone = context.zone;
  heading.made_at = context.now;
  heading.seq = head.seq.value();
  const std::unique_ptr<TableWriter> writer = MakeWriter(request, context, sink);
  Counting counting(*writer);
  VIGIL_RETURN_IF_ERROR(WriteTables({.request = request,
                                     .context = context,
                                     .records = records,
                                     .writer = counting,
                                     .heading = std::move(heading)}));
  return counting.rows();
}

}  // namespace vigil::report
