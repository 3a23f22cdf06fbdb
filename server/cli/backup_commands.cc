#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/cli/program.h"
#include "server/register/restore.h"
#include "server/store/closed_register.h"
#include "sync/base/hash.h"
#include "sync/base/status.h"
#include "sync/cli/console/exit_code.h"
#include "sync/cli/console/json.h"
#include "sync/cli/console/table.h"
#include "sync/cli/console/value_text.h"
#include "sync/rules/reason.h"

// Backups: made while the register goes on, checked here, and only then counted on.

namespace vigil::office {

using console::Arguments;
using console::Count;
using console::Table;

namespace {

absl::Status Invalid(std::string_view why) { return rules::Refuse(v1::REASON_BACKUP_INVALID, why); }

// Takes what the register sends into a file; what it is, as the last message says.
class Download {
 public:
  Download(Clerk& clerk, std::string path)
      : clerk_(clerk), path_(std::move(path)), said_at_(clerk.Now()) {}

  absl::StatusOr<v1::Backup> Run() {
    VIGIL_RETURN_IF_ERROR(clerk_.files().Remove(path_));
    absl::Status kept;
    VIGIL_RETURN_IF_ERROR(clerk_.office().DownloadBackup(
        v1::DownloadBackupRequest(), [&](const v1::DownloadBackupResponse& message) {
          if (kept.ok()) kept = Take(message);
          return kept.ok();
        }));
    VIGIL_RETURN_IF_ERROR(kept);
    VIGIL_RETURN_IF_ERROR(clerk_.files().Sync(path_));
    if (backup_.sha256() != hasher_.Finish().bytes() || backup_.size_bytes() != size_) {
      return Invalid("the backup did not arrive as it was sent: make it once more");
    }
    return backup_;
  }

 private:
  absl::Status Take(const v1::DownloadBackupResponse& message) {
    if (message.has_backup()) backup_ = message.backup();
    if (!message.has_chunk()) return absl::OkStatus();
    hasher_.Update(message.chunk());
    size_ += static_cast<std::int64_t>(message.chunk().size());
    const absl::Time now = clerk_.Now();
    if (now - said_at_ >= absl::Seconds(1)) {
      said_at_ = now;
      clerk_.console().Note({"$0 of $1 bytes", "$0 / $1 字节"},
                            {std::to_string(size_), std::to_string(backup_.size_bytes())});
    }
    return clerk_.files().Append(path_, message.chunk());
  }

  Clerk& clerk_;
  const std::string path_;
  absl::Time said_at_;
  v1::Backup backup_;
  Sha256Hasher hasher_;
  std::int64_t size_ = 0;
};

// The file is what the register said, and its whole log holds.
absl::Status CheckBackup(FileSystem& files, const std::string& path, const v1::Backup& backup) {
  VIGIL_ASSIGN_OR_RETURN(const auto opened, store::ClosedRegister::Open(files, path));
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, opened->Read());
  VIGIL_ASSIGN_OR_RETURN(const store::Head head, snapshot->GetHead());
  if (head.epoch.id() != backup.epoch() || head.seq.value() != backup.seq()) {
    return Invalid("the backup stands elsewhere than the register said");
  }
  return registry::CheckLog(*snapshot);
}

absl::Status Backup(Clerk& clerk, const Arguments& arguments) {
  const std::string path = arguments.Value("FILE");
  FileSystem& files = clerk.files();
  if (files.Exists(path) && !arguments.Has("--force")) {
    return rules::Refuse(v1::REASON_ALREADY_EXISTS,
                         absl::StrCat(path, " exists; --force replaces it"))
        .With("file", path);
  }
  const std::string part = absl::StrCat(path, ".part");
  absl::StatusOr<v1::Backup> backup = Download(clerk, part).Run();
  absl::Status status = backup.status();
  if (status.ok()) status = CheckBackup(files, part, *backup);
  if (!status.ok()) {
    files.Remove(part).IgnoreError();
    return Annotate(status, "no backup was made");
  }
  VIGIL_RETURN_IF_ERROR(files.Rename(part, path));
  backup->set_place(arguments.Has("--place") ? arguments.Value("--place") : path);
  v1::ConfirmBackupRequest confirm;
  *confirm.mutable_backup() = *backup;
  VIGIL_ASSIGN_OR_RETURN(const v1::ConfirmBackupResponse confirmed,
                         clerk.office().ConfirmBackup(confirm));
  console::Console& console = clerk.console();
  console.Json(*backup);
  console.Say(
      {"backup $0 of $1 operations in $2, $3 bytes, checked and synced",
       "备份 $0：$1 个操作，存于 $2，$3 字节，已核对并落盘"},
      {backup->id(), std::to_string(backup->seq()), path, std::to_string(backup->size_bytes())});
  console.Say({"phones keep what came after operation $0", "手机保留序号 $0 之后的操作"},
              {std::to_string(confirmed.archived_seq())});
  console.Note({"the register's key is not in it: keep register.key of the data directory, too",
                "备份不含登记库密钥：请另行保存数据目录中的 register.key"});
  return absl::OkStatus();
}

absl::Status ListBackups(Clerk& clerk, const Arguments&) {
  VIGIL_ASSIGN_OR_RETURN(const v1::ListBackupsResponse list,
                         clerk.office().ListBackups(v1::ListBackupsRequest()));
  console::Console& console = clerk.console();
  console.Json(list);
  Table table({{"id"},
               {std::string(console.In({"up to", "至"})), Table::Align::kRight},
               {std::string(console.In({"bytes", "字节"})), Table::Align::kRight},
               {std::string(console.In({"made", "生成时间"}))},
               {std::string(console.In({"by", "经手"}))},
               {std::string(console.In({"place", "存放处"}))}});
  for (const v1::Backup& backup : list.backups()) {
    table.AddRow({backup.id(), std::to_string(backup.seq()), std::to_string(backup.size_bytes()),
                  console::TimeText(backup.made_at(), clerk.zone()), clerk.NameOf(backup.person()),
                  backup.place()});
  }
  console.Show(table, {"no backup is kept", "没有保存备份"});
  for (const v1::Epoch& epoch : list.epochs()) {
    if (epoch.parent().empty()) continue;
    console.Say({"restored $0 to operation $1 by $2: $3", "$0 由 $2 恢复至序号 $1：$3"},
                {console::TimeText(epoch.began_at(), clerk.zone()),
                 std::to_string(epoch.back_to_seq()), clerk.NameOf(epoch.person()), epoch.why()});
  }
  return absl::OkStatus();
}

absl::Status ForgetBackup(Clerk& clerk, const Arguments& arguments) {
  v1::ForgetBackupRequest request;
  request.set_id(arguments.Value("ID"));
  VIGIL_ASSIGN_OR_RETURN(const v1::ForgetBackupResponse response,
                         clerk.office().ForgetBackup(request));
  clerk.console().Json(response);
  clerk.console().Say({"forgotten; phones keep what came after operation $0",
                       "已不再计入；手机保留序号 $0 之后的操作"},
                      {std::to_string(response.archived_seq())});
  return absl::OkStatus();
}

}  // namespace

std::vector<Command> BackupCommands() {
  return {
      {{"backup",
        {"make a copy of the register while it goes on, check it here, and count on it",
         "在线备份登记库，在本机核对后计入"},
        {{"FILE", "", {"where to", "备份文件"}, Count::kRequired},
         {"--place",
          "TEXT",
          {"where it will be kept, for the list; default: FILE", "存放处说明；默认为文件名"}},
         {"--force", "", {"replace a file that exists", "覆盖已有文件"}}},
        {"vigil-2017-06-30.db", "vigil.db --force --place 'tape 7'"}},
       Backup},
      {{"backup list",
        {"the backups that are kept, and the restores that there were", "已保存的备份与历次恢复"},
        {},
        {""}},
       ListBackups},
      {{"backup forget",
        {"a backup is not kept any longer: phones keep more from now on",
         "备份不再保存：手机今后多保留相应操作"},
        {{"ID", "", {"as `backup list` shows it", "见 backup list"}, Count::kRequired}},
        {"0197a4f2-0000-7000-8000-000000000000"}},
       ForgetBackup},
  };
}

}  // namespace vigil::office
