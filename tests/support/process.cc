#include "tests/support/process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "absl/time/clock.h"
#include "sync/base/check.h"

extern char** environ;

namespace vigil::testing {

namespace {

constexpr absl::Duration kPoll = absl::Milliseconds(10);

std::string Slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

std::string ProgramPath(const std::string& name) {
  char self[4096];
  const ssize_t length = readlink("/proc/self/exe", self, sizeof(self));
  VIGIL_CHECK(length > 0 && length < static_cast<ssize_t>(sizeof(self)));
  std::string path(self, static_cast<std::size_t>(length));
  // BUILD/tests/bin/TEST; programs lie in BUILD/bin.
  for (int i = 0; i < 3; ++i) path.resize(path.rfind('/'));
  return path + "/bin/" + name;
}

Process::Process(const std::vector<std::string>& command, const Options& options)
    : output_path_(options.directory + "/" + options.name + ".out"),
      errors_path_(options.directory + "/" + options.name + ".err") {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC;
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output_path_.c_str(), kFlags, 0600);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors_path_.c_str(), kFlags, 0600);
  const int error = posix_spawn(&pid_, words[0], &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  VIGIL_CHECK(error == 0) << command[0] << ": " << strerror(error);
}

Process::~Process() {
  if (!running()) return;
  kill(pid_, SIGKILL);
  Wait();
}

void Process::Signal(int number) {
  if (running()) kill(pid_, number);
}

std::optional<int> Process::Wait(absl::Duration patience) {
  const absl::Time end = absl::Now() + patience;
  while (!exit_code_) {
    int status = 0;
    const pid_t found = waitpid(pid_, &status, WNOHANG);
    VIGIL_CHECK(found >= 0) << strerror(errno);
    if (found == pid_) {
      exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    } else if (absl::Now() >= end) {
      break;
    } else {
      absl::SleepFor(kPoll);
    }
  }
  return exit_code_;
}

std::string Process::Output() const { return Slurp(output_path_); }
std::string Process::Errors() const { return Slurp(errors_path_); }

std::string WaitForFile(const std::string& path, Process& process, absl::Duration patience) {
  const absl::Time end = absl::Now() + patience;
  while (true) {
    std::string text = Slurp(path);
    if (!text.empty()) {
      if (text.back() == '\n') text.pop_back();
      return text;
    }
    if (!process.running() || absl::Now() >= end) return "";
    absl::SleepFor(kPoll);
  }
}

}  // namespace vigil::testing
