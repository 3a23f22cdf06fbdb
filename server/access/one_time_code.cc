#include "server/access/one_time_code.h"

#include <cstddef>

namespace vigil::access {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t kDigits = 16;
constexpr std::size_t kGroup = 4;

}  // namespace

std::string MakeOneTimeCode(Random& random) {
  std::string code;
  for (std::size_t i = 0; i < kDigits; ++i) {
    if (i > 0 && i % kGroup == 0) code.push_back('-');
    code.push_back(kAlphabet[random.Below(kAlphabet.size())]);
  }
  return code;
}

Sha256 CodeHash(std::string_view code) { return Sha256Of({"vigil/code/", code}); }

}  // namespace vigil::access
