#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "server/escalation/escalation_clock.h"
#include "server/register/register.h"
#include "server/store/sqlite_store.h"
#include "sync/base/loop_executor.h"
#include "sync/base/status.h"
#include "sync/rules/work_calendar.h"
#include "sync/sqlite/database.h"
#include "sync/transport/office_client.h"
#include "tests/bench/bench.h"
#include "tests/bench/process_figures.h"

// What the office and the escalation clock ask of a large register. The first two are measured
// within one process, over the register's file: beside them a call's transport would be all.

namespace vigil::bench {
namespace {

constexpr int kHazards = 100'000;

absl::StatusOr<Seed*> HazardsOf(Bench& bench, int hazards) {
  return bench.SeedOf({.records = hazards, .hazards_only = true, .phones = 1});
}

// The register's file in a directory of its own, and a connection of SQLite's beside it.
struct OpenFile {
  std::unique_ptr<store::SqliteRegisterStore> store;
  std::optional<sqlite::Database> raw;
};

absl::StatusOr<OpenFile> OpenCopy(Bench& bench, const Seed& seed, PosixFileSystem& files) {
  VIGIL_ASSIGN_OR_RETURN(const std::string directory, bench.FreshDirectory("office"));
  const std::string data_dir = JoinPath(directory, "reg");
  VIGIL_RETURN_IF_ERROR(seed.CopyTo(data_dir));
  const std::string path = JoinPath(data_dir, "register.db");
  OpenFile file;
  store::SqliteStoreOptions options;
  options.check_file = false;
  options.files = &files;
  VIGIL_ASSIGN_OR_RETURN(file.store, store::SqliteRegisterStore::Open(path, options));
  VIGIL_ASSIGN_OR_RETURN(sqlite::Database raw,
                         sqlite::Database::Open(path, {.mode = sqlite::OpenOptions::Mode::kReadOnly,
                                                       .vfs = "unix-excl"}));
  file.raw.emplace(std::move(raw));
  return file;
}

template <typename Work>
absl::StatusOr<double> MicrosOf(const Work& work) {
  const absl::Time start = absl::Now();
  VIGIL_RETURN_IF_ERROR(work());
  return absl::ToDoubleMicroseconds(absl::Now() - start);
}

absl::Status Exhaust(sqlite::Statement& read, int& rows) {
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
    if (!found) return absl::OkStatus();
    ++rows;
  }
}

// --- The escalation clock ------------------------------------------------------------------------

constexpr char kRawDue[] = R"sql(
SELECT id, next_step_at FROM hazard WHERE next_step_at <= ?1 ORDER BY next_step_at, id LIMIT 2000
)sql";

absl::Status EscalationTick(Bench& bench) {
  VIGIL_ASSIGN_OR_RETURN(Seed * seed, HazardsOf(bench, bench.Sized(kHazards)));
  PosixFileSystem files;
  VIGIL_ASSIGN_OR_RETURN(OpenFile file, OpenCopy(bench, *seed, files));
  const SystemClock clock;
  LoopExecutor executor(clock);
  registry::Register target(*file.store, executor, {});
  escalation::EscalationClock escalation(target, executor, {});
  const auto tick = [&]() -> absl::Status {
    std::optional<absl::StatusOr<std::int64_t>> fired;
    escalation.Tick([&](absl::StatusOr<std::int64_t> count) { fired = std::move(count); });
    executor.RunUntil([&] { return fired.has_value(); });
    VIGIL_RETURN_IF_ERROR(fired->status());
    return **fired == 0 ? absl::OkStatus() : absl::InternalError("something was due");
  };
  const auto read = [&]() -> absl::Status {
    VIGIL_ASSIGN_OR_RETURN(sqlite::Statement due, file.raw->Query(kRawDue));
    due.BindTime(1, clock.Now());
    int rows = 0;
    return Exhaust(due, rows);
  };
  return AddRepeated(bench, AtMost("escalation-tick", "µs (p50)", {.target = 3}), [&] {
    return MediansOf(200, [&]() -> absl::StatusOr<Measured> {
      VIGIL_ASSIGN_OR_RETURN(const double ticked, MicrosOf(tick));
      VIGIL_ASSIGN_OR_RETURN(const double raw, MicrosOf(read));
      return Measured{ticked, raw};
    });
  });
}

// --- The ledger ----------------------------------------------------------------------------------

struct LedgerCase {
  std::string name;
  v1::ListHazardsRequest request;
  // The same total, and the same rows in the same order.
  std::string count;
  std::string select;
};

// What one side found.
struct Found {
  int rows = 0;
  std::int64_t total = 0;
};

absl::Status ListOurs(OpenFile& file, const LedgerCase& asked, const v1::Date& today,
                      Found& found) {
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, file.store->Read());
  VIGIL_ASSIGN_OR_RETURN(const store::LedgerPage page,
                         snapshot->Hazards(asked.request, today, store::RecordScope::Everything()));
  found = {static_cast<int>(page.rows.size()), page.total};
  return absl::OkStatus();
}

absl::Status SelectRaw(OpenFile& file, const LedgerCase& asked, Found& found) {
  VIGIL_ASSIGN_OR_RETURN(sqlite::Statement count, file.raw->QueryText(asked.count));
  VIGIL_RETURN_IF_ERROR(count.Step().status());
  found.total = count.ColumnInt64(0);
  VIGIL_ASSIGN_OR_RETURN(sqlite::Statement select, file.raw->QueryText(asked.select));
  return Exhaust(select, found.rows);
}

absl::Status MeasureLedger(Bench& bench, OpenFile& file, const LedgerCase& asked,
                           const v1::Date& today) {
  return AddRepeated(bench, AtMost(asked.name, "ms (p50)", {.target = 3}), [&] {
    return MediansOf(30, [&]() -> absl::StatusOr<Measured> {
      Found ours;
      Found raw;
      VIGIL_ASSIGN_OR_RETURN(const double listed,
                             MicrosOf([&] { return ListOurs(file, asked, today, ours); }));
      VIGIL_ASSIGN_OR_RETURN(const double read,
                             MicrosOf([&] { return SelectRaw(file, asked, raw); }));
      if (ours.rows == 0 || ours.rows != raw.rows || ours.total != raw.total) {
        return Error(absl::StatusCode::kInternal,
                     absl::StrCat("the ledger has ", ours.rows, " rows of ", ours.total,
                                  ", the table ", raw.rows, " of ", raw.total));
      }
      return Measured{listed / 1000, read / 1000};
    });
  });
}

absl::Status LedgerQuery(Bench& bench) {
  VIGIL_ASSIGN_OR_RETURN(Seed * seed, HazardsOf(bench, bench.Sized(kHazards)));
  PosixFileSystem files;
  VIGIL_ASSIGN_OR_RETURN(OpenFile file, OpenCopy(bench, *seed, files));
  const v1::Date today =
      rules::ToDate(absl::ToCivilDay(absl::Now(), absl::FixedTimeZone(8 * 3600)));
  LedgerCase by_due{.name = "ledger-by-due", .request = {}, .count = {}, .select = {}};
  by_due.request.mutable_filter()->add_statuses(v1::HAZARD_STATUS_RECTIFYING);
  by_due.request.set_order_by("due_date");
  by_due.request.set_page_size(50);
  const std::string matching = absl::StrCat("FROM hazard WHERE status IN (",
                                            static_cast<int>(v1::HAZARD_STATUS_RECTIFYING), ")");
  by_due.count = absl::StrCat("SELECT count(*) ", matching);
  by_due.select = absl::StrCat("SELECT id, number, description, due_date, state_bytes ", matching,
                               " ORDER BY coalesce(due_date, '9999-12-31'), id LIMIT 50");
  return MeasureLedger(bench, file, by_due, today);
}

// --- A report ------------------------------------------------------------------------------------

constexpr absl::Duration kSettle = absl::Seconds(2);

absl::Status ExportHazards(transport::OfficeClient& office, v1::ReportFormat format, int hazards) {
  v1::ExportReportRequest request;
  request.set_kind(v1::REPORT_KIND_HAZARDS);
  request.set_format(format);
  std::int64_t rows = 0;
  VIGIL_RETURN_IF_ERROR(office.ExportReport(request, [&](const v1::ExportReportResponse& response) {
    if (response.has_file()) rows = response.file().rows();
    return true;
  }));
  if (rows >= hazards) return absl::OkStatus();
  return Error(absl::StatusCode::kInternal, absl::StrCat("the report has ", rows, " rows"));
}

// What vigild took in MiB, at its most, while it made the hazard ledger as a workbook: beside what
// it held after its start, when it has looked through the register and its caches are full.
absl::StatusOr<double> TakenByExport(Bench& bench, int hazards) {
  VIGIL_ASSIGN_OR_RETURN(Seed * seed, HazardsOf(bench, hazards));
  VIGIL_ASSIGN_OR_RETURN(const std::string directory, bench.FreshDirectory("export"));
  const std::string data_dir = JoinPath(directory, "reg");
  VIGIL_RETURN_IF_ERROR(seed->CopyTo(data_dir));
  // What is free goes back at once: what an earlier report used is not there for the next one.
  setenv("MALLOC_CONF", "dirty_decay_ms:0,muzzy_decay_ms:0", 1);
  auto started = Server::StartVigild(data_dir);
  unsetenv("MALLOC_CONF");
  VIGIL_ASSIGN_OR_RETURN(const auto server, std::move(started));
  VIGIL_ASSIGN_OR_RETURN(auto access,
                         transport::ProgramAccess::Open(seed->parts(), seed->office_place()));
  VIGIL_ASSIGN_OR_RETURN(const auto office,
                         transport::OfficeClient::Make(
                             {.connection = server->connection(), .access = std::move(access)}));
  // The same as text fills the database's caches, whichever connection it gets.
  VIGIL_RETURN_IF_ERROR(ExportHazards(*office, v1::REPORT_FORMAT_CSV, hazards));
  absl::SleepFor(kSettle);
  VIGIL_RETURN_IF_ERROR(ForgetPeak(server->pid()));
  VIGIL_ASSIGN_OR_RETURN(const ProcessFigures before, FiguresOf(server->pid()));
  VIGIL_RETURN_IF_ERROR(ExportHazards(*office, v1::REPORT_FORMAT_XLSX, hazards));
  VIGIL_ASSIGN_OR_RETURN(const ProcessFigures figures, FiguresOf(server->pid()));
  VIGIL_RETURN_IF_ERROR(server->Stop());
  return static_cast<double>(figures.peak_kib - before.resident_kib) / 1024;
}

absl::Status ExportMemory(Bench& bench) {
  return AddRepeated(
      bench, AtMost("export-memory", "MiB (taken)", {.target = 1.2, .aim = 1}),
      [&]() -> absl::StatusOr<Measured> {
        VIGIL_ASSIGN_OR_RETURN(const double large, TakenByExport(bench, bench.Sized(kHazards)));
        VIGIL_ASSIGN_OR_RETURN(const double small, TakenByExport(bench, bench.Sized(kHazards) / 2));
        return Measured{large, small};
      });
}

}  // namespace

std::vector<Workload> OfficeWorkloads() {
  return {
      {"escalation-tick", "100,000 open hazards, none due, beside one indexed SELECT",
       EscalationTick},
      {"ledger-query", "the first page of 50 of 100,000 hazards, filtered and sorted", LedgerQuery},
      {"export-memory", "100,000 hazards as a workbook: what it takes, beside half of them",
       ExportMemory},
  };
}

}  // namespace vigil::bench
