#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "server/access/access_control.h"
#include "server/cli/program.h"
#include "server/register/restore.h"
#include "server/store/closed_register.h"
#include "server/store/restore_file.h"
#include "sync/base/hash.h"
#include "sync/base/p256.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/cli/console/json.h"
#include "sync/rules/reason.h"

// Going back to a backup, on the machine of the register, which does not run.

namespace vigil::office {

using console::Arguments;
using console::Count;

namespace {

constexpr char kRegisterFile[] = "register.db";
constexpr char kKeyFile[] = "register.key";
constexpr char kDeclarer[] = "admin";
constexpr std::size_t kKeyBytesMax = 4096;
constexpr std::size_t kChunkBytes = 1024 * 1024;
constexpr unsigned kSecretMode = 0400;

absl::StatusOr<P256PrivateKey> KeyOf(FileSystem& files, const std::string& path, bool make) {
  if (!files.Exists(path)) {
    if (!make) {
      return absl::FailedPreconditionError(
          absl::StrCat("the register's key is not there: put it at ", path,
                       ", or give --new-key; then all phones have to enrol anew (vigil-field init "
                       "--anew) and the office has to sign in anew, since they trust the old one "
                       "alone"));
    }
    VIGIL_RETURN_IF_ERROR(files.WriteAtomic(path, P256PrivateKey::Generate().ToPem(),
                                            {.mode = kSecretMode, .must_be_new = true}));
  }
  VIGIL_ASSIGN_OR_RETURN(const std::string pem, files.Read(path, kKeyBytesMax));
  absl::StatusOr<P256PrivateKey> key = P256PrivateKey::FromPem(pem);
  if (!key.ok()) return Annotate(key.status(), absl::StrCat(path, " holds no key"));
  return key;
}

// Who declares it: somebody who had the backup's register in his hands.
absl::StatusOr<Uuid> DeclarerOf(store::Snapshot& snapshot, const std::string& code,
                                absl::Time now) {
  VIGIL_ASSIGN_OR_RETURN(const std::optional<Uuid> id,
                         snapshot.FindByKey(v1::Entity::kPerson, code));
  v1::Record person;
  if (id) {
    VIGIL_ASSIGN_OR_RETURN(const std::optional<store::StoredRecord> stored,
                           snapshot.FindRecord(*id));
    if (!stored || !person.ParseFromString(stored->bytes)) {
      return absl::DataLossError("a person's record cannot be read");
    }
  }
  rules::Author author;
  author.person = person.id();
  VIGIL_ASSIGN_OR_RETURN(author.roles, access::RolesOf(snapshot, person.entity().person(), now,
                                                       absl::FixedTimeZone(8 * 60 * 60)));
  google::protobuf::RepeatedField<int> needed;
  needed.Add(v1::ROLE_ADMINISTRATOR);
  VIGIL_ASSIGN_OR_RETURN(const bool may, access::HoldsEverywhere(needed, author, snapshot));
  if (id && may && !person.entity().person().departed()) return *id;
  return rules::Refuse(v1::REASON_NOT_PERMITTED,
                       absl::StrCat("in this backup, ", code,
                                    " is no administrator of the whole register: say with --by who "
                                    "declares the restore"))
      .With("person", code);
}

absl::StatusOr<v1::Backup> Describe(AccessTerms& terms, const std::string& path,
                                    const Uuid& person) {
  v1::Backup backup;
  Sha256Hasher hasher;
  std::int64_t size = 0;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const std::string chunk, terms.files.ReadRange(path, size, kChunkBytes));
    if (chunk.empty()) break;
    hasher.Update(chunk);
    size += static_cast<std::int64_t>(chunk.size());
  }
  const absl::Time now = terms.clock.Now();
  backup.set_id(MakeUuidV7(now, terms.random).ToString());
  backup.set_size_bytes(size);
  backup.set_sha256(std::string(hasher.Finish().bytes()));
  *backup.mutable_made_at() =
      google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(ToMicros(now));
  backup.set_place(path);
  backup.set_person(person.ToString());
  return backup;
}

// Phones let go of what lies up to the oldest backup that the register counts on. Nothing: it
// counts on none, or cannot be read any more.
std::optional<Seq> CountedOn(AccessTerms& terms, const std::string& path) {
  const auto old = store::ClosedRegister::Open(terms.files, path);
  if (!old.ok()) return std::nullopt;
  const auto snapshot = (*old)->Read();
  if (!snapshot.ok()) return std::nullopt;
  const auto backups = (*snapshot)->Backups();
  if (!backups.ok() || backups->empty()) return std::nullopt;
  Seq oldest(backups->front().seq());
  for (const v1::Backup& backup : *backups) oldest = std::min(oldest, Seq(backup.seq()));
  return oldest;
}

absl::Status Restore(AccessTerms& terms, const Arguments& arguments) {
  const std::string file = arguments.Value("FILE");
  const std::string directory = arguments.Value("--data");
  const std::string why = arguments.Value("--why");
  const std::string by = arguments.Has("--by") ? arguments.Value("--by") : kDeclarer;
  VIGIL_ASSIGN_OR_RETURN(P256PrivateKey key, KeyOf(terms.files, JoinPath(directory, kKeyFile),
                                                   arguments.Has("--new-key")));
  registry::RestoreRequest request;
  request.backup = file;
  request.why = why;
  request.now = terms.clock.Now();
  request.epoch = MakeUuidV7(request.now, terms.random);
  {
    VIGIL_ASSIGN_OR_RETURN(const auto backup, store::ClosedRegister::Open(terms.files, file));
    VIGIL_ASSIGN_OR_RETURN(const auto snapshot, backup->Read());
    VIGIL_ASSIGN_OR_RETURN(request.person, DeclarerOf(*snapshot, by, request.now));
  }
  VIGIL_ASSIGN_OR_RETURN(request.kept, Describe(terms, file, request.person));
  const store::RestorePlace place{.files = terms.files, .path = JoinPath(directory, kRegisterFile)};
  const std::optional<Seq> counted_on = CountedOn(terms, place.path);
  VIGIL_ASSIGN_OR_RETURN(const v1::Epoch epoch, registry::Restore(place, request, key));
  terms.console.Json(epoch);
  terms.console.Say(
      {"restored to operation $0; epoch $1 begins", "已恢复至序号 $0；新纪元 $1 开始"},
      {std::to_string(epoch.back_to_seq()), epoch.id()});
  if (counted_on && Seq(epoch.back_to_seq()) < *counted_on) {
    terms.console.Note(
        {"this backup is older than those that the register counted on: phones may have let go of "
         "what they had done up to operation $0, and cannot send it again",
         "该备份早于登记库所依据的最旧备份：手机可能已清除序号 $0 及之前的记录，无法重新发送"},
        {std::to_string(counted_on->value())});
  }
  terms.console.Note(
      {"start vigild; phones send again what the backup lacks. What the office did since then is "
       "lost: see `vigilctl witness list`, and revoke again what was revoked",
       "请启动 vigild；手机会重新发送备份中缺少的内容。办公室在此之后所做的已丢失：见 vigilctl "
       "witness list，并重新撤销其间撤销的权限"});
  return absl::OkStatus();
}

}  // namespace

std::vector<AccessCommand> RestoreCommands() {
  return {
      {{"restore",
        {"go back to a backup, declared and signed; on the register's machine, while vigild does "
         "not run",
         "恢复到备份，须声明原因并签署；在登记库本机、vigild 停止时运行"},
        {{"FILE", "", {"the backup", "备份文件"}, Count::kRequired},
         {"--data", "DIR", {"the register's data directory", "登记库数据目录"}, Count::kRequired},
         {"--why", "TEXT", {"everybody will see it", "原因，所有人可见"}, Count::kRequired},
         {"--by",
          "PERSON",
          {"who declares it, an administrator; default: admin", "声明人（管理员）；默认 admin"}},
         {"--new-key",
          "",
          {"make a key where there is none: all phones enrol anew",
           "没有密钥时新建：所有手机须重新注册"}}},
        {"vigil-2017-06-30.db --data /var/lib/vigil --why 'the disk failed'"}},
       Restore},
  };
}

}  // namespace vigil::office
