#include "server/service/guard.h"

#include <array>
#include <memory>

#include "absl/strings/str_cat.h"
#include "server/access/access_control.h"
#include "sync/base/check.h"
#include "sync/base/status.h"
#include "sync/rules/reason.h"
#include "vigil/v1/access_service.pb.h"
#include "vigil/v1/admin_service.pb.h"
#include "vigil/v1/evidence_service.pb.h"
#include "vigil/v1/policy.pb.h"
#include "vigil/v1/register_service.pb.h"
#include "vigil/v1/sync_service.pb.h"

namespace vigil::service {

namespace {

constexpr char kAuthorization[] = "authorization";

std::array<const google::protobuf::FileDescriptor*, 5> ServiceFiles() {
  return {v1::HelloRequest::descriptor()->file(), v1::SubmitRequest::descriptor()->file(),
          v1::AddDeviceRequest::descriptor()->file(), v1::EnrolRequest::descriptor()->file(),
          v1::EvidenceStatus::descriptor()->file()};
}

template <typename Visit>
void ForEachMethod(const Visit& visit) {
  for (const google::protobuf::FileDescriptor* file : ServiceFiles()) {
    for (int i = 0; i < file->service_count(); ++i) {
      for (int j = 0; j < file->service(i)->method_count(); ++j) {
        visit(*file->service(i)->method(j));
      }
    }
  }
}

}  // namespace

Guard::Guard(store::RegisterStore& store) : store_(store) {
  ForEachMethod([this](const google::protobuf::MethodDescriptor& method) {
    methods_[absl::StrCat(method.service()->name(), ".", method.name())] = &method;
  });
}

absl::Status Guard::CheckContract() {
  std::string faults;
  ForEachMethod([&faults](const google::protobuf::MethodDescriptor& method) {
    const v1::RpcRules& rules = method.options().GetExtension(v1::rpc);
    if ((rules.roles().empty() && !rules.anybody()) || rules.channels().empty()) {
      absl::StrAppend(&faults, faults.empty() ? "" : ", ", method.full_name());
    }
  });
  if (faults.empty()) return absl::OkStatus();
  return Error(absl::StatusCode::kInternal,
               absl::StrCat("methods without a rule of who may call them: ", faults));
}

absl::StatusOr<rules::Author> Guard::Admit(const grpc::ServerContextBase& context,
                                           std::string_view method) const {
  const auto found = methods_.find(ToAbsl(method));
  VIGIL_CHECK(found != methods_.end()) << method;
  const auto& metadata = context.client_metadata();
  const auto header = metadata.find(kAuthorization);
  if (header == metadata.end() || metadata.count(kAuthorization) != 1) {
    return rules::Refuse(v1::REASON_UNAUTHENTICATED, "no valid credential was given");
  }
  VIGIL_ASSIGN_OR_RETURN(const std::unique_ptr<store::Snapshot> snapshot, store_.Read());
  VIGIL_ASSIGN_OR_RETURN(
      rules::Author author,
      access::Authenticate(*snapshot,
                           access::BearerToken({header->second.data(), header->second.size()})));
  VIGIL_RETURN_IF_ERROR(access::CheckRpc(*found->second, author));
  return author;
}

}  // namespace vigil::service
