#include "server/outbox/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "sync/base/descriptor.h"
#include "sync/base/status.h"

namespace vigil::outbox {

namespace {

constexpr std::size_t kBytesMax = 64 * 1024;
constexpr mode_t kOthers = S_IRWXG | S_IRWXO;

absl::Status Unfit(const std::string& path, std::string_view why) {
  return absl::FailedPreconditionError(absl::StrCat(path, " ", ToAbsl(why)));
}

}  // namespace

absl::StatusOr<std::string> ReadSecretFile(const std::string& path) {
  // Not to wait for a writer of what is no file.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open()) {
    return absl::ErrnoToStatus(errno, absl::StrCat("reading ", path, " failed"));
  }
  struct stat info {};
  if (::fstat(file.number(), &info) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("looking at ", path, " failed"));
  }
  if (!S_ISREG(info.st_mode)) return Unfit(path, "is no file");
  if ((info.st_mode & kOthers) != 0) {
    return Unfit(path, "may be read by others than its owner: chmod 600 it");
  }
  std::string content;
  std::string part(4096, '\0');
  while (content.size() <= kBytesMax) {
    const ssize_t got = ::read(file.number(), part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return absl::ErrnoToStatus(errno, absl::StrCat("reading ", path, " failed"));
    if (got == 0) return content;
    content.append(part, 0, static_cast<std::size_t>(got));
  }
  return Unfit(path, "is too long for a secret");
}

absl::StatusOr<std::string> ReadSecretWord(const std::string& path) {
  VIGIL_ASSIGN_OR_RETURN(const std::string content, ReadSecretFile(path));
  const absl::string_view word = absl::StripAsciiWhitespace(content);
  if (word.empty()) return Unfit(path, "is empty");
  for (const char c : word) {
    if (static_cast<unsigned char>(c) <= ' ' || c == 127) return Unfit(path, "has several words");
  }
  return std::string(word);
}

}  // namespace vigil::outbox
