// How somebody of the office becomes known to the register: his password, his sign-in.

#include <termios.h>
#include <unistd.h>

#include <cstddef>
#include <istream>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
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

constexpr Text kPasswordText{"password: ", "密码："};
constexpr Text kNewPasswordText{"new password: ", "新密码："};
constexpr Text kAgainText{"the same again: ", "再次输入："};

// The terminal shows nothing of what is typed as long as this lives.
class SilentTerminal {
 public:
  SilentTerminal() {
    is_terminal_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
    if (!is_terminal_) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  ~SilentTerminal() {
    if (is_terminal_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  SilentTerminal(const SilentTerminal&) = delete;
  SilentTerminal& operator=(const SilentTerminal&) = delete;

  bool is_terminal() const { return is_terminal_; }

 private:
  bool is_terminal_ = false;
  termios before_{};
};

absl::StatusOr<std::string> ReadSecret(FileSystem& files, const std::string& path) {
  VIGIL_ASSIGN_OR_RETURN(std::string secret, files.Read(path, kSecretBytesMax));
  if (!secret.empty() && secret.back() == '\n') secret.pop_back();
  if (!secret.empty() && secret.back() == '\r') secret.pop_back();
  return secret;
}

absl::StatusOr<std::string> AskSecret(console::Console& console, const Text& question,
                                      std::string_view option) {
  std::string secret;
  {
    const SilentTerminal terminal;
    if (!terminal.is_terminal()) {
      return console::UsageError(
          absl::StrCat("there is no terminal to ask on: give ", ToAbsl(option)));
    }
    console.Ask(console.In(question));
    std::getline(console.in(), secret);
  }
  // The line's end was not shown either.
  console.Ask("\n");
  return secret;
}

absl::StatusOr<std::string> TakePassword(AccessTerms& terms, const Arguments& arguments) {
  if (const auto path = arguments.Find("--password-file")) return ReadSecret(terms.files, *path);
  return AskSecret(terms.console, kPasswordText, "--password-file");
}

absl::StatusOr<std::string> TakeNewPassword(AccessTerms& terms, const Arguments& arguments) {
  if (const auto path = arguments.Find("--password-file")) return ReadSecret(terms.files, *path);
  VIGIL_ASSIGN_OR_RETURN(std::string password,
                         AskSecret(terms.console, kNewPasswordText, "--password-file"));
  VIGIL_ASSIGN_OR_RETURN(const std::string again,
                         AskSecret(terms.console, kAgainText, "--password-file"));
  if (password != again) return console::UsageError("these are two different passwords");
  return password;
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
