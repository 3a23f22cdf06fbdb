#include "server/service/report_desk.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/access/visibility.h"
#include "server/report/report.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/rules/asked_pause.h"
#include "sync/rules/reason.h"

namespace vigil::service {

using access::Visibility;

namespace {

constexpr char kPrefix[] = "report-";
constexpr char kSuffix[] = ".tmp";
constexpr std::size_t kChunkBytes = 64 * 1024;

// Collects what comes into pieces, and puts them into a file.
class FileSink final : public report::ByteSink {
 public:
  FileSink(FileSystem& files, std::string path, std::int64_t reserve_bytes)
      : files_(files), path_(std::move(path)), reserve_bytes_(reserve_bytes) {}

  absl::Status Write(std::string_view bytes) override {
    buffer_ += bytes;
    size_ += static_cast<std::int64_t>(bytes.size());
    return buffer_.size() < kChunkBytes ? absl::OkStatus() : Flush();
  }

  // What is left.
  absl::Status Flush() {
    VIGIL_ASSIGN_OR_RETURN(const std::int64_t free_bytes, files_.FreeBytes(path_directory()));
    if (free_bytes < reserve_bytes_) {
      return rules::Refuse(v1::REASON_STORAGE_UNAVAILABLE,
                           "the register's disk is nearly full: it has no room for a report");
    }
    VIGIL_RETURN_IF_ERROR(files_.Append(path_, buffer_));
    buffer_.clear();
    return absl::OkStatus();
  }

  std::int64_t size() const { return size_; }

 private:
  std::string path_directory() const { return path_.substr(0, path_.rfind('/')); }

  FileSystem& files_;
  const std::string path_;
  const std::int64_t reserve_bytes_;
  std::string buffer_;
  std::int64_t size_ = 0;
};

}  // namespace

// One report on its way.
class ReportDesk::Exporting : public std::enable_shared_from_this<Exporting> {
 public:
  Exporting(ReportDesk& desk, const rules::Author& caller, const v1::ExportReportRequest& request,
            std::shared_ptr<Sink> sink)
      : desk_(desk), caller_(caller), request_(request), sink_(std::move(sink)) {
    const Uuid id = MakeUuidV7(desk_.parts_.target.Now(), desk_.parts_.random);
    path_ = JoinPath(desk_.options_.directory, absl::StrCat(kPrefix, id.ToString(), kSuffix));
  }
  ~Exporting() {
    desk_.parts_.files.Remove(path_).IgnoreError();
    desk_.End();
  }

  void Start() {
    const absl::Status made = Make();
    if (!made.ok()) return sink_->Finish(made);
    v1::ExportReportResponse first;
    *first.mutable_file() = file_;
    Send(first);
  }

 private:
  absl::Status Make() {
    VIGIL_ASSIGN_OR_RETURN(file_, report::Describe(request_));
    VIGIL_ASSIGN_OR_RETURN(const auto snapshot, desk_.parts_.target.store().Read());
    VIGIL_ASSIGN_OR_RETURN(Visibility visibility, Visibility::Of(caller_, *snapshot));
    VIGIL_ASSIGN_OR_RETURN(store::RecordScope scope, visibility.Scope());
    report::Context context{
        .snapshot = *snapshot,
        .scope = std::move(scope),
        .sees = [&visibility](const Uuid& record) { return visibility.Sees(record); },
        .zone = desk_.options_.zone,
        .now = desk_.parts_.target.Now(),
        .files = desk_.parts_.files,
        .scratch_path = absl::StrCat(path_, ".xlsx")};
    FileSink sink(desk_.parts_.files, path_, desk_.options_.storage_reserve_bytes);
    VIGIL_ASSIGN_OR_RETURN(const std::int64_t rows, report::Write(request_, context, sink));
    VIGIL_RETURN_IF_ERROR(sink.Flush());
    file_.set_rows(rows);
    file_.set_size_bytes(sink.size());
    return absl::OkStatus();
  }

  void Send(const v1::ExportReportResponse& message) {
    sink_->Write(message, [self = shared_from_this()](bool goes_on) {
      if (!goes_on) return self->sink_->Finish(absl::CancelledError("nobody reads the report"));
      self->desk_.parts_.worker.Post([self] { self->Next(); });
    });
  }

  void Next() {
    if (offset_ >= file_.size_bytes()) return sink_->Finish(absl::OkStatus());
    absl::StatusOr<std::string> chunk = desk_.parts_.files.ReadRange(path_, offset_, kChunkBytes);
    if (!chunk.ok()) return sink_->Finish(chunk.status());
    if (chunk->empty()) return sink_->Finish(absl::DataLossError("the report's file is cut off"));
    offset_ += static_cast<std::int64_t>(chunk->size());
    v1::ExportReportResponse message;
    message.set_chunk(*std::move(chunk));
    Send(message);
  }

  ReportDesk& desk_;
  const rules::Author caller_;
  const v1::ExportReportRequest request_;
  const std::shared_ptr<Sink> sink_;
  v1::ReportFile file_;
  std::string path_;
  std::int64_t offset_ = 0;
};

ReportDesk::ReportDesk(const Parts& parts, Options options)
    : parts_(parts), options_(std::move(options)) {}

absl::Status ReportDesk::RemoveLeftovers() {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                         parts_.files.List(options_.directory));
  for (const std::string& name : names) {
    if (!absl::StartsWith(name, kPrefix) || !absl::StrContains(name, kSuffix)) continue;
    VIGIL_RETURN_IF_ERROR(parts_.files.Remove(JoinPath(options_.directory, name)));
  }
  return absl::OkStatus();
}

bool ReportDesk::Begin() {
  const MutexLock lock(mutex_);
  if (under_way_ >= options_.under_way_max) return false;
  ++under_way_;
  return true;
}

void ReportDesk::End() {
  const MutexLock lock(mutex_);
  --under_way_;
}

void ReportDesk::Export(const rules::Author& caller, const v1::ExportReportRequest& request,
                        std::shared_ptr<Sink> sink) {
  if (!Begin()) {
    return sink->Finish(
        rules::TooSoon("too many reports are under way; come back in a moment", absl::Seconds(5)));
  }
  auto exporting = std::make_shared<Exporting>(*this, caller, request, std::move(sink));
  parts_.worker.Post([exporting] { exporting->Start(); });
}

}  // namespace vigil::service
