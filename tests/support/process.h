#ifndef VIGIL_TESTS_SUPPORT_PROCESS_H_
#define VIGIL_TESTS_SUPPORT_PROCESS_H_

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace vigil::testing {

// A program of ours, from the build tree of the test that runs.
std::string ProgramPath(const std::string& name);

// A process of its own. Its output goes to files of the directory given; the destructor kills what
// is still there.
class Process {
 public:
  struct Options {
    // Directory for its output.
    std::string directory;
    // Name of its output files, so that several processes may share the directory.
    std::string name = "process";
  };

  // Aborts the test when the program cannot be started at all.
  Process(const std::vector<std::string>& command, const Options& options);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  void Signal(int number);
  // The exit code; 128 + the signal that ended it; nullopt: it still runs after `patience`.
  std::optional<int> Wait(absl::Duration patience = absl::Seconds(30));
  bool running() { return !Wait(absl::ZeroDuration()).has_value(); }

  std::string Output() const;
  std::string Errors() const;

 private:
  const std::string output_path_;
  const std::string errors_path_;
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
};

// Waits until `path` is there and not empty, or the process has ended, or the patience is at its
// end. Gives its content without the newline at its end; empty if there is none.
std::string WaitForFile(const std::string& path, Process& process,
                        absl::Duration patience = absl::Seconds(60));

}  // namespace vigil::testing

#endif  // VIGIL_TESTS_SUPPORT_PROCESS_H_
