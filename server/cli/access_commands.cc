// How somebody of the office becomes known to the register: his password, his sign-in.

#include <termios.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <istream>
#include <string>
#include <utility>

#include "server/cli/program.h"
#include "sync/base/status.h"
#include "sync/cli/console/exit_code.h"
#include "sync/cli/console/json.h"
#include "sync/rules/reason.h"
#include "sync/transport/new_access.h"

namespace vigil::office {

using console::Arguments;
using console::Count;
using console::Text;

namespace {

constexpr std::size_t kSecretBytesMax = 4096;
constexpr int kTypedTwiceMax = 3;

constexpr Text kPasswordText{"password: ", "密码："};
constexpr Text kNewPasswordText{"new password: ", "新密码："};
constexpr Text kAgainText{"the same again: ", "再次输入："};
constexpr Text kDifferentText{"these are two different passwords\n", "两次输入的密码不一致\n"};

// What a signal that ends the program has to put back first; null: nothing.
const termios* volatile shown_before = nullptr;

void EndWithEcho(int signal) {
  if (const termios* const before = shown_before) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, before);
  // By its own means again (SA_RESETHAND), so that whoever waits sees what ended it.
  ::raise(signal);
}

// The terminal shows nothing of what is typed as long as this lives. A signal that ends the program
// ends the silence too, and nobody stops the program (Ctrl-Z) in it.
class SilentTerminal {
 public:
  SilentTerminal() {
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    shown_before = &before_;
    struct sigaction ending {};
    ending.sa_handler = EndWithEcho;
    ending.sa_flags = static_cast<int>(SA_RESETHAND);
    for (std::size_t i = 0; i < kEnding.size(); ++i) {
      ::sigaction(kEnding[i], nullptr, &handled_[i]);
      // Who was started to ignore a signal goes on ignoring it.
      if (handled_[i].sa_handler != SIG_IGN) ::sigaction(kEnding[i], &ending, nullptr);
    }
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    silent.c_cc[VSUSP] = _POSIX_VDISABLE;
    is_silent_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0;
  }
  ~SilentTerminal() {
    if (shown_before == nullptr) return;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    for (std::size_t i = 0; i < kEnding.size(); ++i) {
      ::sigaction(kEnding[i], &handled_[i], nullptr);
    }
    shown_before = nullptr;
  }
  SilentTerminal(const SilentTerminal&) = delete;
  SilentTerminal& operator=(const SilentTerminal&) = delete;

  bool is_silent() const { return is_silent_; }

 private:
  static constexpr std::array<int, 4> kEnding = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};

  bool is_silent_ = false;
  termios before_{};
  std::array<struct sigaction, kEnding.size()> handled_{};
};

absl::StatusOr<std::string> ReadSecret(FileSystem& files, const std::string& path) {
  VIGIL_ASSIGN_OR_RETURN(std::string secret, files.Read(path, kSecretBytesMax));
  if (!secret.empty() && secret.back() == '\n') secret.pop_back();
  if (!secret.empty() && secret.back() == '\r') secret.pop_back();
  return secret;
}

absl::StatusOr<std::string> AskSecret(console::Console& console, const Text& question) {
  std::string secret;
  bool has_line = false;
  {
    const SilentTerminal terminal;
    if (!terminal.is_silent()) {
      return console::UsageError("there is no terminal to ask on: give --password-file");
    }
    console.Ask(console.In(question));
    has_line = static_cast<bool>(std::getline(console.in(), secret)) && !console.in().eof();
  }
  // The line's end was not shown either.
  console.Ask("\n");
  // Half a line is not what somebody wanted to say.
  if (!has_line) return console::UsageError("the input ended before the password did");
  return secret;
}

absl::StatusOr<std::string> TakePassword(AccessTerms& terms, const Arguments& arguments) {
  if (const auto path = arguments.Find("--password-file")) return ReadSecret(terms.files, *path);
  return AskSecret(terms.console, kPasswordText);
}

absl::StatusOr<std::string> TakeNewPassword(AccessTerms& terms, const Arguments& arguments) {
  if (const auto path = arguments.Find("--password-file")) return ReadSecret(terms.files, *path);
  for (int i = 0; i < kTypedTwiceMax; ++i) {
    VIGIL_ASSIGN_OR_RETURN(std::string password, AskSecret(terms.console, kNewPasswordText));
    VIGIL_ASSIGN_OR_RETURN(const std::string again, AskSecret(terms.console, kAgainText));
    if (password == again) return password;
    terms.console.Ask(terms.console.In(kDifferentText));
  }
  return console::UsageError("no password was typed twice in the same way");
}

absl::Status SignIn(AccessTerms& terms, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const std::unique_ptr<transport::AccessCalls> calls, terms.connect());
  VIGIL_ASSIGN_OR_RETURN(std::string password, TakePassword(terms, arguments));
  VIGIL_ASSIGN_OR_RETURN(
      const transport::AccessState state,
      transport::SignInAtOffice(
          {terms.files, terms.clock, terms.random}, terms.access_directory,
          {.person_code = arguments.Value("--person"), .password = std::move(password)}, *calls));
  console::JsonObject object;
  object.Set("device", state.device).Set("person", state.person);
  terms.console.Json(object.ToString());
  terms.console.Say({"signed in as $0", "已登录：$0"}, {arguments.Value("--person")});
  return absl::OkStatus();
}

absl::Status SetPassword(AccessTerms& terms, const Arguments& arguments) {
  v1::SetPasswordRequest request;
  request.set_person_code(arguments.Value("--person"));
  const int proofs = static_cast<int>(arguments.Has("--code")) +
                     static_cast<int>(arguments.Has("--code-file")) +
                     static_cast<int>(arguments.Has("--old-password-file"));
  if (proofs != 1) {
    return console::UsageError("give one of --code, --code-file and --old-password-file");
  }
  if (const auto path = arguments.Find("--code-file")) {
    VIGIL_ASSIGN_OR_RETURN(*request.mutable_code(), ReadSecret(terms.files, *path));
  } else if (const auto old = arguments.Find("--old-password-file")) {
    VIGIL_ASSIGN_OR_RETURN(*request.mutable_old_password(), ReadSecret(terms.files, *old));
  } else {
    request.set_code(arguments.Value("--code"));
  }
  VIGIL_ASSIGN_OR_RETURN(const std::unique_ptr<transport::AccessCalls> calls, terms.connect());
  VIGIL_ASSIGN_OR_RETURN(*request.mutable_new_password(), TakeNewPassword(terms, arguments));
  VIGIL_RETURN_IF_ERROR(calls->SetPassword(request));
  console::JsonObject object;
  object.Set("person", request.person_code());
  terms.console.Json(object.ToString());
  terms.console.Say(
      {"the password is set; whoever was signed in with an old one is signed out: "
       "use `sign-in`",
       "密码已设置；以旧密码登录者均已退出，请运行 sign-in"});
  return absl::OkStatus();
}

absl::Status SignOut(AccessTerms& terms, const Arguments&) {
  VIGIL_ASSIGN_OR_RETURN(const std::shared_ptr<transport::ProgramAccess> access,
                         transport::ProgramAccess::Open({terms.files, terms.clock, terms.random},
                                                        terms.access_directory));
  VIGIL_ASSIGN_OR_RETURN(const std::unique_ptr<transport::AccessCalls> calls, terms.connect());
  const absl::Status status = calls->SignOut(access).status();
  // Who is not known any more is signed out.
  if (!status.ok() && rules::ReasonOf(status) != v1::REASON_UNAUTHENTICATED) return status;
  VIGIL_RETURN_IF_ERROR(transport::RemoveAccessState(terms.files, terms.access_directory));
  console::JsonObject object;
  object.Set("device", access->device());
  terms.console.Json(object.ToString());
  terms.console.Say({"signed out", "已退出登录"});
  return absl::OkStatus();
}

}  // namespace

std::vector<AccessCommand> AccessCommands() {
  return {
      {{"sign-in",
        {"sign in at the office", "登录办公室端"},
        {{"--person", "CODE", {"who signs in", "人员编码"}, Count::kRequired},
         {"--password-file",
          "FILE",
          {"file with the password; default: asked for", "密码文件；默认在终端输入"}}},
        {"--person safety-01 --password-file password", "--person admin"}},
       SignIn},
      {{"set-password",
        {"choose a password, with a one-time code or the old password",
         "凭一次性代码或旧密码设置密码"},
        {{"--person", "CODE", {"whose it is", "人员编码"}, Count::kRequired},
         {"--code", "CODE", {"the one-time code", "一次性代码"}},
         {"--code-file", "FILE", {"file with the one-time code", "一次性代码文件"}},
         {"--old-password-file", "FILE", {"file with the old password", "旧密码文件"}},
         {"--password-file",
          "FILE",
          {"file with the new password; default: asked for, twice",
           "新密码文件；默认在终端输入两次"}}},
        {"--person admin --code-file first-administrator.code --password-file password",
         "--person safety-01 --code 7K2M-0000-1111-2222"}},
       SetPassword},
      {{"sign-out", {"end this program's sign-in", "退出登录"}, {}, {""}}, SignOut},
  };
}

}  // namespace vigil::office
