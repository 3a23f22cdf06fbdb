#include "sync/rules/methods.h"

#include <set>
#include <string>

#include "gtest/gtest.h"

namespace vigil::rules {
namespace {

TEST(MethodsTest, AreThoseOfAllServicesEachFoundByItsPath) {
  std::set<std::string> services;
  std::set<std::string> paths;
  for (const google::protobuf::MethodDescriptor* method : Methods()) {
    services.insert(method->service()->name());
    paths.insert(PathOf(*method));
    EXPECT_EQ(FindRpcRules(PathOf(*method)), &method->options().GetExtension(v1::rpc));
  }
  EXPECT_EQ(services, (std::set<std::string>{"AccessService", "AdminService", "EvidenceService",
                                             "RegisterService", "ReportService", "SyncService"}));
  EXPECT_EQ(paths.size(), Methods().size());
}

TEST(MethodsTest, OnlyAPushIsSignedItself) {
  for (const google::protobuf::MethodDescriptor* method : Methods()) {
    EXPECT_EQ(FindRpcRules(PathOf(*method))->signed_request(), method->name() == "Push")
        << method->full_name();
  }
}

TEST(MethodsTest, ThereAreNoOthers) {
  for (const char* path : {"", "/", "vigil.v1.SyncService", "vigil.v1.SyncService/",
                           "/vigil.v1.SyncService/Hello", "vigil.v1.SyncService/hello"}) {
    EXPECT_EQ(FindRpcRules(path), nullptr) << path;
  }
}

}  // namespace
}  // namespace vigil::rules
