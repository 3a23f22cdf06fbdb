#ifndef VIGIL_TESTS_BENCH_PROCESS_FIGURES_H_
#define VIGIL_TESTS_BENCH_PROCESS_FIGURES_H_

#include <sys/types.h>

#include <cstdint>

#include "absl/status/statusor.h"

namespace vigil::bench {

// What the kernel knows of a process.
struct ProcessFigures {
  // Resident now, and at most so far.
  std::int64_t resident_kib = 0;
  std::int64_t peak_kib = 0;
  // Of all its threads that still run: time on a processor, and how often they were put on one.
  std::int64_t running_ns = 0;
  std::int64_t turns = 0;
};
absl::StatusOr<ProcessFigures> FiguresOf(pid_t process);

// Its peak is what it holds now.
absl::Status ForgetPeak(pid_t process);

}  // namespace vigil::bench

#endif  // VIGIL_TESTS_BENCH_PROCESS_FIGURES_H_
