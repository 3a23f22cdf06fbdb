#include "server/service/certificate_store.h"

#include <string>
#include <utility>

#include "sync/base/status.h"
#include "sync/rules/reason.h"

namespace vigil::service {

namespace {

constexpr std::size_t kPemBytesMax = 1024 * 1024;

bool IsSame(const access::CertificateFiles& a, const access::CertificateFiles& b) {
  return a.chain == b.chain && a.key == b.key && a.client_authorities == b.client_authorities;
}

absl::StatusOr<std::string> ReadPem(FileSystem& files, const std::string& path) {
  if (path.empty()) return std::string();
  absl::StatusOr<std::string> pem = files.Read(path, kPemBytesMax);
  if (pem.ok()) return pem;
  return rules::Refuse(v1::REASON_CERTIFICATE_INVALID, ToStd(pem.status().message()));
}

}  // namespace

absl::StatusOr<access::CertificateFiles> CertificateStore::ReadFiles() {
  access::CertificateFiles read;
  VIGIL_ASSIGN_OR_RETURN(read.chain, ReadPem(files_, tls_.certificate_file()));
  VIGIL_ASSIGN_OR_RETURN(read.key, ReadPem(files_, tls_.key_file()));
  VIGIL_ASSIGN_OR_RETURN(read.client_authorities, ReadPem(files_, tls_.client_authorities_file()));
  // An emptied file must not open the door to clients without a certificate.
  if (!tls_.client_authorities_file().empty() && read.client_authorities.empty()) {
    return rules::Refuse(v1::REASON_CERTIFICATE_INVALID,
                         "the file of the clients' authorities is empty");
  }
  return read;
}

absl::StatusOr<CertificateStore::Look> CertificateStore::Refresh(absl::Time now) {
  absl::StatusOr<access::CertificateFiles> read = ReadFiles();
  const MutexLock lock(mutex_);
  if (read.ok() && in_force_ != nullptr && IsSame(*read, in_force_->files)) {
    fault_ = absl::OkStatus();
    return Look{.changed = false, .info = in_force_->info};
  }
  const absl::StatusOr<access::CertificateInfo> info =
      read.ok() ? access::CheckCertificate(*read, now)
                : absl::StatusOr<access::CertificateInfo>(read.status());
  if (!info.ok()) {
    const bool told = fault_ == info.status() && in_force_ != nullptr;
    fault_ = info.status();
    if (told) return Look{.changed = false, .info = in_force_->info};
    return info.status();
  }
  fault_ = absl::OkStatus();
  const std::uint64_t version = in_force_ == nullptr ? 1 : in_force_->version + 1;
  in_force_ = std::make_shared<const InForce>(InForce{*std::move(read), *info, version});
  return Look{.changed = true, .info = *info};
}

std::shared_ptr<const CertificateStore::InForce> CertificateStore::in_force() const {
  const MutexLock lock(mutex_);
  return in_force_;
}

}  // namespace vigil::service
