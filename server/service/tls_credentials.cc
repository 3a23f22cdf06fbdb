#include "server/service/tls_credentials.h"

#include <cstdint>
#include <string>

#include "grpc/grpc.h"
#include "grpc/grpc_security.h"

namespace vigil::service {

namespace {

// gRPC's C++ interface has no TLS whose certificate can be exchanged but for one that watches files
// and ends the process when it finds an empty one. Its C interface asks for the certificate at each
// handshake; this passes it on.
class Rotating final : public grpc::ServerCredentials {
 public:
  Rotating(const CertificateStore& store, bool ask_clients) : store_(store) {
    grpc_ssl_server_credentials_options* const options =
        grpc_ssl_server_credentials_create_options_using_config_fetcher(
            ask_clients ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                        : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE,
            &Rotating::Fetch, this);
    credentials_ = grpc_ssl_server_credentials_create_with_options(options);
  }
  ~Rotating() override { grpc_server_credentials_release(credentials_); }

  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  // Under gRPC's own lock: handshakes do not come here at the same time.
  static grpc_ssl_certificate_config_reload_status Fetch(
      void* user_data, grpc_ssl_server_certificate_config** config) {
    auto& self = *static_cast<Rotating*>(user_data);
    const std::shared_ptr<const CertificateStore::InForce> in_force = self.store_.in_force();
    if (in_force == nullptr) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_FAIL;
    if (in_force->version == self.version_) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    const access::CertificateFiles& files = in_force->files;
    const grpc_ssl_pem_key_cert_pair pair = {files.key.c_str(), files.chain.c_str()};
    // gRPC ends the process where there are no authorities, also if nobody is asked for anything.
    const std::string& authorities =
        files.client_authorities.empty() ? files.chain : files.client_authorities;
    *config = grpc_ssl_server_certificate_config_create(authorities.c_str(), &pair, 1);
    self.version_ = in_force->version;
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

  const CertificateStore& store_;
  grpc_server_credentials* credentials_ = nullptr;
  std::uint64_t version_ = 0;
};

}  // namespace

std::shared_ptr<grpc::ServerCredentials> TlsCredentials(const CertificateStore& store,
                                                        bool ask_clients) {
  return std::make_shared<Rotating>(store, ask_clients);
}

}  // namespace vigil::service
