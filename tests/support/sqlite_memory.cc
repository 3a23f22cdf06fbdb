#include "tests/support/sqlite_memory.h"

#include <sqlite3.h>

#include "sync/base/check.h"
#include "sync/base/mutex.h"

namespace vigil::testing {
namespace {

struct State {
  Mutex mutex;
  MemoryFault fault;
  bool set = false;
  bool struck = false;
};
State& TheState() {
  static auto* const state = new State;
  return *state;
}

sqlite3_mem_methods usual;

bool Fails() {
  State& state = TheState();
  const MutexLock lock(state.mutex);
  if (!state.set) return false;
  if (state.fault.after > 0) {
    --state.fault.after;
    return false;
  }
  state.struck = true;
  state.set = state.fault.sticky;
  return true;
}

void* Allocate(int size) { return Fails() ? nullptr : usual.xMalloc(size); }
void* Reallocate(void* memory, int size) {
  return Fails() ? nullptr : usual.xRealloc(memory, size);
}

// Before anything of SQLite's runs: it takes its memory's functions only then.
bool Install() {
  VIGIL_CHECK(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &usual) == SQLITE_OK);
  sqlite3_mem_methods failing = usual;
  failing.xMalloc = &Allocate;
  failing.xRealloc = &Reallocate;
  VIGIL_CHECK(sqlite3_config(SQLITE_CONFIG_MALLOC, &failing) == SQLITE_OK);
  VIGIL_CHECK(sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0) == SQLITE_OK);
  return true;
}
const bool kInstalled = Install();

}  // namespace

void SetMemoryFault(const MemoryFault& fault) {
  State& state = TheState();
  const MutexLock lock(state.mutex);
  state.fault = fault;
  state.set = kInstalled;
  state.struck = false;
}

void ClearMemoryFault() {
  const MutexLock lock(TheState().mutex);
  TheState().set = false;
}

bool MemoryFaultStruck() {
  const MutexLock lock(TheState().mutex);
  return TheState().struck;
}

}  // namespace vigil::testing
