#include "sync/cli/console/exit_code.h"

#include <array>

#include "sync/base/status.h"
#include "sync/cli/console/table.h"
#include "sync/rules/reason.h"

namespace vigil::console {
namespace {

constexpr std::string_view kUsageMark = "usage";

struct CodeHelp {
  ExitCode code;
  Text text;
};

constexpr std::array<CodeHelp, 8> kHelp = {{
    {kOk, {"done", "完成"}},
    {kRefused, {"refused by the register or by the rules", "被登记库或规则拒绝"}},
    {kUsage, {"the command line is wrong", "命令行有误"}},
    {kUnreachable,
     {"no answer from the server; what became of it is not known", "服务器无应答；结果未知"}},
    {kNotSetUp, {"not set up: no such phone, or not signed in", "尚未初始化，或尚未登录"}},
    {kNotFound, {"no such record or file", "没有该记录或文件"}},
    {kDeferred, {"not judged yet; send it again later", "暂缓处理；请稍后再提交"}},
    {kLocalFault, {"a file or database here cannot be used", "本地文件或数据库无法使用"}},
}};

}  // namespace

ExitCode ExitCodeOf(const absl::Status& status) {
  if (status.ok()) return kOk;
  if (MetadataValueOf(status, kUsageMark)) return kUsage;
  const v1::Reason reason = rules::ReasonOf(status);
  switch (reason) {
    case v1::REASON_NOT_INITIALISED:
    case v1::REASON_ALREADY_INITIALISED:
    case v1::REASON_UNAUTHENTICATED:
    case v1::REASON_DEVICE_REVOKED:
    case v1::REASON_TOKEN_EXPIRED:
    case v1::REASON_PROOF_INVALID:
      return kNotSetUp;
    case v1::REASON_NOT_FOUND:
      return kNotFound;
    case v1::REASON_FOREIGN_FILE:
    case v1::REASON_SCHEMA_TOO_NEW:
    case v1::REASON_CORRUPT_FILE:
      return kLocalFault;
    case v1::REASON_SERVER_UNREACHABLE:
    case v1::REASON_SHUTTING_DOWN:
    case v1::REASON_INTERNAL:
      return kUnreachable;
    case v1::REASON_UNSPECIFIED:
      break;
    default:
      return rules::IsDeferral(reason) ? kDeferred : kRefused;
  }
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kUnimplemented:
      return kUnreachable;
    case absl::StatusCode::kUnauthenticated:
      return kNotSetUp;
    case absl::StatusCode::kNotFound:
      return kNotFound;
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kOutOfRange:
      return kLocalFault;
    default:
      return kRefused;
  }
}

std::string ExitCodeHelp(Language language) {
  std::string help;
  for (const CodeHelp& line : kHelp) {
    help += "  " + std::to_string(line.code) + "  ";
    help += line.text.In(language);
    help += '\n';
  }
  return help;
}

absl::Status UsageError(std::string_view message) {
  return Error(absl::StatusCode::kInvalidArgument, message).With(kUsageMark, "1");
}

}  // namespace vigil::console
