#include "tests/support/test_phone.h"

#include <optional>
#include <utility>

#include "google/protobuf/util/time_util.h"
#include "sync/base/check.h"
#include "sync/base/ids.h"

namespace vigil::testing {

v1::Date SomeDay() {
  v1::Date day;
  day.set_year(2017);
  day.set_month(9);
  day.set_day(30);
  return day;
}

TestPhone::TestPhone(SimServer& server, const Actor& actor, const Options& options)
    : server_(server),
      actor_(actor),
      vfs_(options.vfs),
      path_(vfs_.empty() ? directory_.File("phone.db") : "phone-" + actor.author.device + ".db"),
      random_(options.seed),
      clock_(server.executor().clock(), options.clock_error),
      transport_(server, actor) {
  Restart();
  const absl::Status status = replica_->Initialise({actor.author.device, actor.author.person});
  VIGIL_CHECK(status.ok()) << status.ToString();
}

TestPhone::~TestPhone() = default;

absl::Status TestPhone::TryOpen() {
  replica_.reset();
  auto opened = replica::Replica::Open(path_, {.vfs = vfs_}, clock_, random_);
  if (!opened.ok()) return opened.status();
  replica_ = *std::move(opened);
  return absl::OkStatus();
}

void TestPhone::Restart() {
  const absl::Status status = TryOpen();
  VIGIL_CHECK(status.ok()) << status.ToString();
}

engine::Session::Parts TestPhone::parts() {
  return {*replica_, transport_, server_.executor(), *actor_.key,
          server_.base().key().public_key()};
}

std::shared_ptr<engine::Session> TestPhone::StartSync(engine::Session::Done done) {
  engine::Session::Options options;
  options.client = "test/1";
  return engine::Session::Start(parts(), std::move(options), std::move(done));
}

engine::SessionReport TestPhone::Sync() { return Sync(engine::Tuning()); }

engine::SessionReport TestPhone::Sync(const engine::Tuning& tuning) {
  std::optional<engine::SessionReport> report;
  engine::Session::Options options;
  options.tuning = tuning;
  options.client = "test/1";
  const auto session = engine::Session::Start(
      parts(), std::move(options), [&](const engine::SessionReport& done) { report = done; });
  server_.executor().RunUntilDone([&] { return report.has_value(); });
  VIGIL_CHECK(report.has_value()) << "the session never ended";
  return *report;
}

engine::SessionReport TestPhone::MustSync() {
  const engine::SessionReport report = Sync();
  VIGIL_CHECK(report.status.ok()) << report.status.ToString();
  VIGIL_CHECK(report.digest_equal) << "the digests differ";
  return report;
}

std::string TestPhone::NewId() { return MakeUuidV7(clock_.Now(), random_).ToString(); }

v1::Operation TestPhone::MustMake(v1::Operation operation) {
  auto made = replica_->Make(std::move(operation));
  VIGIL_CHECK(made.ok()) << made.status().ToString();
  return made->operation;
}

std::string TestPhone::Report(std::string_view risk_source, std::string_view description) {
  v1::Operation operation;
  v1::ReportHazard& report = *operation.mutable_report_hazard();
  report.set_hazard_id(NewId());
  report.mutable_hazard()->set_risk_source(std::string(risk_source));
  report.mutable_hazard()->set_description(std::string(description));
  *report.mutable_hazard()->mutable_found_at() =
      google::protobuf::util::TimeUtil::MillisecondsToTimestamp(absl::ToUnixMillis(now()));
  return MustMake(std::move(operation)).report_hazard().hazard_id();
}

v1::Operation TestPhone::Describe(std::string_view hazard, std::string_view description) {
  v1::Operation operation;
  v1::EditRecord& edit = *operation.mutable_edit_record();
  edit.set_record(std::string(hazard));
  edit.mutable_entity()->mutable_hazard()->set_description(std::string(description));
  edit.mutable_update_mask()->add_paths("description");
  return MustMake(std::move(operation));
}

v1::Operation TestPhone::RaiseGrade(std::string_view hazard, v1::HazardGrade grade) {
  v1::Operation operation;
  v1::EditRecord& edit = *operation.mutable_edit_record();
  edit.set_record(std::string(hazard));
  edit.mutable_entity()->mutable_hazard()->set_grade(grade);
  edit.mutable_update_mask()->add_paths("grade");
  return MustMake(std::move(operation));
}

replica::RecordView TestPhone::View(std::string_view record) {
  auto view = replica_->Find(record);
  VIGIL_CHECK(view.ok()) << view.status().ToString();
  VIGIL_CHECK(view->has_value()) << "no record " << record;
  return **std::move(view);
}

}  // namespace vigil::testing
