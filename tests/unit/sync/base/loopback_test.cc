#include "sync/base/loopback.h"

#include "gtest/gtest.h"

namespace vigil {
namespace {

TEST(LoopbackTest, OnlyTheMachineItself) {
  for (const char* host : {"127.0.0.1", "127.8.9.255", "localhost", "::1"}) {
    EXPECT_TRUE(IsLoopbackHost(host)) << host;
  }
  for (const char* host : {"", "127.0.0.1.example", "127.example.org", "127.0.0.256", "127.0.0",
                           "127.0.0.1.1", "1127.0.0.1", "10.0.0.1", "0.0.0.0", "::", "::2", "[::1]",
                           "localhost.example", "127.+1.0.1", "127.0.0.", "127.0.0.0001"}) {
    EXPECT_FALSE(IsLoopbackHost(host)) << host;
  }
}

}  // namespace
}  // namespace vigil
