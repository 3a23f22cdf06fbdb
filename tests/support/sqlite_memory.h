#ifndef VIGIL_TESTS_SUPPORT_SQLITE_MEMORY_H_
#define VIGIL_TESTS_SUPPORT_SQLITE_MEMORY_H_

#include <cstdint>

namespace vigil::testing {

// The memory of SQLite in this process, which can run out. A program that is linked with this has
// it from its beginning; each small allocation of SQLite counts (it keeps none aside). Thread-safe.
struct MemoryFault {
  // So many allocations pass first.
  std::int64_t after = 0;
  // All later ones fail too, until ClearMemoryFault.
  bool sticky = false;
};
void SetMemoryFault(const MemoryFault& fault);
void ClearMemoryFault();
// Whether the fault has struck.
bool MemoryFaultStruck();

}  // namespace vigil::testing

#endif  // VIGIL_TESTS_SUPPORT_SQLITE_MEMORY_H_
