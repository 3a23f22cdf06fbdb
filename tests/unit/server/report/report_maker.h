#ifndef VIGIL_TESTS_UNIT_SERVER_REPORT_REPORT_MAKER_H_
#define VIGIL_TESTS_UNIT_SERVER_REPORT_REPORT_MAKER_H_

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "gtest/gtest.h"
#include "server/report/report.h"
#include "sync/base/file.h"
#include "sync/base/random.h"
#include "sync/base/status.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_register.h"

// Reports of a small register, as text.

namespace vigil::report {

class StringSink final : public ByteSink {
 public:
  absl::Status Write(std::string_view bytes) override {
    text += bytes;
    largest = std::max(largest, bytes.size());
    return text.size() > bytes_max ? absl::CancelledError("enough") : absl::OkStatus();
  }

  std::string text;
  std::size_t largest = 0;
  std::size_t bytes_max = std::string::npos;
};

class ReportTest : public ::testing::Test {
 protected:
  // Whoever sees all.
  absl::StatusOr<std::int64_t> Make(const v1::ExportReportRequest& request, StringSink& sink) {
    VIGIL_ASSIGN_OR_RETURN(const auto snapshot, reg_.store().Read());
    Context context{.snapshot = *snapshot,
                    .scope = scope_,
                    .sees = [this](const Uuid& id) { return sees_(id); },
                    .zone = absl::FixedTimeZone(8 * 60 * 60),
                    .now = reg_.target().Now(),
                    .files = files_,
                    .scratch_path = directory_.path() + "/scratch.xlsx"};
    VIGIL_RETURN_IF_ERROR(Describe(request));
    return Write(request, context, sink);
  }
  std::string Text(const v1::ExportReportRequest& request) {
    StringSink sink;
    EXPECT_THAT(Make(request, sink), vigil::testing::IsOk());
    return sink.text;
  }
  static v1::ExportReportRequest Request(
      v1::ReportKind kind, v1::ReportFormat format,
      v1::ReportLanguage language = v1::REPORT_LANGUAGE_ENGLISH) {
    v1::ExportReportRequest request;
    request.set_kind(kind);
    request.set_format(format);
    request.set_language(language);
    return request;
  }

  // Takes a record in as an import does; its id.
  std::string Import(v1::Entity entity) {
    const std::string id = reg_.NewId();
    v1::Operation operation = reg_.Begin(reg_.importer);
    operation.mutable_import_record()->set_record(id);
    *operation.mutable_import_record()->mutable_entity() = std::move(entity);
    const v1::Outcome outcome = reg_.Submit(reg_.importer, operation);
    EXPECT_EQ(outcome.verdict(), v1::VERDICT_APPLIED) << outcome.ShortDebugString();
    return id;
  }
  // The first second of a day, in the register's zone.
  static google::protobuf::Timestamp At(const absl::CivilDay& day) {
    google::protobuf::Timestamp time;
    time.set_seconds(absl::ToUnixSeconds(absl::FromCivil(day, absl::FixedTimeZone(8 * 60 * 60))));
    return time;
  }
  static v1::Date DateOf(const absl::CivilDay& day) {
    v1::Date date;
    date.set_year(static_cast<std::int32_t>(day.year()));
    date.set_month(day.month());
    date.set_day(day.day());
    return date;
  }
  v1::Hazard HazardOf(std::string_view number, const std::string& source) {
    v1::Hazard hazard;
    hazard.set_number(std::string(number));
    hazard.set_risk_source(source);
    hazard.set_responsible_unit(reg_.unit);
    hazard.set_description("crack above the path");
    hazard.set_grade(v1::HAZARD_GRADE_GENERAL);
    hazard.set_status(v1::HAZARD_STATUS_RECTIFYING);
    *hazard.mutable_found_at() = At(absl::CivilDay(2017, 3, 1));
    *hazard.mutable_due_date() = DateOf(absl::CivilDay(2017, 4, 1));
    return hazard;
  }
  std::string ImportHazard(const v1::Hazard& hazard) {
    v1::Entity entity;
    *entity.mutable_hazard() = hazard;
    return Import(std::move(entity));
  }

  vigil::testing::TestRegister reg_;
  vigil::testing::TempDir directory_;
  PosixFileSystem files_;
  store::RecordScope scope_ = store::RecordScope::Everything();
  std::function<bool(const Uuid&)> sees_ = [](const Uuid&) { return true; };
};

}  // namespace vigil::report

#endif  // VIGIL_TESTS_UNIT_SERVER_REPORT_REPORT_MAKER_H_
