#include "tests/bench/seed.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "sync/base/status.h"
#include "sync/transport/access_client.h"
#include "sync/transport/new_access.h"
#include "sync/transport/office_client.h"
#include "tests/bench/pull_load.h"

namespace vigil::bench {
namespace {

constexpr char kPassword[] = "only for measuring";
constexpr int kUnits = 50;
constexpr int kSourcesOfTheNotice = 900;
// An import is one transaction, and all of it is in memory.
constexpr int kRowsPerImport = 10'000;

std::string UnitCode(int i) { return absl::StrFormat("SITE-%02d", i % kUnits + 1); }
std::string SourceCode(int i) { return absl::StrFormat("RS-%06d", i + 1); }
std::string InspectorCode(int i) { return absl::StrFormat("inspector-%03d", i + 1); }

std::string Units() {
  std::string text =
      "code,name,kind,parent_unit\n"
      "BUREAU,市城市管理局,bureau,\n"
      "DEP-SL,公园边坡监管处,industry_department,BUREAU\n";
  for (int i = 0; i < kUnits; ++i) {
    absl::StrAppendFormat(&text, "%s,责任单位%02d,responsible_unit,BUREAU\n", UnitCode(i), i + 1);
  }
  return text;
}

std::string Persons(int inspectors) {
  std::string text = "code,name,unit,roles\noffice-01,安全办01,BUREAU,safety_office@BUREAU\n";
  for (int i = 0; i < inspectors; ++i) {
    absl::StrAppendFormat(&text, "%s,巡查员%03d,BUREAU,inspector@BUREAU\n", InspectorCode(i),
                          i + 1);
  }
  return text;
}

std::string Sources(int begin, int end) {
  std::string text =
      "code,name,site_type,industry_department,position_latitude,position_longitude,"
      "position_accuracy_m,position_datum,level,responsible_unit\n";
  for (int i = begin; i < end; ++i) {
    absl::StrAppendFormat(&text,
                          "%s,%06d号边坡：环山路西侧挡土墙及其上部堆体,park_slope,DEP-SL,22.5%05d,"
                          "114.1%05d,5,wgs84,yellow,%s\n",
                          SourceCode(i), i + 1, i % 100'000, i * 7 % 100'000, UnitCode(i));
  }
  return text;
}

// Found lately and due in a year: nothing of them waits for anybody yet.
std::string Hazards(int begin, int end, int sources) {
  const absl::TimeZone zone = absl::FixedTimeZone(8 * 3600);
  const absl::CivilDay today = absl::ToCivilDay(absl::Now(), zone);
  std::string text =
      "number,risk_source,description,category,origin,grade,found_at,confirmed_at,due_date,"
      "responsible_unit,supervising_unit,suspension,status\n";
  for (int i = begin; i < end; ++i) {
    const absl::CivilDay due = today + 300 + i % 60;
    absl::StrAppendFormat(
        &text,
        "YH-%06d,%s,坡顶截水沟堵塞约%d米，雨后坡面有冲沟，坡脚步道未围护,边坡,inspection,general,"
        "%sT09:30:00+08:00,%sT16:00:00+08:00,%s,%s,DEP-SL,none,rectifying\n",
        i + 1, SourceCode(i % sources), i % 40 + 1, absl::FormatCivilTime(today - 2),
        absl::FormatCivilTime(today - 1), absl::FormatCivilTime(due), UnitCode(i % sources));
  }
  return text;
}

v1::ImportFile File(const std::string& name, std::string content) {
  v1::ImportFile file;
  file.set_name(name);
  file.set_content(std::move(content));
  return file;
}

absl::Status Import(transport::OfficeClient& office, const std::vector<v1::ImportFile>& files) {
  std::string fault;
  bool applied = false;
  VIGIL_RETURN_IF_ERROR(office.Import({}, files, [&](const v1::ImportResponse& response) {
    if (response.has_problem() && !response.problem().warning()) {
      fault = response.problem().ShortDebugString();
    }
    if (response.has_summary()) applied = response.summary().applied();
  }));
  if (applied) return absl::OkStatus();
  return Error(absl::StatusCode::kInternal, absl::StrCat("the import was not applied: ", fault));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Seed>> Seed::Make(const SeedSpec& spec, const std::string& directory,
                                                 const Say& say) {
  auto seed = std::unique_ptr<Seed>(new Seed(directory));
  VIGIL_RETURN_IF_ERROR(seed->Fill(spec, say));
  return seed;
}

absl::Status Seed::CopyTo(const std::string& data_dir) const {
  std::error_code error;
  std::filesystem::remove_all(data_dir, error);
  std::filesystem::copy(this->data_dir(), data_dir, std::filesystem::copy_options::recursive,
                        error);
  if (!error) return absl::OkStatus();
  return Error(absl::StatusCode::kUnavailable,
               absl::StrCat("cannot copy the register: ", error.message()));
}

std::int64_t Seed::stored_bytes() const {
  std::int64_t bytes = 0;
  for (const std::string& record : stored_) bytes += static_cast<std::int64_t>(record.size());
  return bytes;
}

absl::Status Seed::Fill(const SeedSpec& spec, const Say& say) {
  VIGIL_ASSIGN_OR_RETURN(const std::unique_ptr<Server> server, Server::StartVigild(data_dir()));
  VIGIL_ASSIGN_OR_RETURN(std::string code,
                         files_.Read(JoinPath(data_dir(), "first-administrator.code"), 4096));
  code.erase(code.find_last_not_of('\n') + 1);
  VIGIL_ASSIGN_OR_RETURN(const auto calls, transport::AccessClient::Make(server->connection()));
  v1::SetPasswordRequest password;
  password.set_person_code("admin");
  password.set_code(code);
  password.set_new_password(kPassword);
  VIGIL_RETURN_IF_ERROR(calls->SetPassword(password).status());
  office_place_ = JoinPath(directory_, "office");
  VIGIL_RETURN_IF_ERROR(transport::SignInAtOffice(parts(), office_place_,
                                                  {.person_code = "admin", .password = kPassword},
                                                  *calls)
                            .status());
  VIGIL_ASSIGN_OR_RETURN(auto access, transport::ProgramAccess::Open(parts(), office_place_));
  VIGIL_ASSIGN_OR_RETURN(const auto office,
                         transport::OfficeClient::Make(
                             {.connection = server->connection(), .access = std::move(access)}));

  const int sources = spec.hazards_only ? kSourcesOfTheNotice : spec.records * 900 / 1270;
  const int hazards = spec.hazards_only ? spec.records : spec.records - sources;
  VIGIL_RETURN_IF_ERROR(
      Import(*office, {File("org_units.csv", Units()), File("persons.csv", Persons(spec.phones))}));
  for (int i = 0; i < sources; i += kRowsPerImport) {
    VIGIL_RETURN_IF_ERROR(Import(
        *office, {File("risk_sources.csv", Sources(i, std::min(i + kRowsPerImport, sources)))}));
    say(absl::StrCat("filling a register: ", std::min(i + kRowsPerImport, sources), " of ",
                     sources + hazards, " records"));
  }
  for (int i = 0; i < hazards; i += kRowsPerImport) {
    const int end = std::min(i + kRowsPerImport, hazards);
    VIGIL_RETURN_IF_ERROR(Import(*office, {File("hazards.csv", Hazards(i, end, sources))}));
    say(absl::StrCat("filling a register: ", sources + end, " of ", sources + hazards, " records"));
  }
  for (int i = 0; i < spec.phones; ++i) {
    v1::InviteRequest invite;
    invite.set_person(InspectorCode(i));
    invite.set_kind(v1::DEVICE_KIND_PHONE);
    VIGIL_ASSIGN_OR_RETURN(const v1::InviteResponse invited, office->Invite(invite));
    const std::string place = JoinPath(directory_, absl::StrCat("phone-", i + 1));
    VIGIL_RETURN_IF_ERROR(
        transport::EnrolPhone(parts(), place, {.code = invited.code()}, *calls).status());
    VIGIL_ASSIGN_OR_RETURN(phones_.emplace_back(), transport::ProgramAccess::Open(parts(), place));
    // A slow answer leaves a phone's idea of the register's time behind, perhaps before the start
    // of the next server, which takes no proof of then. A phone would be told, and go on.
    phones_.back()->CorrectClock(absl::Now());
  }
  VIGIL_RETURN_IF_ERROR(Learn(*server));
  return server->Stop();
}

// What a phone that has just synchronised knows.
absl::Status Seed::Learn(Server& server) {
  VIGIL_ASSIGN_OR_RETURN(const Pulled pulled, PullAll(server, phones_.front().get(), {}));
  stored_ = pulled.records;
  seq_ = pulled.seq;
  epoch_ = pulled.epoch;
  for (const std::string& bytes : stored_) {
    v1::Record record;
    if (!record.ParseFromString(bytes)) return absl::DataLossError("a record cannot be read");
    if (!record.entity().has_hazard() && !record.entity().has_risk_source()) continue;
    records_.push_back({.id = record.id(),
                        .version = record.version(),
                        .is_hazard = record.entity().has_hazard()});
  }
  return absl::OkStatus();
}

}  // namespace vigil::bench
