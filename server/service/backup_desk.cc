#include "server/service/backup_desk.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "server/register/epochs.h"
#include "server/store/closed_register.h"
#include "server/store/page_token.h"
#include "sync/base/hash.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/rules/asked_pause.h"
#include "sync/rules/reason.h"
#include "sync/rules/record.h"

namespace vigil::service {

using google::protobuf::util::TimeUtil;
using registry::Register;
using rules::Refuse;

namespace {

constexpr std::string_view kPrefix = "backup-";
constexpr std::string_view kSuffix = ".tmp";
constexpr std::size_t kChunkBytes = 256 * 1024;
constexpr std::size_t kSentMax = 16;
constexpr int kPageSizeDefault = 100;

bool IsCopy(const std::string& name) {
  const std::size_t at = name.find(kSuffix);
  return absl::StartsWith(name, ToAbsl(kPrefix)) && at != std::string::npos;
}

// The clock fires again what the backup lacks, under the same id: only when is another.
bool IsOfThisFiring(const rules::EntityInfo& info, const rules::FieldInfo& field) {
  return info.number == v1::Entity::kEscalation &&
         field.number() == v1::Escalation::kFiredAtFieldNumber;
}

// Names of the fields in which the copy says something else than the record as it stands.
std::vector<std::string> Differing(const v1::Record& copy, const v1::Record& now) {
  std::vector<std::string> names;
  const rules::EntityInfo* info = rules::InfoOf(copy);
  if (info == nullptr || info != rules::InfoOf(now)) return names;
  for (const rules::FieldInfo& field : info->fields) {
    if (IsOfThisFiring(*info, field)) continue;
    if (rules::FieldBytes(rules::BodyOf(copy.entity()), field) !=
        rules::FieldBytes(rules::BodyOf(now.entity()), field)) {
      names.push_back(field.name());
    }
  }
  return names;
}

absl::StatusOr<v1::ReturnedCopy> ToMessage(store::Snapshot& snapshot,
                                           const store::WitnessCopy& copy) {
  v1::ReturnedCopy message;
  message.set_id(copy.id);
  message.set_epoch(copy.epoch.ToString());
  message.set_record(copy.bytes);
  message.set_device(copy.device.ToString());
  message.set_person(copy.person.ToString());
  *message.mutable_returned_at() = TimeUtil::MicrosecondsToTimestamp(ToMicros(copy.returned_at));
  message.set_settled(copy.settled);
  v1::Record record;
  if (copy.record.is_nil() || !record.ParseFromString(copy.bytes)) return message;
  VIGIL_ASSIGN_OR_RETURN(const std::optional<store::StoredRecord> stored,
                         snapshot.FindRecord(copy.record));
  message.set_lost(!stored);
  v1::Record now;
  if (stored && now.ParseFromString(stored->bytes)) {
    for (std::string& name : Differing(record, now)) message.add_differing(std::move(name));
  }
  return message;
}

}  // namespace

// One copy on its way.
class BackupDesk::Copying : public std::enable_shared_from_this<Copying> {
 public:
  Copying(BackupDesk& desk, const rules::Author& author, std::shared_ptr<Sink> sink)
      : desk_(desk), sink_(std::move(sink)) {
    const absl::Time now = desk_.parts_.target.Now();
    backup_.set_id(MakeUuidV7(now, desk_.parts_.random).ToString());
    *backup_.mutable_made_at() = TimeUtil::MicrosecondsToTimestamp(ToMicros(now));
    backup_.set_person(author.person);
    path_ =
        JoinPath(desk_.directory_, absl::StrCat(ToAbsl(kPrefix), backup_.id(), ToAbsl(kSuffix)));
  }
  ~Copying() {
    desk_.parts_.files.Remove(path_).IgnoreError();
    desk_.End();
  }

  void Start() {
    const absl::Status made = Make();
    if (!made.ok()) return sink_->Finish(made);
    v1::DownloadBackupResponse first;
    *first.mutable_backup() = backup_;
    Send(first);
  }

 private:
  absl::Status Make() {
    VIGIL_RETURN_IF_ERROR(desk_.parts_.target.store().Backup(path_));
    VIGIL_ASSIGN_OR_RETURN(const auto copy, store::ClosedRegister::Open(desk_.parts_.files, path_));
    VIGIL_ASSIGN_OR_RETURN(const auto snapshot, copy->Read());
    VIGIL_ASSIGN_OR_RETURN(const store::Head head, snapshot->GetHead());
    VIGIL_ASSIGN_OR_RETURN(const std::int64_t size, desk_.parts_.files.Size(path_));
    backup_.set_epoch(head.epoch.id());
    backup_.set_seq(head.seq.value());
    backup_.set_size_bytes(size);
    return absl::OkStatus();
  }

  void Send(const v1::DownloadBackupResponse& message) {
    sink_->Write(message, [self = shared_from_this()](bool goes_on) {
      if (!goes_on) return self->sink_->Finish(absl::CancelledError("nobody reads the backup"));
      self->desk_.parts_.worker.Post([self] { self->Next(); });
    });
  }

  void Next() {
    if (ended_) return sink_->Finish(absl::OkStatus());
    absl::StatusOr<std::string> chunk = desk_.parts_.files.ReadRange(path_, offset_, kChunkBytes);
    if (!chunk.ok()) return sink_->Finish(chunk.status());
    v1::DownloadBackupResponse message;
    if (!chunk->empty()) {
      hasher_.Update(*chunk);
      offset_ += static_cast<std::int64_t>(chunk->size());
      message.set_chunk(*std::move(chunk));
    } else {
      ended_ = true;
      backup_.set_sha256(std::string(hasher_.Finish().bytes()));
      desk_.Remember(backup_);
      *message.mutable_backup() = backup_;
    }
    Send(message);
  }

  BackupDesk& desk_;
  const std::shared_ptr<Sink> sink_;
  v1::Backup backup_;
  std::string path_;
  Sha256Hasher hasher_;
  std::int64_t offset_ = 0;
  bool ended_ = false;
};

BackupDesk::BackupDesk(const Parts& parts, std::string directory)
    : parts_(parts), directory_(std::move(directory)) {}

absl::Status BackupDesk::RemoveLeftovers() {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> names, parts_.files.List(directory_));
  for (const std::string& name : names) {
    if (IsCopy(name)) VIGIL_RETURN_IF_ERROR(parts_.files.Remove(JoinPath(directory_, name)));
  }
  return absl::OkStatus();
}

bool BackupDesk::Begin() {
  const MutexLock lock(mutex_);
  return !std::exchange(copying_, true);
}

void BackupDesk::End() {
  const MutexLock lock(mutex_);
  copying_ = false;
}

void BackupDesk::Remember(const v1::Backup& sent) {
  const MutexLock lock(mutex_);
  sent_.push_back(sent);
  if (sent_.size() > kSentMax) sent_.pop_front();
}

void BackupDesk::Download(const rules::Author& author, std::shared_ptr<Sink> sink) {
  if (!Begin()) {
    return sink->Finish(rules::TooSoon("another backup is being made; come back when it has gone",
                                       absl::Seconds(30)));
  }
  auto copying = std::make_shared<Copying>(*this, author, std::move(sink));
  parts_.worker.Post([copying] { copying->Start(); });
}

absl::StatusOr<std::uint64_t> BackupDesk::ArchivedSeq() {
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, parts_.target.store().Read());
  VIGIL_ASSIGN_OR_RETURN(const Seq seq, registry::ArchivedSeq(*snapshot));
  return seq.value();
}

void BackupDesk::Confirm(const v1::ConfirmBackupRequest& request, ConfirmDone done) {
  v1::Backup kept;
  {
    const MutexLock lock(mutex_);
    for (const v1::Backup& sent : sent_) {
      if (sent.id() == request.backup().id() && sent.sha256() == request.backup().sha256()) {
        kept = sent;
      }
    }
  }
  if (kept.id().empty()) {
    return done(Refuse(v1::REASON_BACKUP_INVALID,
                       "the register has not sent this backup (or was started anew since): make "
                       "another one"));
  }
  kept.set_place(request.backup().place());
  parts_.target.ChangeAccess(
      [kept](store::Snapshot&, absl::Time) {
        Register::AccessChange change;
        change.restore.backups.push_back(kept);
        return change;
      },
      [this, done = std::move(done)](const absl::Status& status) {
        if (!status.ok()) return done(status);
        const absl::StatusOr<std::uint64_t> archived = ArchivedSeq();
        if (!archived.ok()) return done(archived.status());
        v1::ConfirmBackupResponse response;
        response.set_archived_seq(*archived);
        done(response);
      });
}

void BackupDesk::Forget(const v1::ForgetBackupRequest& request, ForgetDone done) {
  parts_.target.ChangeAccess(
      [id = request.id()](store::Snapshot& snapshot,
                          absl::Time) -> absl::StatusOr<Register::AccessChange> {
        VIGIL_ASSIGN_OR_RETURN(const std::vector<v1::Backup> backups, snapshot.Backups());
        const bool found = std::any_of(backups.begin(), backups.end(),
                                       [&](const v1::Backup& each) { return each.id() == id; });
        if (!found) return Refuse(v1::REASON_NOT_FOUND, "no such backup is kept").With("id", id);
        Register::AccessChange change;
        change.restore.forgotten_backups.push_back(*Uuid::Parse(id));
        return change;
      },
      [this, done = std::move(done)](const absl::Status& status) {
        if (!status.ok()) return done(status);
        const absl::StatusOr<std::uint64_t> archived = ArchivedSeq();
        if (!archived.ok()) return done(archived.status());
        v1::ForgetBackupResponse response;
        response.set_archived_seq(*archived);
        done(response);
      });
}

absl::StatusOr<v1::ListBackupsResponse> BackupDesk::List() {
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, parts_.target.store().Read());
  VIGIL_ASSIGN_OR_RETURN(const std::vector<v1::Backup> backups, snapshot->Backups());
  VIGIL_ASSIGN_OR_RETURN(const std::vector<v1::Epoch> epochs, snapshot->Epochs());
  VIGIL_ASSIGN_OR_RETURN(const Seq archived, registry::ArchivedSeq(*snapshot));
  v1::ListBackupsResponse response;
  response.mutable_backups()->Add(backups.begin(), backups.end());
  response.mutable_epochs()->Add(epochs.begin(), epochs.end());
  response.set_archived_seq(archived.value());
  return response;
}

absl::StatusOr<v1::ListWitnessCopiesResponse> BackupDesk::ListCopies(
    const v1::ListWitnessCopiesRequest& request) {
  std::int64_t after = 0;
  if (!request.page_token().empty() && !absl::SimpleAtoi(request.page_token(), &after)) {
    return Refuse(v1::REASON_INVALID_PAGE_TOKEN, "this page token is not of this list");
  }
  const int page_size = store::ClampPageSize(request.page_size(), kPageSizeDefault);
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, parts_.target.store().Read());
  VIGIL_ASSIGN_OR_RETURN(const std::vector<store::WitnessCopy> copies,
                         snapshot->WitnessCopies(after, request.all(), page_size));
  v1::ListWitnessCopiesResponse response;
  for (const store::WitnessCopy& copy : copies) {
    VIGIL_ASSIGN_OR_RETURN(v1::ReturnedCopy message, ToMessage(*snapshot, copy));
    // Of one that says nothing else than the register does, nothing is left to do.
    const bool is_open = copy.record.is_nil() || message.lost() || message.differing_size() > 0;
    if (is_open || request.all()) *response.add_copies() = std::move(message);
  }
  if (static_cast<int>(copies.size()) == page_size) {
    response.set_next_page_token(absl::StrCat(copies.back().id));
  }
  return response;
}

void BackupDesk::Settle(const v1::SettleWitnessCopyRequest& request, SettleDone done) {
  parts_.target.ChangeAccess(
      [id = request.id()](store::Snapshot& snapshot,
                          absl::Time) -> absl::StatusOr<Register::AccessChange> {
        VIGIL_ASSIGN_OR_RETURN(const std::optional<store::WitnessCopy> copy,
                               snapshot.FindWitnessCopy(id));
        if (!copy) return Refuse(v1::REASON_NOT_FOUND, "there is no such copy").With("id", id);
        Register::AccessChange change;
        change.restore.settled_copies.push_back(id);
        return change;
      },
      [done = std::move(done)](const absl::Status& status) {
        if (!status.ok()) return done(status);
        done(v1::SettleWitnessCopyResponse());
      });
}

}  // namespace vigil::service
