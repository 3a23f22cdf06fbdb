#include "sync/transport/connection.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "sync/base/loopback.h"
#include "sync/base/status.h"
#include "sync/rules/reason.h"

namespace vigil::transport {
namespace {

using rules::Refuse;

constexpr std::size_t kPemBytesMax = std::size_t{4} << 20;
constexpr std::string_view kCertificateMark = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view kKeyMark = "PRIVATE KEY-----";

absl::StatusOr<std::string> ReadPem(FileSystem& files, const std::string& path,
                                    std::string_view mark) {
  VIGIL_ASSIGN_OR_RETURN(std::string text, files.Read(path, kPemBytesMax));
  if (text.find(mark) == std::string::npos) {
    return Refuse(v1::REASON_CERTIFICATE_INVALID, mark == kKeyMark
                                                      ? "there is no private key in this file"
                                                      : "there is no certificate in this file")
        .With("file", path);
  }
  return text;
}

}  // namespace

bool IsLoopback(std::string_view server) {
  const std::size_t colon = server.rfind(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view port = server.substr(colon + 1);
  if (port.empty() || port.find_first_not_of("0123456789") != std::string_view::npos) return false;
  const std::string_view host = server.substr(0, colon);
  if (host == "[::1]") return true;
  return host.find(':') == std::string_view::npos && IsLoopbackHost(host);
}

absl::Status CheckConnection(const Connection& connection) {
  if (connection.server.empty()) {
    return Refuse(v1::REASON_INVALID_CONFIGURATION, "the register's address is missing");
  }
  if (connection.certificate.empty() != connection.key.empty()) {
    return Refuse(v1::REASON_INVALID_CONFIGURATION,
                  "a client certificate and its key go together: give both or none");
  }
  if (!connection.plain_text) return absl::OkStatus();
  if (!connection.authorities.empty() || !connection.certificate.empty()) {
    return Refuse(v1::REASON_INVALID_CONFIGURATION,
                  "plain text has no certificates: give either these or plain text");
  }
  if (!IsLoopback(connection.server)) {
    return Refuse(v1::REASON_INVALID_CONFIGURATION,
                  "plain text goes to this machine only (127.0.0.1, [::1], localhost); leave it "
                  "out, so that the connection is encrypted")
        .With("server", connection.server);
  }
  return absl::OkStatus();
}

absl::StatusOr<Connection> ReadConnection(FileSystem& files, const ConnectionFiles& asked) {
  Connection connection;
  connection.server = asked.server;
  connection.plain_text = asked.plain_text;
  if (!asked.ca_file.empty()) {
    VIGIL_ASSIGN_OR_RETURN(connection.authorities, ReadPem(files, asked.ca_file, kCertificateMark));
  }
  if (!asked.certificate_file.empty()) {
    VIGIL_ASSIGN_OR_RETURN(connection.certificate,
                           ReadPem(files, asked.certificate_file, kCertificateMark));
  }
  if (!asked.key_file.empty()) {
    VIGIL_ASSIGN_OR_RETURN(connection.key, ReadPem(files, asked.key_file, kKeyMark));
  }
  VIGIL_RETURN_IF_ERROR(CheckConnection(connection));
  return connection;
}

}  // namespace vigil::transport
