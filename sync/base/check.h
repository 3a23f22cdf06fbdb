#ifndef VIGIL_SYNC_BASE_CHECK_H_
#define VIGIL_SYNC_BASE_CHECK_H_

#include <ostream>

#include "absl/base/optimization.h"

namespace vigil::internal {

// Collects the message of a failed check; its destructor prints it to stderr and aborts.
class CheckFailure {
 public:
  CheckFailure(const char* file, int line, const char* condition);
  CheckFailure(const CheckFailure&) = delete;
  CheckFailure& operator=(const CheckFailure&) = delete;
  [[noreturn]] ~CheckFailure();

  std::ostream& stream() { return *stream_; }

 private:
  std::ostream* stream_;
};

// Turns the streamed expression into void, so that both arms of the macro's ?: have one type.
struct Voidify {
  void operator&(std::ostream& /*stream*/) const {}
};

}  // namespace vigil::internal

// Aborts the process when `condition` is false. For broken invariants of our own only; what the
// environment or a caller's data does is an absl::Status. A message may follow with <<.
#define VIGIL_CHECK(condition)                    \
  ABSL_PREDICT_TRUE(static_cast<bool>(condition)) \
  ? static_cast<void>(0)                          \
  : ::vigil::internal::Voidify() &                \
          ::vigil::internal::CheckFailure(__FILE__, __LINE__, #condition).stream()

#endif  // VIGIL_SYNC_BASE_CHECK_H_
