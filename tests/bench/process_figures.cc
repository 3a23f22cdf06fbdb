#include "tests/bench/process_figures.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "sync/base/status.h"

namespace vigil::bench {

absl::StatusOr<ProcessFigures> FiguresOf(pid_t process) {
  const std::string directory = absl::StrCat("/proc/", process);
  ProcessFigures figures;
  std::ifstream status(directory + "/status");
  for (std::string word; status >> word;) {
    if (word == "VmRSS:") status >> figures.resident_kib;
    if (word == "VmHWM:") status >> figures.peak_kib;
  }
  std::error_code error;
  for (const auto& task : std::filesystem::directory_iterator(directory + "/task", error)) {
    // Time running, time waiting for a processor, turns.
    std::ifstream schedule(task.path() / "schedstat");
    std::int64_t running_ns = 0;
    std::int64_t waiting_ns = 0;
    std::int64_t turns = 0;
    if (!(schedule >> running_ns >> waiting_ns >> turns)) continue;
    figures.running_ns += running_ns;
    figures.turns += turns;
  }
  if (figures.resident_kib > 0 && !error) return figures;
  return Error(absl::StatusCode::kUnavailable,
               absl::StrCat("nothing is known of process ", process));
}

absl::Status ForgetPeak(pid_t process) {
  std::ofstream file(absl::StrCat("/proc/", process, "/clear_refs"));
  file << 5 << std::flush;
  if (file) return absl::OkStatus();
  return Error(absl::StatusCode::kUnavailable,
               absl::StrCat("the peak of process ", process, " cannot be forgotten"));
}

}  // namespace vigil::bench
