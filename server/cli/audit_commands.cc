#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/cli/audit_log.h"
#include "server/cli/program.h"
#include "server/register/audit_check.h"
#include "sync/base/hash.h"
#include "sync/base/p256.h"
#include "sync/base/signing.h"
#include "sync/base/status.h"
#include "sync/cli/console/exit_code.h"
#include "sync/cli/console/json.h"
#include "sync/cli/console/value_parse.h"
#include "sync/rules/reason.h"

// The register's audit log, checked here, whatever the register says of itself.

namespace vigil::office {

using console::Arguments;

namespace {

constexpr std::size_t kHeadBytesMax = 16 * 1024;
constexpr int kPagesWithoutEntriesMax = 3;

enum class HeadSignature : std::uint8_t { kHolds, kNone, kUnknownKey };

// What checking needs, with or without a register that answers.
struct Surroundings {
  console::Console& console;
  FileSystem& files;
  std::function<absl::Time()> now;
};

// The key by which the register introduced itself; nullopt: it never did.
absl::StatusOr<std::optional<P256PublicKey>> KeyOf(Clerk& clerk) {
  const std::string der = clerk.office().Known().public_key;
  if (der.empty()) return std::optional<P256PublicKey>();
  const absl::StatusOr<P256PublicKey> key = P256PublicKey::FromDer(der);
  if (key.ok()) return std::optional<P256PublicKey>(*key);
  return rules::Refuse(v1::REASON_CORRUPT_FILE,
                       "the register's key, as it is kept here, cannot be read: sign in again");
}

// SIGNATURE_INVALID: it was signed by something else.
absl::StatusOr<HeadSignature> CheckSignature(const v1::RegisterHead& head,
                                             const std::optional<P256PublicKey>& key) {
  if (head.signature().empty()) return HeadSignature::kNone;
  if (!key) return HeadSignature::kUnknownKey;
  const std::string bytes =
      BytesToSign(HeadToSign{.epoch = Uuid::ParseOrNil(head.epoch()),
                             .seq = Seq(head.seq()),
                             .root = Sha256::FromBytes(head.root()).value_or(Sha256())});
  if (key->Verifies({.message = bytes, .signature = head.signature()})) {
    return HeadSignature::kHolds;
  }
  return rules::Refuse(v1::REASON_SIGNATURE_INVALID, "the head is not signed by the register's key")
      .With("seq", static_cast<std::int64_t>(head.seq()));
}

std::string SignatureText(HeadSignature signature, console::Console& console) {
  switch (signature) {
    case HeadSignature::kHolds:
      return std::string(console.In({"by the register's key", "由登记库密钥签署，有效"}));
    case HeadSignature::kUnknownKey:
      return std::string(
          console.In({"unsigned by a known key; where the register was given a new one, "
                      "`vigilctl sign-in` fetches it",
                      "并非由已知密钥签署；若登记库已换新密钥，请运行 "
                      "vigilctl sign-in 获取"}));
    case HeadSignature::kNone:
      break;
  }
  return std::string(console.In({"not signed", "未签署"}));
}

absl::Status ShowHead(Clerk& clerk, const Arguments& arguments) {
  const v1::RegisterHead& head = clerk.session().head();
  VIGIL_ASSIGN_OR_RETURN(const std::optional<P256PublicKey> key, KeyOf(clerk));
  VIGIL_ASSIGN_OR_RETURN(const HeadSignature signature, CheckSignature(head, key));
  console::Console& console = clerk.console();
  if (const auto path = arguments.Find("--out")) {
    VIGIL_RETURN_IF_ERROR(clerk.files().WriteAtomic(*path, console::ProtoJson(head) + "\n"));
  }
  console.Json(head);
  console.Say(
      {"epoch: $0\nseq: $1\nroot: $2\nsignature: $3", "纪元：$0\n序号：$1\n根散列值：$2\n签名：$3"},
      {head.epoch(), std::to_string(head.seq()), HexEncode(head.root()),
       SignatureText(signature, console)});
  if (const auto path = arguments.Find("--out")) {
    console.Say({"kept in $0; later: vigilctl audit verify --since $0",
                 "已存入 $0；日后可运行：vigilctl audit verify --since $0"},
                {*path});
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<v1::RegisterHead>> TakeSince(FileSystem& files,
                                                          const Arguments& arguments) {
  const auto path = arguments.Find("--since");
  if (!path) return std::optional<v1::RegisterHead>();
  VIGIL_ASSIGN_OR_RETURN(const std::string json, files.Read(*path, kHeadBytesMax));
  v1::RegisterHead head;
  VIGIL_RETURN_IF_ERROR(console::ParseJson(json, head));
  if (!Sha256::FromBytes(head.root())) {
    return console::UsageError("--since: this is no head that `audit head --out` has written");
  }
  return std::optional<v1::RegisterHead>(std::move(head));
}

// Once in a second, where there is more than one page.
class Progress {
 public:
  explicit Progress(const Surroundings& with) : with_(with), said_at_(with.now()) {}

  void Note(std::uint64_t done, std::uint64_t total) {
    const absl::Time now = with_.now();
    if (now - said_at_ < absl::Seconds(1)) return;
    said_at_ = now;
    with_.console.Note({"checked: $0 of $1 operations", "已核对：$0 / $1 个操作"},
                       {std::to_string(done), std::to_string(total)});
  }

 private:
  const Surroundings& with_;
  absl::Time said_at_;
};

bool IsSameHead(const v1::RegisterHead& a, const v1::RegisterHead& b) {
  return a.epoch() == b.epoch() && a.seq() == b.seq() && a.root() == b.root();
}

// Gives the check the whole log; the head under which all pages stand.
absl::StatusOr<v1::RegisterHead> ReadLog(const Surroundings& with, AuditLog& log,
                                         registry::AuditCheck& check) {
  Progress progress(with);
  std::optional<v1::RegisterHead> head;
  std::string page_token;
  int pages_without_entries = 0;
  do {
    VIGIL_ASSIGN_OR_RETURN(const v1::ListLogResponse page, log.Page(page_token));
    if (!head) head = page.head();
    if (!IsSameHead(*head, page.head())) {
      return rules::Refuse(v1::REASON_EPOCH_CHANGED,
                           "the register was restored while its log was read: begin again");
    }
    for (const v1::LogEntry& entry : page.entries()) check.Add(entry);
    // Whoever sends no entries does not keep us for ever.
    pages_without_entries = page.entries().empty() ? pages_without_entries + 1 : 0;
    if (pages_without_entries > kPagesWithoutEntriesMax) {
      return absl::DataLossError("the log goes on and on without entries");
    }
    progress.Note(check.operations(), head->seq());
    page_token = page.next_page_token();
  } while (!page_token.empty());
  return *head;
}

void ShowVerdict(console::Console& console, const registry::AuditCheck& check,
                 const v1::RegisterHead& head, HeadSignature signature) {
  const bool ok = check.faults().empty();
  console::JsonArray faults;
  for (const std::string& fault : check.faults()) faults.Add(fault);
  console.Json(console::JsonObject()
                   .Set("operations", static_cast<std::int64_t>(check.operations()))
                   .Set("chains", static_cast<std::int64_t>(check.chains()))
                   .Set("signatures", static_cast<std::int64_t>(check.signatures()))
                   .SetRaw("head", console::ProtoJson(head))
                   .Set("head_signed", signature == HeadSignature::kHolds)
                   .SetRaw("faults", faults.ToString())
                   .Set("ok", ok)
                   .ToString());
  for (const std::string& fault : check.faults()) {
    console.Say({"does not hold: $0", "不符：$0"}, {fault});
  }
  console.Say({"head: $0", "日志头：$0"}, {SignatureText(signature, console)});
  // For programs too: the same in both languages.
  constexpr console::Text kVerdict{"audit: operations=$0 chains=$1 signatures=$2 head=$3 $4",
                                   "audit: operations=$0 chains=$1 signatures=$2 head=$3 $4"};
  console.Say(kVerdict,
              {std::to_string(check.operations()), std::to_string(check.chains()),
               std::to_string(check.signatures()), HexEncode(head.root()), ok ? "ok" : "FAILED"});
}

absl::Status VerifyLog(const Surroundings& with, const Arguments& arguments, AuditLog& log,
                       const std::optional<P256PublicKey>& key) {
  VIGIL_ASSIGN_OR_RETURN(const std::optional<v1::RegisterHead> since,
                         TakeSince(with.files, arguments));
  if (since) VIGIL_RETURN_IF_ERROR(CheckSignature(*since, key));
  registry::AuditCheck check(
      {.register_id = log.register_id(), .register_key = key, .since = since});
  VIGIL_ASSIGN_OR_RETURN(const v1::RegisterHead head, ReadLog(with, log, check));
  check.Finish(head);
  // A signature that does not hold is among the faults.
  ShowVerdict(with.console, check, head,
              CheckSignature(head, key).value_or(HeadSignature::kUnknownKey));
  if (check.faults().empty()) return absl::OkStatus();
  return Error(absl::StatusCode::kFailedPrecondition,
               absl::StrCat("the log does not hold: ", check.faults().front()))
      .With("faults", static_cast<std::int64_t>(check.faults().size()));
}

absl::Status VerifyOffice(Clerk& clerk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const std::unique_ptr<AuditLog> log, LogOfOffice(clerk.office()));
  VIGIL_ASSIGN_OR_RETURN(const std::optional<P256PublicKey> key, KeyOf(clerk));
  const Surroundings with{
      .console = clerk.console(), .files = clerk.files(), .now = [&clerk] { return clerk.Now(); }};
  return VerifyLog(with, arguments, *log, key);
}

absl::Status VerifyDirectory(AccessTerms& terms, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const std::unique_ptr<AuditLog> log,
                         LogOfDirectory(terms.files, arguments.Value("--data")));
  const Surroundings with{.console = terms.console, .files = terms.files, .now = [&terms] {
                            return terms.clock.Now();
                          }};
  return VerifyLog(with, arguments, *log, std::nullopt);
}

}  // namespace

std::vector<Command> AuditCommands() {
  return {
      {{"audit head",
        {"where the register's log stands: whoever keeps it can later show what was changed",
         "登记库日志的当前位置：留存后可证明此后是否被改动"},
        {{"--out",
          "FILE",
          {"write it there as JSON, for --since", "以 JSON 存入文件，供 --since 使用"}}},
        {"", "--out head-2017-06-30.json"}},
       ShowHead},
      {{"audit verify",
        {"read the whole log and check it here: every row, chain, signature and the head",
         "读取全部日志并在本机核对：每一行、操作链、签名与日志头"},
        {{"--since",
          "FILE",
          {"it must extend the head that `audit head --out` wrote there",
           "须延续 audit head --out 所存的日志头"}},
         {"--data",
          "DIR",
          {"check the files of a register that was stopped in order, or a copy of them; read-only, "
           "nothing there is changed",
           "核对已正常停止的登记库数据目录或其副本；只读，不做任何改动"}}},
        {"", "--since head-2017-06-30.json", "--data /var/lib/vigil --since head-2017-06-30.json"}},
       VerifyOffice,
       "--data",
       VerifyDirectory},
  };
}

}  // namespace vigil::office
