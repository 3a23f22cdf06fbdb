#ifndef VIGIL_TESTS_SUPPORT_VIGILD_PROCESS_H_
#define VIGIL_TESTS_SUPPORT_VIGILD_PROCESS_H_

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/process.h"

namespace vigil::testing {

// A vigild on a free port.
class VigildProcess {
 public:
  // `directory` holds the register ("reg") and the output; `more` says how to speak: with a
  // certificate, or in plain text.
  explicit VigildProcess(std::string directory, const std::vector<std::string>& more = {})
      : directory_(std::move(directory)) {
    std::vector<std::string> command = {ProgramPath("vigild"), "--data-dir", data_dir(), "--port",
                                        "0"};
    command.insert(command.end(), more.begin(), more.end());
    // One that was killed leaves its port behind.
    std::remove((data_dir() + "/port").c_str());
    process_ = std::make_unique<Process>(
        command, Process::Options{.directory = directory_, .name = "vigild"});
    port_ = WaitForFile(data_dir() + "/port", *process_);
    EXPECT_NE(port_, "") << "vigild did not start: " << process_->Errors();
  }

  std::string data_dir() const { return directory_ + "/reg"; }
  const std::string& port() const { return port_; }
  std::string server() const { return "127.0.0.1:" + port_; }
  Process& process() { return *process_; }

 private:
  const std::string directory_;
  std::unique_ptr<Process> process_;
  std::string port_;
};

}  // namespace vigil::testing

#endif  // VIGIL_TESTS_SUPPORT_VIGILD_PROCESS_H_
