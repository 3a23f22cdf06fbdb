#include "sync/rules/methods.h"

#include "absl/strings/str_cat.h"
#include "vigil/v1/access_service.pb.h"
#include "vigil/v1/admin_service.pb.h"
#include "vigil/v1/evidence_service.pb.h"
#include "vigil/v1/register_service.pb.h"
#include "vigil/v1/report_service.pb.h"
#include "vigil/v1/sync_service.pb.h"

namespace vigil::rules {

using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;

namespace {

std::vector<const MethodDescriptor*> FindMethods() {
  // Named, since the pool holds only what the program links.
  const FileDescriptor* const files[] = {
      v1::HelloRequest::descriptor()->file(),   v1::SubmitRequest::descriptor()->file(),
      v1::InviteRequest::descriptor()->file(),  v1::EnrolRequest::descriptor()->file(),
      v1::EvidenceStatus::descriptor()->file(), v1::ReportFile::descriptor()->file()};
  std::vector<const MethodDescriptor*> methods;
  for (const FileDescriptor* file : files) {
    for (int i = 0; i < file->service_count(); ++i) {
      for (int j = 0; j < file->service(i)->method_count(); ++j) {
        methods.push_back(file->service(i)->method(j));
      }
    }
  }
  return methods;
}

}  // namespace

const std::vector<const MethodDescriptor*>& Methods() {
  static const auto& methods = *new std::vector<const MethodDescriptor*>(FindMethods());
  return methods;
}

std::string PathOf(const MethodDescriptor& method) {
  return absl::StrCat(method.service()->full_name(), "/", method.name());
}

const v1::RpcRules* FindRpcRules(std::string_view path) {
  for (const MethodDescriptor* method : Methods()) {
    if (PathOf(*method) == path) return &method->options().GetExtension(v1::rpc);
  }
  return nullptr;
}

}  // namespace vigil::rules
