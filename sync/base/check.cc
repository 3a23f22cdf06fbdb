#include "sync/base/check.h"

#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>

namespace vigil::internal {

CheckFailure::CheckFailure(const char* file, int line, const char* condition)
    // Never freed: the process ends with this object.
    : stream_(new std::ostringstream) {
  *stream_ << file << ':' << line << ": check failed: " << condition << ' ';
}

CheckFailure::~CheckFailure() {
  const std::string text = static_cast<std::ostringstream*>(stream_)->str();
  std::fprintf(stderr, "%s\n", text.c_str());
  std::fflush(stderr);
  std::abort();
}

}  // namespace vigil::internal
