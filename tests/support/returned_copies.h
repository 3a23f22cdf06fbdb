#ifndef VIGIL_TESTS_SUPPORT_RETURNED_COPIES_H_
#define VIGIL_TESTS_SUPPORT_RETURNED_COPIES_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "tests/support/test_register.h"

// What a phone keeps of a register and returns after a restore.

namespace vigil::testing {

// As the record stands now.
inline registry::ReturnedCopy CopyOf(TestRegister& reg, const std::string& record) {
  return {.epoch = reg.Head().epoch.id(), .bytes = reg.Find(record).SerializeAsString()};
}

inline absl::Status ReturnCopies(TestRegister& reg, const Actor& phone,
                                 std::vector<registry::ReturnedCopy> copies) {
  absl::Status status = absl::UnknownError("not answered");
  reg.target().ReturnCopies(phone.author, std::move(copies),
                            [&](const absl::Status& answer) { status = answer; });
  reg.executor().RunUntilIdle();
  return status;
}

}  // namespace vigil::testing

#endif  // VIGIL_TESTS_SUPPORT_RETURNED_COPIES_H_
