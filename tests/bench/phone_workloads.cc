#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "google/protobuf/util/time_util.h"
#include "sync/base/loop_executor.h"
#include "sync/base/status.h"
#include "sync/engine/session.h"
#include "sync/engine/tuning.h"
#include "sync/replica/replica.h"
#include "sync/sqlite/database.h"
#include "sync/transport/grpc_transport.h"
#include "tests/bench/bench.h"
#include "tests/bench/floor_service.h"
#include "tests/bench/pull_load.h"

// What a phone does by itself, and what it does with what it pulls.

namespace vigil::bench {
namespace {

using replica::Replica;

// A phone with a replica of its own, as vigil-field has it.
class Phone {
 public:
  static absl::StatusOr<std::unique_ptr<Phone>> Open(
      Seed& seed, const std::shared_ptr<transport::ProgramAccess>& access,
      const std::string& directory) {
    auto phone = std::unique_ptr<Phone>(new Phone(access));
    VIGIL_ASSIGN_OR_RETURN(phone->replica_, Replica::Open(JoinPath(directory, "phone.db"), {},
                                                          phone->clock_, seed.parts().random));
    VIGIL_RETURN_IF_ERROR(
        phone->replica_->Initialise({.device = access->device(), .person = access->person()}));
    return phone;
  }

  // One session, over a connection that is made for it.
  absl::Status Synchronise(const Server& server) {
    VIGIL_ASSIGN_OR_RETURN(const auto transport,
                           transport::GrpcTransport::Make(
                               executor_, {.connection = server.connection(), .access = access_}));
    VIGIL_ASSIGN_OR_RETURN(P256PublicKey key, P256PublicKey::FromDer(access_->register_key()));
    std::optional<engine::SessionReport> report;
    const auto session = engine::Session::Start(
        {*replica_, *transport, executor_, access_->signer(), std::move(key)},
        {.tuning = {}, .client = "vigil_bench", .on_progress = nullptr},
        [&](const engine::SessionReport& done) { report = done; });
    executor_.RunUntil([&] { return report.has_value(); });
    VIGIL_RETURN_IF_ERROR(report->status);
    if (report->complete && report->digest_equal) return absl::OkStatus();
    return Error(absl::StatusCode::kInternal, "the phone is not in step");
  }

  Replica& replica() { return *replica_; }

 private:
  explicit Phone(std::shared_ptr<transport::ProgramAccess> access)
      : access_(std::move(access)), executor_(clock_) {}

  const std::shared_ptr<transport::ProgramAccess> access_;
  SystemClock clock_;
  LoopExecutor executor_;
  std::unique_ptr<Replica> replica_;
};

v1::Operation Inspection(const KnownRecord& source, Seed& seed) {
  v1::Operation operation;
  v1::CreateRecord& create = *operation.mutable_create_record();
  create.set_record(MakeUuidV7(absl::Now(), seed.parts().random).ToString());
  v1::Inspection& inspection = *create.mutable_entity()->mutable_inspection();
  inspection.set_risk_source(source.id);
  *inspection.mutable_started_at() = google::protobuf::util::TimeUtil::GetCurrentTime();
  inspection.set_signature_refused_because("现场无人");
  inspection.set_remark("坡面无新裂缝，截水沟已清理，坡脚围护完好；下次复查坡顶位移点");
  return operation;
}

std::vector<KnownRecord> SourcesOf(const Seed& seed) {
  std::vector<KnownRecord> sources;
  for (const KnownRecord& record : seed.records()) {
    if (!record.is_hazard) sources.push_back(record);
  }
  return sources;
}

absl::StatusOr<double> TimeOf(const std::function<absl::Status()>& work) {
  const absl::Time start = absl::Now();
  VIGIL_RETURN_IF_ERROR(work());
  return absl::ToDoubleSeconds(absl::Now() - start);
}

// --- What is pulled becomes ready to use ---------------------------------------------------------

constexpr char kRawTable[] = R"sql(
CREATE TABLE record (ordinal INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, bytes BLOB NOT NULL)
STRICT;
)sql";
constexpr char kRawInsert[] = "INSERT INTO record (id, bytes) VALUES (?1, ?2)";

absl::Status InsertRaw(sqlite::Transaction& transaction, const v1::PullResponse& page,
                       std::vector<std::string>::const_iterator& next_id) {
  VIGIL_ASSIGN_OR_RETURN(sqlite::Statement insert, transaction.Prepare(kRawInsert));
  for (const std::string& record : page.records()) {
    insert.Reset();
    insert.BindBlob(1, *next_id++).BindBlob(2, record);
    VIGIL_RETURN_IF_ERROR(insert.Run());
  }
  return absl::OkStatus();
}

// Transactions are as large as the phone's: a page each, and once a MiB has come a MiB each. Rows
// can be found by their ids.
absl::Status PullRaw(const Server& floor, const std::vector<std::string>& ids,
                     const std::string& directory) {
  const std::size_t gathered = engine::Tuning().gather_bytes;
  VIGIL_ASSIGN_OR_RETURN(sqlite::Database database,
                         sqlite::Database::Open(JoinPath(directory, "raw.db"), {}));
  {
    VIGIL_ASSIGN_OR_RETURN(sqlite::Transaction transaction, database.BeginWrite());
    VIGIL_RETURN_IF_ERROR(transaction.ExecuteScript(kRawTable));
    VIGIL_RETURN_IF_ERROR(transaction.Commit());
  }
  std::optional<sqlite::Transaction> open;
  auto next_id = ids.begin();
  std::size_t all_bytes = 0;
  std::size_t bytes = 0;
  const auto take = [&](const v1::PullResponse& page) -> absl::Status {
    if (!open) {
      VIGIL_ASSIGN_OR_RETURN(sqlite::Transaction begun, database.BeginWrite());
      open.emplace(std::move(begun));
    }
    VIGIL_RETURN_IF_ERROR(InsertRaw(*open, page, next_id));
    all_bytes += page.ByteSizeLong();
    bytes += page.ByteSizeLong();
    if (all_bytes > gathered && bytes < gathered) return absl::OkStatus();
    bytes = 0;
    const absl::Status committed = open->Commit();
    open.reset();
    return committed;
  };
  VIGIL_RETURN_IF_ERROR(PullAll(floor, nullptr, {}, take).status());
  return open ? open->Commit() : absl::OkStatus();
}

absl::Status PullIntoPhone(Bench& bench, const std::string& name, int records) {
  VIGIL_ASSIGN_OR_RETURN(Seed * seed, bench.SeedOf({.records = bench.Sized(records, 1270)}));
  VIGIL_ASSIGN_OR_RETURN(const ServerPair servers, StartBoth(bench, *seed, nullptr));
  std::vector<std::string> ids;
  for (const std::string& bytes : seed->stored()) {
    v1::Record record;
    if (!record.ParseFromString(bytes)) return absl::DataLossError("a record cannot be read");
    ids.emplace_back(Uuid::ParseOrNil(record.id()).bytes());
  }
  const auto count = static_cast<double>(ids.size());
  const Row row = AtLeast(name, "records/s", {.target = 0.6, .aim = 0.8});
  VIGIL_RETURN_IF_ERROR(AddRepeated(bench, row, [&]() -> absl::StatusOr<Measured> {
    VIGIL_ASSIGN_OR_RETURN(const std::string directory, bench.FreshDirectory("phone"));
    VIGIL_ASSIGN_OR_RETURN(const auto phone, Phone::Open(*seed, seed->phones().front(), directory));
    VIGIL_ASSIGN_OR_RETURN(const double ours,
                           TimeOf([&] { return phone->Synchronise(*servers.ours); }));
    VIGIL_ASSIGN_OR_RETURN(const double floor,
                           TimeOf([&] { return PullRaw(*servers.floor, ids, directory); }));
    return Measured{count / ours, count / floor};
  }));
  VIGIL_RETURN_IF_ERROR(servers.ours->Stop());
  return servers.floor->Stop();
}

Workload IntoPhone(const std::string& name, int records, std::string what) {
  return {name, std::move(what), [=](Bench& bench) { return PullIntoPhone(bench, name, records); }};
}

// --- Without a network ---------------------------------------------------------------------------

// A phone in step, and the register at rest again.
absl::StatusOr<std::unique_ptr<Phone>> PhoneInStep(Bench& bench, Seed& seed) {
  VIGIL_ASSIGN_OR_RETURN(const std::string directory, bench.FreshDirectory("local"));
  const std::string data_dir = JoinPath(directory, "reg");
  VIGIL_RETURN_IF_ERROR(seed.CopyTo(data_dir));
  VIGIL_ASSIGN_OR_RETURN(const auto server, Server::StartVigild(data_dir));
  VIGIL_ASSIGN_OR_RETURN(auto phone, Phone::Open(seed, seed.phones().front(), directory));
  VIGIL_RETURN_IF_ERROR(phone->Synchronise(*server));
  VIGIL_RETURN_IF_ERROR(server->Stop());
  return phone;
}

absl::Status LocalOperation(Bench& bench) {
  VIGIL_ASSIGN_OR_RETURN(Seed * seed, bench.SeedOf({}));
  VIGIL_ASSIGN_OR_RETURN(const auto phone, PhoneInStep(bench, *seed));
  VIGIL_ASSIGN_OR_RETURN(const std::string directory, bench.FreshDirectory("raw"));
  VIGIL_ASSIGN_OR_RETURN(sqlite::Database raw, OpenFloorFile(JoinPath(directory, "raw.db")));
  const KnownRecord source = SourcesOf(*seed).front();
  const auto once = [&]() -> absl::StatusOr<Measured> {
    std::string bytes;
    VIGIL_ASSIGN_OR_RETURN(const double made, TimeOf([&]() -> absl::Status {
                             VIGIL_ASSIGN_OR_RETURN(
                                 const Replica::Made operation,
                                 phone->replica().Make(Inspection(source, *seed)));
                             bytes = operation.operation.SerializeAsString();
                             return absl::OkStatus();
                           }));
    VIGIL_ASSIGN_OR_RETURN(const double written,
                           TimeOf([&] { return AddFloorRecords(raw, {bytes}); }));
    return Measured{made * 1000, written * 1000};
  };
  return AddRepeated(bench, AtMost("local-operation", "ms (p50)", {.target = 1.5, .aim = 1.2}),
                     [&] { return MediansOf(bench.Sized(300), once); });
}

absl::StatusOr<double> ReadOnce(Replica& replica, const std::string& id) {
  constexpr int kReads = 200;
  VIGIL_ASSIGN_OR_RETURN(const double seconds, TimeOf([&]() -> absl::Status {
                           for (int i = 0; i < kReads; ++i) {
                             VIGIL_ASSIGN_OR_RETURN(const auto view, replica.Find(id));
                             if (!view) return absl::NotFoundError("the record is not there");
                           }
                           return absl::OkStatus();
                         }));
  return seconds / kReads * 1e6;
}

// Returns the record that it makes.
absl::StatusOr<std::string> MakeInspection(Replica& replica, const KnownRecord& source,
                                           Seed& seed) {
  v1::Operation operation = Inspection(source, seed);
  std::string record = operation.create_record().record();
  VIGIL_RETURN_IF_ERROR(replica.Make(std::move(operation)).status());
  return record;
}

// The record has one pending write of its own; what else is pending lies on others.
absl::Status OverlayRead(Bench& bench) {
  VIGIL_ASSIGN_OR_RETURN(Seed * seed, bench.SeedOf({}));
  VIGIL_ASSIGN_OR_RETURN(const auto alone, PhoneInStep(bench, *seed));
  VIGIL_ASSIGN_OR_RETURN(const auto crowded, PhoneInStep(bench, *seed));
  const std::vector<KnownRecord> sources = SourcesOf(*seed);
  VIGIL_ASSIGN_OR_RETURN(const std::string one,
                         MakeInspection(alone->replica(), sources.front(), *seed));
  VIGIL_ASSIGN_OR_RETURN(const std::string of_many,
                         MakeInspection(crowded->replica(), sources.front(), *seed));
  bench.Say("overlay-read: making 1,000 operations");
  for (std::size_t i = 0; i < 1000; ++i) {
    const KnownRecord& source = sources[i % sources.size()];
    VIGIL_RETURN_IF_ERROR(MakeInspection(crowded->replica(), source, *seed).status());
  }
  Row row = AtMost("overlay-read", "µs", {.target = 1.1, .aim = 1});
  // In turn: the processor's speed changes in between.
  for (int i = 0; i < 20; ++i) {
    VIGIL_ASSIGN_OR_RETURN(const double floor, ReadOnce(alone->replica(), one));
    VIGIL_ASSIGN_OR_RETURN(const double ours, ReadOnce(crowded->replica(), of_many));
    row.floor.Add(floor);
    row.ours.Add(ours);
  }
  bench.Add(std::move(row));
  return absl::OkStatus();
}

}  // namespace

std::vector<Workload> PhoneWorkloads() {
  return {
      IntoPhone("pull-phone-1270", 1270, "a first sync of 1,270 records until the phone is ready"),
      IntoPhone("pull-phone-20k", 20'000, "the same of 20,000"),
      IntoPhone("pull-phone-100k", 100'000, "the same of 100,000"),
      {"local-operation", "an operation on the phone, durable, beside one raw commit",
       LocalOperation},
      {"overlay-read", "one record read with 1,000 operations pending, beside one with one",
       OverlayRead},
  };
}

}  // namespace vigil::bench
