#include "sync/base/loopback.h"

#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "sync/base/status.h"

namespace vigil {

namespace {

bool IsLoopbackV4(std::string_view host) {
  const std::vector<std::string> parts = absl::StrSplit(ToAbsl(host), '.');
  if (parts.size() != 4 || parts.front() != "127") return false;
  for (const std::string& part : parts) {
    int value = -1;
    if (part.size() > 3 || part.find_first_not_of("0123456789") != std::string::npos ||
        !absl::SimpleAtoi(part, &value) || value > 255) {
      return false;
    }
  }
  return true;
}

}  // namespace

bool IsLoopbackHost(std::string_view host) {
  return host == "localhost" || host == "::1" || IsLoopbackV4(host);
}

}  // namespace vigil
