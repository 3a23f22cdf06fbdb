#include "server/store/closed_register.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/store/open_error.h"
#include "server/store/rows.h"
#include "server/store/schema.h"
#include "server/store/sqlite_snapshot.h"
#include "sync/base/status.h"

namespace vigil::store {
namespace {

// Where SQLite locks: whoever reads a file, or serves a register, holds these bytes. (The file
// format calls them the lock-byte page.)
constexpr off_t kSharedFirst = 0x40000002;
constexpr off_t kSharedBytes = 510;

constexpr std::size_t kReadersMax = 1;

absl::Status Failure(int error, const std::string& path) {
  const auto code =
      error == EACCES ? absl::StatusCode::kPermissionDenied : absl::StatusCode::kUnavailable;
  return Error(code, "opening " + path + ": " + std::generic_category().message(error));
}

}  // namespace

std::string ImmutableUri(const std::string& path) {
  std::string uri = path.rfind('/', 0) == 0 ? "file://" : "file:";
  for (const char c : path) {
    if (c == '%' || c == '?' || c == '#') {
      absl::StrAppendFormat(&uri, "%%%02X", static_cast<unsigned char>(c));
    } else {
      uri.push_back(c);
    }
  }
  return uri + "?immutable=1";
}

ClosedRegister::~ClosedRegister() {
  readers_.reset();
  ::close(file_);
}

absl::StatusOr<std::unique_ptr<ClosedRegister>> ClosedRegister::Open(FileSystem& files,
                                                                     const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return Failure(errno, path);
  std::unique_ptr<ClosedRegister> opened(new ClosedRegister(file, path));
  struct flock lock {};
  lock.l_type = F_RDLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = kSharedFirst;
  lock.l_len = kSharedBytes;
  // Of the open file, not of the process, which closes the file elsewhere too.
  if (::fcntl(file, F_OFD_SETLK, &lock) != 0) return Failure(errno, path);
  VIGIL_RETURN_IF_ERROR(opened->CheckIsWhole(files));
  const absl::Status status = opened->OpenDatabase();
  if (!status.ok()) return WhyNotOpened(status, path);
  return opened;
}

absl::Status ClosedRegister::CheckIsWhole(FileSystem& files) {
  for (const char* const suffix : {"-wal", "-journal"}) {
    if (!files.Exists(path_ + suffix)) continue;
    VIGIL_ASSIGN_OR_RETURN(const std::int64_t size, files.Size(path_ + suffix));
    if (size == 0) continue;
    return Error(absl::StatusCode::kFailedPrecondition,
                 absl::StrCat("the register was not stopped in order: what it acknowledged last "
                              "stands in ",
                              path_, suffix,
                              ". Start vigild once on this directory, or on a copy of all of it, "
                              "and stop it"))
        .With("file", path_ + suffix);
  }
  return absl::OkStatus();
}

absl::Status ClosedRegister::OpenDatabase() {
  sqlite::OpenOptions options;
  options.mode = sqlite::OpenOptions::Mode::kReadOnly;
  options.application_id = kRegisterApplicationId;
  readers_ = std::make_shared<ReaderPool>(ImmutableUri(path_), options, kReadersMax);
  VIGIL_ASSIGN_OR_RETURN(std::unique_ptr<sqlite::Database> database, readers_->Take());
  VIGIL_RETURN_IF_ERROR(CheckVersion(*database, path_));
  VIGIL_ASSIGN_OR_RETURN(const std::int64_t version, database->UserVersion());
  if (version < RegisterSchema().version()) {
    return Error(absl::StatusCode::kFailedPrecondition,
                 path_ +
                     " was written by an older Vigil. Start this vigild once on it, or on a "
                     "copy of it, and stop it")
        .With("file", path_)
        .With("schema_version", version);
  }
  VIGIL_RETURN_IF_ERROR(database->QuickCheck());
  readers_->Give(std::move(database));
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Snapshot>> ClosedRegister::Read() {
  // No question that this answers asks for the day.
  return SqliteSnapshot::Begin(readers_, absl::UTCTimeZone());
}

}  // namespace vigil::store
