#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>

#include "absl/strings/match.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/time_util.h"
#include "server/escalation/deadline_pass.h"
#include "server/escalation/escalation_clock.h"
#include "server/service/import_job.h"
#include "sync/base/check.h"
#include "sync/base/file.h"
#include "sync/base/status.h"
#include "sync/rules/record.h"
#include "tests/support/test_register.h"

// simulated_year DATA LADDER WORKING_DAYS: takes the data in on the day of the notice, lets a year
// pass in which nobody does anything and for three weeks the server is down, and prints what the
// escalation clock fired, one line each: step, key of what it is about, date that it waited for,
// day on which it fell due, day on which it fired, "past" or "new".

namespace vigil::testing {
namespace {

constexpr std::size_t kFileBytesMax = 16 * 1024 * 1024;

template <typename Message>
Message ReadText(FileSystem& files, const std::string& path) {
  Message message;
  const absl::StatusOr<std::string> text = files.Read(path, kFileBytesMax);
  VIGIL_CHECK(text.ok()) << text.status().ToString();
  VIGIL_CHECK(google::protobuf::TextFormat::ParseFromString(*text, &message)) << path;
  return message;
}

void Import(TestRegister& reg, FileSystem& files, const std::string& directory) {
  SeededRandom random(7);
  bool applied = false;
  auto job = std::make_shared<service::ImportJob>(
      reg.target(), random, reg.importer.author,
      service::ImportJob::Sink{
          .emit =
              [&](const v1::ImportResponse& said) {
                VIGIL_CHECK(!said.has_problem()) << said.problem().ShortDebugString();
                if (said.has_summary()) applied = said.summary().applied();
              },
          .done = [](const absl::Status& status) { VIGIL_CHECK(status.ok()); }});
  const absl::StatusOr<std::vector<std::string>> names = files.List(directory);
  VIGIL_CHECK(names.ok()) << names.status().ToString();
  for (const std::string& name : *names) {
    if (!absl::EndsWith(name, ".csv")) continue;
    v1::ImportFile part;
    part.set_name(name);
    part.set_content(*files.Read(JoinPath(directory, name), kFileBytesMax));
    const absl::Status added = job->AddPart(part);
    VIGIL_CHECK(added.ok()) << added.ToString();
  }
  job->Run();
  reg.executor().RunUntilIdle();
  VIGIL_CHECK(applied) << "the data was not taken in";
}

void Print(TestRegister& reg) {
  const absl::TimeZone zone = reg.target().zone();
  const auto day = [&](const google::protobuf::Timestamp& time) {
    return FormatDay(
        DayAt(FromMicros(google::protobuf::util::TimeUtil::TimestampToMicroseconds(time)), zone));
  };
  auto snapshot = reg.store().Read();
  VIGIL_CHECK(snapshot.ok());
  std::string token;
  do {
    auto page = (*snapshot)->Records(v1::Entity::kEscalation, Uuid(), 1000, token,
                                     store::RecordScope::Everything());
    VIGIL_CHECK(page.ok());
    for (const store::StoredRecord& stored : page->records) {
      v1::Record record;
      VIGIL_CHECK(record.ParseFromString(stored.bytes));
      const v1::Escalation& fired = record.entity().escalation();
      const std::string& version = fired.due_version();
      std::cout << v1::EscalationStep_Name(fired.step()) << '\t'
                << rules::KeyOf(reg.Find(fired.item())) << '\t'
                << version.substr(0, version.find('@')) << '\t' << day(fired.fell_due_at()) << '\t'
                << day(fired.fired_at()) << '\t' << (fired.past() ? "past" : "new") << '\n';
    }
    token = page->next_page_token;
  } while (!token.empty());
}

void LetDaysPass(TestRegister& reg, escalation::EscalationClock& clock, int days) {
  for (int i = 0; i < days; ++i) {
    reg.executor().RunFor(absl::Hours(24));
    clock.Tick([](const absl::StatusOr<std::int64_t>& fired) { VIGIL_CHECK(fired.ok()); });
    reg.executor().RunUntilIdle();
  }
}

int Run(const std::string& data, const std::string& ladder, const std::string& working_days) {
  PosixFileSystem files;
  TestRegister::Options options;
  options.ladder = ReadText<v1::Ladder>(files, ladder);
  options.working_days = ReadText<v1::WorkingDayLists>(files, working_days);
  options.sites = false;
  TestRegister reg(options);
  Import(reg, files, data);
  escalation::EscalationClock clock(reg.target(), reg.executor(), {});
  LetDaysPass(reg, clock, 200);
  reg.executor().RunFor(absl::Hours(24 * 21));
  LetDaysPass(reg, clock, 144);
  Print(reg);
  return 0;
}

}  // namespace
}  // namespace vigil::testing

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: simulated_year DATA LADDER WORKING_DAYS\n";
    return 2;
  }
  return vigil::testing::Run(argv[1], argv[2], argv[3]);
}
