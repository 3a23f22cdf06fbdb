#include "server/access/certificate.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <ctime>
#include <memory>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sync/base/hash.h"
#include "sync/base/status.h"
#include "sync/rules/reason.h"

namespace vigil::access {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

// Without this callback OpenSSL would ask the terminal for a password.
int NoPassword(char*, int, int, void*) { return -1; }

absl::Status Invalid(std::string_view why) {
  return rules::Refuse(v1::REASON_CERTIFICATE_INVALID, why);
}

Owned<BIO> Reader(const std::string& pem) {
  return Owned<BIO>(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// Every certificate of the file; an error for one that cannot be read.
absl::StatusOr<std::vector<Owned<X509>>> ReadCertificates(const std::string& pem,
                                                          std::string_view what) {
  std::vector<Owned<X509>> certificates;
  const Owned<BIO> reader = Reader(pem);
  ERR_clear_error();
  while (X509* next = PEM_read_bio_X509(reader.get(), nullptr, NoPassword, nullptr)) {
    certificates.emplace_back(next);
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (certificates.empty() || !at_end) {
    return Invalid(absl::StrCat(ToAbsl(what),
                                pem.empty() ? " is empty" : " does not hold certificates in PEM"));
  }
  return certificates;
}

absl::StatusOr<absl::Time> ToTime(const ASN1_TIME* time) {
  std::tm civil{};
  if (ASN1_TIME_to_tm(time, &civil) != 1) return Invalid("the certificate's dates cannot be read");
  return absl::FromTM(civil, absl::UTCTimeZone());
}

std::string SubjectOf(const X509* certificate) {
  const Owned<BIO> memory(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(memory.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string FingerprintOf(X509* certificate) {
  unsigned char* encoded = nullptr;
  const int size = i2d_X509(certificate, &encoded);
  const std::string der(reinterpret_cast<const char*>(encoded), static_cast<std::size_t>(size));
  OPENSSL_free(encoded);
  return Sha256Of(der).ToHex();
}

}  // namespace

absl::StatusOr<CertificateInfo> CheckCertificate(const CertificateFiles& files, absl::Time now) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Owned<X509>> chain,
                         ReadCertificates(files.chain, "the certificate file"));
  if (files.key.empty()) return Invalid("the key file is empty");
  const Owned<BIO> reader = Reader(files.key);
  const Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(reader.get(), nullptr, NoPassword, nullptr));
  if (key == nullptr) return Invalid("the key file holds no key in PEM, or an encrypted one");
  X509* const own = chain.front().get();
  if (X509_check_private_key(own, key.get()) != 1) {
    return Invalid("the key is not this certificate's (the server's own must stand first)");
  }
  if (!files.client_authorities.empty()) {
    VIGIL_RETURN_IF_ERROR(
        ReadCertificates(files.client_authorities, "the file of the clients' authorities"));
  }
  CertificateInfo info;
  info.subject = SubjectOf(own);
  info.fingerprint = FingerprintOf(own);
  VIGIL_ASSIGN_OR_RETURN(info.not_before, ToTime(X509_get0_notBefore(own)));
  VIGIL_ASSIGN_OR_RETURN(info.not_after, ToTime(X509_get0_notAfter(own)));
  for (const Owned<X509>& each : chain) {
    VIGIL_ASSIGN_OR_RETURN(const absl::Time from, ToTime(X509_get0_notBefore(each.get())));
    VIGIL_ASSIGN_OR_RETURN(const absl::Time until, ToTime(X509_get0_notAfter(each.get())));
    if (now < from) return Invalid(absl::StrCat(SubjectOf(each.get()), " is not valid yet"));
    if (now >= until) return Invalid(absl::StrCat(SubjectOf(each.get()), " has expired"));
  }
  return info;
}

}  // namespace vigil::access
