#include "tests/bench/floor_service.h"

#include <optional>
#include <utility>

#include "google/protobuf/io/coded_stream.h"
#include "grpcpp/support/proto_buffer_reader.h"
#include "sync/base/status.h"

namespace vigil::bench {
namespace {

constexpr char kTables[] = R"sql(
CREATE TABLE IF NOT EXISTS operation (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS record (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
)sql";
constexpr char kInsertOperation[] = "INSERT INTO operation (bytes) VALUES (?1)";
constexpr char kInsertRecord[] = "INSERT INTO record (bytes) VALUES (?1)";
constexpr char kReadRecords[] = "SELECT seq, bytes FROM record WHERE seq > ?1 ORDER BY seq";

constexpr std::size_t kPageBytes = 64 * 1024;
// As the register does it: some when nothing waits, and what must be.
constexpr std::int64_t kWalPagesIdle = 1024;
constexpr std::int64_t kWalPagesMax = 4096;

// Field 1 of PullResponse (`records`), field 6 (`last`).
constexpr std::uint8_t kRecordsTag = (1 << 3) | 2;
constexpr std::uint8_t kLastTag = 6 << 3;

void AppendRecord(std::string_view bytes, std::string& page) {
  std::uint8_t head[6] = {kRecordsTag};
  std::uint8_t* end = google::protobuf::io::CodedOutputStream::WriteVarint32ToArray(
      static_cast<std::uint32_t>(bytes.size()), head + 1);
  page.append(head, end);
  page.append(bytes);
}

}  // namespace

absl::StatusOr<sqlite::Database> OpenFloorFile(const std::string& path) {
  VIGIL_ASSIGN_OR_RETURN(sqlite::Database database, sqlite::Database::Open(path, {}));
  VIGIL_ASSIGN_OR_RETURN(sqlite::Transaction transaction, database.BeginWrite());
  VIGIL_RETURN_IF_ERROR(transaction.ExecuteScript(kTables));
  VIGIL_RETURN_IF_ERROR(transaction.Commit());
  return database;
}

absl::Status AddFloorRecords(sqlite::Database& database, const std::vector<std::string>& records) {
  VIGIL_ASSIGN_OR_RETURN(sqlite::Transaction transaction, database.BeginWrite());
  {
    VIGIL_ASSIGN_OR_RETURN(sqlite::Statement insert, transaction.Prepare(kInsertRecord));
    for (const std::string& record : records) {
      insert.Reset();
      insert.BindBlob(1, record);
      VIGIL_RETURN_IF_ERROR(insert.Run());
    }
  }
  return transaction.Commit();
}

FloorWriter::FloorWriter(sqlite::Database database, OnCommitted on_committed)
    : database_(std::move(database)),
      on_committed_(std::move(on_committed)),
      thread_([this] { Run(); }) {}

FloorWriter::~FloorWriter() {
  {
    const MutexLock lock(mutex_);
    ends_ = true;
  }
  wake_.NotifyAll();
  thread_.join();
}

void FloorWriter::Insert(std::vector<std::string> operations, Done done) {
  {
    const MutexLock lock(mutex_);
    queue_.push_back({std::move(operations), std::move(done)});
  }
  wake_.NotifyOne();
}

void FloorWriter::Run() {
  while (true) {
    std::vector<Request> group;
    {
      MutexLock lock(mutex_);
      while (queue_.empty() && !ends_) wake_.Wait(mutex_);
      if (queue_.empty()) return;
      group.swap(queue_);
    }
    const absl::Status status = Write(group);
    for (const Request& request : group) {
      if (status.ok()) operations_ += request.operations.size();
      request.done(status);
    }
    on_committed_(operations_);
    const bool idle = [this] {
      const MutexLock lock(mutex_);
      return queue_.empty();
    }();
    if (database_.wal_pages() > (idle ? kWalPagesIdle : kWalPagesMax)) {
      database_.Checkpoint(sqlite::CheckpointMode::kPassive).IgnoreError();
    }
  }
}

absl::Status FloorWriter::Write(const std::vector<Request>& group) {
  VIGIL_ASSIGN_OR_RETURN(sqlite::Transaction transaction, database_.BeginWrite());
  {
    VIGIL_ASSIGN_OR_RETURN(sqlite::Statement insert, transaction.Prepare(kInsertOperation));
    for (const Request& request : group) {
      for (const std::string& operation : request.operations) {
        insert.Reset();
        insert.BindBlob(1, operation);
        VIGIL_RETURN_IF_ERROR(insert.Run());
      }
    }
  }
  return transaction.Commit();
}

// Reads the next page when the one before it is on its way.
class FloorService::Pulled final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  Pulled(const std::string& path, const grpc::ByteBuffer& request) {
    const absl::Status status = Begin(path, request);
    if (status.ok()) {
      Next();
    } else {
      Fail(status);
    }
  }

  void OnWriteDone(bool ok) override {
    if (!ok || last_) {
      Finish(grpc::Status::OK);
    } else {
      Next();
    }
  }
  void OnDone() override { delete this; }

 private:
  absl::Status Begin(const std::string& path, const grpc::ByteBuffer& request) {
    v1::PullRequest asked;
    grpc::ByteBuffer bytes = request;
    grpc::ProtoBufferReader reader(&bytes);
    if (!asked.ParseFromZeroCopyStream(&reader)) return absl::InvalidArgumentError("no pull");
    VIGIL_ASSIGN_OR_RETURN(
        sqlite::Database opened,
        sqlite::Database::Open(path, {.mode = sqlite::OpenOptions::Mode::kReadOnly}));
    database_.emplace(std::move(opened));
    VIGIL_ASSIGN_OR_RETURN(read_, database_->Query(kReadRecords));
    read_.BindInt64(
        1, asked.cursors().empty() ? 0 : static_cast<std::int64_t>(asked.cursors(0).seq()));
    return absl::OkStatus();
  }

  void Next() {
    std::string page;
    page.reserve(kPageBytes + 4096);
    while (page.size() < kPageBytes) {
      const absl::StatusOr<bool> found = read_.Step();
      if (!found.ok()) return Fail(found.status());
      last_ = !*found;
      if (last_) break;
      AppendRecord(read_.ColumnBlob(1), page);
    }
    if (last_) page.append({static_cast<char>(kLastTag), char{1}});
    const grpc::Slice slice(page);
    page_ = grpc::ByteBuffer(&slice, 1);
    StartWrite(&page_);
  }

  void Fail(const absl::Status& status) {
    Finish({grpc::StatusCode::INTERNAL, std::string(ToStd(status.message()))});
  }

  std::optional<sqlite::Database> database_;
  sqlite::Statement read_;
  grpc::ByteBuffer page_;
  bool last_ = false;
};

class FloorService::Watched final : public grpc::ServerWriteReactor<v1::WatchResponse> {
 public:
  explicit Watched(FloorService& service) : service_(service) {
    {
      const MutexLock lock(service_.mutex_);
      service_.watchers_.insert(this);
    }
    // How things stand.
    const MutexLock lock(mutex_);
    Write();
  }

  // What comes while a write is under way is told with the next one.
  void Tell(std::uint64_t seq) ABSL_LOCKS_EXCLUDED(mutex_) {
    const MutexLock lock(mutex_);
    newest_ = seq;
    if (!writing_ && !over_) Write();
  }
  void OnWriteDone(bool ok) override ABSL_LOCKS_EXCLUDED(mutex_) {
    const MutexLock lock(mutex_);
    writing_ = false;
    if (ok && !over_ && newest_ != response_.seq()) Write();
  }
  void OnCancel() override ABSL_LOCKS_EXCLUDED(mutex_) {
    {
      const MutexLock lock(service_.mutex_);
      service_.watchers_.erase(this);
    }
    {
      const MutexLock lock(mutex_);
      over_ = true;
    }
    Finish(grpc::Status::CANCELLED);
  }
  void OnDone() override { delete this; }

 private:
  void Write() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    writing_ = true;
    response_.set_seq(newest_);
    StartWrite(&response_);
  }

  FloorService& service_;
  v1::WatchResponse response_;
  Mutex mutex_;
  std::uint64_t newest_ ABSL_GUARDED_BY(mutex_) = 0;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool over_ ABSL_GUARDED_BY(mutex_) = false;
};

absl::StatusOr<std::unique_ptr<FloorService>> FloorService::Make(const std::string& path) {
  auto service = std::unique_ptr<FloorService>(new FloorService(path));
  VIGIL_ASSIGN_OR_RETURN(sqlite::Database database, OpenFloorFile(path));
  service->writer_ = std::make_unique<FloorWriter>(
      std::move(database),
      [made = service.get()](std::uint64_t operations) { made->TellWatchers(operations); });
  return service;
}

FloorService::~FloorService() = default;

void FloorService::TellWatchers(std::uint64_t operations) {
  const MutexLock lock(mutex_);
  for (Watched* watcher : watchers_) watcher->Tell(operations);
}

grpc::ServerUnaryReactor* FloorService::Push(grpc::CallbackServerContext* context,
                                             const v1::PushRequest* request,
                                             v1::PushResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  std::vector<std::string> operations;
  operations.reserve(static_cast<std::size_t>(request->entries_size()));
  for (const v1::PushEntry& entry : request->entries()) {
    operations.push_back(entry.operation());
    v1::Outcome& outcome = *response->add_outcomes();
    outcome.set_operation(entry.operation_id());
    outcome.set_device_seq(entry.device_seq());
    outcome.set_verdict(v1::VERDICT_APPLIED);
  }
  writer_->Insert(std::move(operations), [reactor](const absl::Status& status) {
    reactor->Finish(status.ok() ? grpc::Status::OK
                                : grpc::Status(grpc::StatusCode::INTERNAL,
                                               std::string(ToStd(status.message()))));
  });
  return reactor;
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* FloorService::Pull(
    grpc::CallbackServerContext* /*context*/, const grpc::ByteBuffer* request) {
  return new Pulled(path_, *request);
}

grpc::ServerWriteReactor<v1::WatchResponse>* FloorService::Watch(
    grpc::CallbackServerContext* /*context*/, const v1::WatchRequest* /*request*/) {
  return new Watched(*this);
}

}  // namespace vigil::bench
