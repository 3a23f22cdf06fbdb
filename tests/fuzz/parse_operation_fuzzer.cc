// Whatever bytes arrive as an operation: they are refused with an error, or what was taken is valid
// and says the same when it is sent again.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "sync/base/check.h"
#include "sync/rules/validate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto operation = vigil::rules::ParseOperation(bytes);
  if (!operation.ok()) return 0;
  VIGIL_CHECK(vigil::rules::ValidateOperation(*operation).ok());
  const std::string again = operation->SerializeAsString();
  const auto reparsed = vigil::rules::ParseOperation(again);
  VIGIL_CHECK(reparsed.ok());
  VIGIL_CHECK(reparsed->SerializeAsString() == again);
  return 0;
}
