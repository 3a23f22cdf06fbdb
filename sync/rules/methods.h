#ifndef VIGIL_SYNC_RULES_METHODS_H_
#define VIGIL_SYNC_RULES_METHODS_H_

#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "vigil/v1/policy.pb.h"

namespace vigil::rules {

// Every method of the contract's services.
const std::vector<const google::protobuf::MethodDescriptor*>& Methods();

// As it is called and signed: "vigil.v1.SyncService/Hello".
std::string PathOf(const google::protobuf::MethodDescriptor& method);

// Who may make the call of this path; null where the contract has no such method.
const v1::RpcRules* FindRpcRules(std::string_view path);

}  // namespace vigil::rules

#endif  // VIGIL_SYNC_RULES_METHODS_H_
