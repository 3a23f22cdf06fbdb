#include "server/service/register_key.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "sync/base/status.h"

namespace vigil::service {
namespace {

constexpr std::size_t kKeyFileBytesMax = 4096;
constexpr unsigned kSecretMode = 0400;

}  // namespace

absl::StatusOr<P256PrivateKey> LoadRegisterKey(FileSystem& files, const std::string& path,
                                               store::RegisterStore& store) {
  if (!files.Exists(path)) {
    VIGIL_ASSIGN_OR_RETURN(const auto snapshot, store.Read());
    VIGIL_ASSIGN_OR_RETURN(const store::Head head, snapshot->GetHead());
    if (head.seq != Seq(0)) {
      return absl::FailedPreconditionError(absl::StrCat(
          "the register's key is not there: put it back at ", path,
          ". Where it is lost for good, make another one with vigilctl restore --new-key, from the "
          "newest backup or a copy of this stopped register; phones and the office have to enrol "
          "and sign in anew then, since they trust the old one alone"));
    }
    VIGIL_RETURN_IF_ERROR(files.WriteAtomic(path, P256PrivateKey::Generate().ToPem(),
                                            {.mode = kSecretMode, .must_be_new = true}));
  }
  VIGIL_ASSIGN_OR_RETURN(const std::string pem, files.Read(path, kKeyFileBytesMax));
  absl::StatusOr<P256PrivateKey> key = P256PrivateKey::FromPem(pem);
  if (!key.ok()) return Annotate(key.status(), absl::StrCat(path, " holds no key"));
  return key;
}

}  // namespace vigil::service
