#include "server/service/register_key.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "server/service/log.h"
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
      Log(v1::LOG_LEVEL_WARNING, "the register's key was lost; a new one is made",
          {{"file", path}});
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
