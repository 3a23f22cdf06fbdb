#include "tests/unit/sync/transport/scripted_register.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "sync/base/hash.h"
#include "sync/base/signing.h"
#include "sync/base/status.h"
#include "sync/rules/reason.h"
#include "tests/unit/sync/transport/fake_calls.h"

namespace vigil::transport {
namespace {

using rules::Refuse;

grpc::Status ToGrpc(const absl::Status& status, grpc::ServerContext& context) {
  if (status.ok()) return grpc::Status::OK;
  context.AddTrailingMetadata("vigil-error-bin", rules::ToDetail(status).SerializeAsString());
  return {static_cast<grpc::StatusCode>(status.code()), std::string(status.message())};
}

std::string Metadata(const grpc::ServerContext& context, const char* key) {
  const auto found = context.client_metadata().find(key);
  if (found == context.client_metadata().end()) return "";
  return {found->second.data(), found->second.size()};
}

}  // namespace

class ScriptedRegister::Access final : public v1::AccessService::Service {
 public:
  explicit Access(ScriptedRegister& owner) : owner_(owner) {}

  grpc::Status RefreshToken(grpc::ServerContext* context, const v1::RefreshTokenRequest* request,
                            v1::RefreshTokenResponse* response) override {
    absl::StatusOr<v1::RefreshTokenResponse> result = owner_.Exchange(*request);
    if (result.ok()) *response = *std::move(result);
    return ToGrpc(result.status(), *context);
  }
  grpc::Status SignOut(grpc::ServerContext* context, const v1::SignOutRequest*,
                       v1::SignOutResponse*) override {
    return ToGrpc(owner_.Admit(*context, "vigil.v1.AccessService/SignOut"), *context);
  }

 private:
  ScriptedRegister& owner_;
};

class ScriptedRegister::Sync final : public v1::SyncService::Service {
 public:
  explicit Sync(ScriptedRegister& owner) : owner_(owner) {}

  grpc::Status Hello(grpc::ServerContext* context, const v1::HelloRequest*,
                     v1::HelloResponse* response) override {
    response->set_device(kDevice);
    return ToGrpc(owner_.Admit(*context, "vigil.v1.SyncService/Hello"), *context);
  }
  grpc::Status Push(grpc::ServerContext* context, const v1::PushRequest*,
                    v1::PushResponse*) override {
    return ToGrpc(owner_.Admit(*context, "vigil.v1.SyncService/Push"), *context);
  }
  grpc::Status Pull(grpc::ServerContext* context, const v1::PullRequest*,
                    grpc::ServerWriter<v1::PullResponse>* writer) override {
    const absl::Status status = owner_.Admit(*context, "vigil.v1.SyncService/Pull");
    v1::PullResponse page;
    page.set_last(true);
    if (status.ok()) writer->Write(page);
    return ToGrpc(status, *context);
  }
  grpc::Status Watch(grpc::ServerContext* context, const v1::WatchRequest*,
                     grpc::ServerWriter<v1::WatchResponse>* writer) override {
    const absl::Status status = owner_.Admit(*context, "vigil.v1.SyncService/Watch");
    v1::WatchResponse news;
    news.set_seq(7);
    if (status.ok()) writer->Write(news);
    return ToGrpc(status, *context);
  }

 private:
  ScriptedRegister& owner_;
};

class ScriptedRegister::Office final : public v1::RegisterService::Service {
 public:
  explicit Office(ScriptedRegister& owner) : owner_(owner) {}

  grpc::Status GetSession(grpc::ServerContext* context, const v1::GetSessionRequest*,
                          v1::GetSessionResponse*) override {
    return ToGrpc(owner_.Admit(*context, "vigil.v1.RegisterService/GetSession"), *context);
  }

 private:
  ScriptedRegister& owner_;
};

ScriptedRegister::ScriptedRegister(const P256PublicKey& key, const std::string& refresh_token,
                                   Options options)
    : key_(key),
      options_(options),
      refresh_hash_(Sha256Of(refresh_token).bytes()),
      access_(std::make_unique<Access>(*this)),
      sync_(std::make_unique<Sync>(*this)),
      office_(std::make_unique<Office>(*this)) {
  std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials();
  if (!options.plain_text) {
    const testing::TestAuthority::Issued issued = authority_.Issue();
    grpc::SslServerCredentialsOptions tls(
        options.mutual ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                       : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
    tls.pem_key_cert_pairs.push_back({issued.key, issued.certificate});
    tls.pem_root_certs = authority_.certificate();
    credentials = grpc::SslServerCredentials(tls);
  }
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", credentials, &port_);
  builder.RegisterService(access_.get());
  builder.RegisterService(sync_.get());
  builder.RegisterService(office_.get());
  server_ = builder.BuildAndStart();
}

ScriptedRegister::~ScriptedRegister() { server_->Shutdown(); }

std::string ScriptedRegister::server() const { return absl::StrCat("127.0.0.1:", port_); }

absl::Time ScriptedRegister::Now() const { return absl::Now() + options_.clock_ahead; }

void ScriptedRegister::ExpireTokens() {
  const MutexLock lock(mutex_);
  expired_.insert(good_.begin(), good_.end());
  good_.clear();
}

void ScriptedRegister::ForgetTokens() {
  const MutexLock lock(mutex_);
  good_.clear();
  expired_.clear();
}

void ScriptedRegister::Revoke() {
  const MutexLock lock(mutex_);
  revoked_ = true;
}

void ScriptedRegister::LoseNextAnswer() {
  const MutexLock lock(mutex_);
  lose_next_ = true;
}

int ScriptedRegister::exchanges() {
  const MutexLock lock(mutex_);
  return exchanges_;
}

std::vector<std::string> ScriptedRegister::admitted() {
  const MutexLock lock(mutex_);
  return admitted_;
}

std::map<std::string, int> ScriptedRegister::refusals() {
  const MutexLock lock(mutex_);
  return refusals_;
}

absl::Status ScriptedRegister::Admit(const grpc::ServerContext& context,
                                     const std::string& method) {
  const MutexLock lock(mutex_);
  const absl::Status status = Judge(context, method);
  if (status.ok()) {
    admitted_.push_back(method);
  } else {
    ++refusals_[ReasonOf(status)];
  }
  return status;
}

absl::Status ScriptedRegister::Judge(const grpc::ServerContext& context,
                                     const std::string& method) {
  const std::string authorization = Metadata(context, "authorization");
  const std::string token = authorization.substr(0, 7) == "Bearer " ? authorization.substr(7) : "";
  if (expired_.count(token) > 0) return Refuse(v1::REASON_TOKEN_EXPIRED, "expired");
  if (good_.count(token) == 0) return Refuse(v1::REASON_UNAUTHENTICATED, "unknown");
  if (revoked_) return Refuse(v1::REASON_DEVICE_REVOKED, "revoked");
  if (method == "vigil.v1.SyncService/Push") return absl::OkStatus();
  return CheckProof(token, method, Metadata(context, "vigil-proof-bin"));
}

absl::Status ScriptedRegister::CheckProof(const std::string& token, const std::string& method,
                                          const std::string& bytes) {
  v1::CallProof proof;
  const bool parsed = !bytes.empty() && proof.ParseFromString(bytes);
  const absl::Time issued_at =
      FromMicros(google::protobuf::util::TimeUtil::TimestampToMicroseconds(proof.issued_at()));
  const std::string to_sign = BytesToSign(CallToSign{.register_id = *Uuid::Parse(kRegister),
                                                     .token_hash = Sha256Of(token),
                                                     .method = method,
                                                     .issued_at = issued_at,
                                                     .nonce = proof.nonce()});
  const bool in_time = issued_at > Now() - absl::Minutes(1) && issued_at < Now() + absl::Minutes(1);
  if (parsed && in_time && key_.Verifies({.message = to_sign, .signature = proof.signature()}) &&
      nonces_.insert(proof.nonce()).second) {
    return absl::OkStatus();
  }
  return Refuse(v1::REASON_PROOF_INVALID, "no").With("server_time_us", ToMicros(Now()));
}

absl::StatusOr<v1::RefreshTokenResponse> ScriptedRegister::Exchange(
    const v1::RefreshTokenRequest& request) {
  const MutexLock lock(mutex_);
  ++exchanges_;
  const Sha256 presented = Sha256Of(request.refresh_token());
  const std::optional<Sha256> next = Sha256::FromBytes(request.next_hash());
  const bool genuine =
      next && request.device() == kDevice &&
      key_.Verifies(
          {.message = BytesToSign(RefreshToSign{.refresh_hash = presented, .next_hash = *next}),
           .signature = request.signature()});
  const bool again =
      genuine && presented.bytes() == previous_hash_ && next->bytes() == refresh_hash_;
  if (revoked_) return Refuse(v1::REASON_DEVICE_REVOKED, "revoked");
  if (!genuine || ended_ || (!again && presented.bytes() != refresh_hash_)) {
    ended_ = ended_ || genuine;
    ++refusals_["not the next token"];
    return Refuse(v1::REASON_UNAUTHENTICATED, "not the next token");
  }
  previous_hash_ = std::string(presented.bytes());
  refresh_hash_ = std::string(next->bytes());
  if (std::exchange(lose_next_, false)) {
    // UNAVAILABLE would be asked for again by the channel itself.
    return Refuse(v1::REASON_INTERNAL, "the answer is lost");
  }
  v1::RefreshTokenResponse response;
  response.mutable_token()->set_token(absl::StrCat("token-", exchanges_));
  good_.insert(response.token().token());
  *response.mutable_token()->mutable_expires_at() = ToTimestamp(Now() + absl::Minutes(15));
  *response.mutable_server_time() = ToTimestamp(Now());
  return response;
}

}  // namespace vigil::transport
