// Whatever filter, order and page token the office asks with: rows, or a refusal with a reason.

#include <cstddef>
#include <cstdint>
#include <string>

#include "sync/base/check.h"
#include "sync/rules/reason.h"
#include "tests/support/sim_vfs.h"
#include "tests/support/test_register.h"

namespace vigil::testing {
namespace {

struct World {
  SimVfs disk;
  TestRegister base{{.file = "register.db", .vfs = disk.name()}};
};

void Ask(const std::string& bytes) {
  static auto* const world = [] {
    auto* made = new World();
    v1::Date due;
    due.set_year(2017);
    due.set_month(9);
    due.set_day(30);
    for (int i = 0; i < 3; ++i) made->base.ConfirmedHazard(due);
    return made;
  }();
  v1::ListHazardsRequest request;
  if (!request.ParseFromString(bytes)) return;
  const auto snapshot = world->base.store().Read();
  VIGIL_CHECK(snapshot.ok());
  const auto page =
      (*snapshot)->Hazards(request, world->base.target().Today(), store::RecordScope::Everything());
  if (page.ok()) {
    VIGIL_CHECK(page->total <= 3);
    return;
  }
  VIGIL_CHECK(rules::ReasonOf(page.status()) != v1::REASON_UNSPECIFIED) << page.status().ToString();
}

}  // namespace
}  // namespace vigil::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  vigil::testing::Ask(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
