#include "tests/support/test_authority.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "absl/time/clock.h"
#include "sync/base/check.h"

namespace vigil::testing {
namespace {

using Key = std::shared_ptr<evp_pkey_st>;
using Certificate = std::shared_ptr<x509_st>;

Key NewKey() {
  return {EVP_EC_gen("prime256v1"), [](EVP_PKEY* key) { EVP_PKEY_free(key); }};
}

template <typename Write>
std::string ToPem(const Write& write) {
  BIO* memory = BIO_new(BIO_s_mem());
  VIGIL_CHECK(write(memory) == 1) << "cannot write PEM";
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory, &text);
  std::string pem(text, static_cast<std::size_t>(size));
  BIO_free(memory);
  return pem;
}

std::string PemOf(const Certificate& certificate) {
  return ToPem([&](BIO* memory) { return PEM_write_bio_X509(memory, certificate.get()); });
}

void AddExtension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  VIGIL_CHECK(extension != nullptr) << value;
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

Certificate NewCertificate(const TestAuthority::Subject& subject, const Key& key) {
  static int serial = 0;
  Certificate made(X509_new(), [](X509* certificate) { X509_free(certificate); });
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial);
  ASN1_TIME_set(X509_getm_notBefore(made.get()), absl::ToTimeT(subject.from));
  ASN1_TIME_set(X509_getm_notAfter(made.get()), absl::ToTimeT(subject.until));
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(subject.name.c_str()), -1, -1,
                             0);
  X509_set_pubkey(made.get(), key.get());
  return made;
}

}  // namespace

TestAuthority::TestAuthority() : key_(NewKey()) {
  own_ = NewCertificate({.name = "Test authority", .until = absl::Now() + absl::Hours(240)}, key_);
  X509_set_issuer_name(own_.get(), X509_get_subject_name(own_.get()));
  AddExtension(own_.get(), own_.get(), NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(own_.get(), own_.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  AddExtension(own_.get(), own_.get(), NID_subject_key_identifier, "hash");
  VIGIL_CHECK(X509_sign(own_.get(), key_.get(), EVP_sha256()) > 0) << "cannot sign";
  certificate_ = PemOf(own_);
}

TestAuthority::Issued TestAuthority::Issue(const Subject& subject) const {
  const Key key = NewKey();
  const Certificate made = NewCertificate(subject, key);
  X509_set_issuer_name(made.get(), X509_get_subject_name(own_.get()));
  AddExtension(made.get(), own_.get(), NID_basic_constraints, "CA:FALSE");
  AddExtension(made.get(), own_.get(), NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
  VIGIL_CHECK(X509_sign(made.get(), key_.get(), EVP_sha256()) > 0) << "cannot sign";
  return {PemOf(made), ToPem([&](BIO* memory) {
            return PEM_write_bio_PKCS8PrivateKey(memory, key.get(), nullptr, nullptr, 0, nullptr,
                                                 nullptr);
          })};
}

}  // namespace vigil::testing
