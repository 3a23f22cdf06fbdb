#ifndef VIGIL_SERVER_SERVICE_TLS_CREDENTIALS_H_
#define VIGIL_SERVER_SERVICE_TLS_CREDENTIALS_H_

#include <memory>

#include "grpcpp/security/server_credentials.h"
#include "server/service/certificate_store.h"

namespace vigil::service {

// TLS 1.2 or better with the certificate that is in force when a connection begins. The store must
// have one, and must outlive the server. `ask_clients`: a client without a certificate of the
// store's authorities is not let in.
std::shared_ptr<grpc::ServerCredentials> TlsCredentials(const CertificateStore& store,
                                                        bool ask_clients);

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_TLS_CREDENTIALS_H_
