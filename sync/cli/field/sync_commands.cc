#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "sync/base/loop_executor.h"
#include "sync/base/p256.h"
#include "sync/base/status.h"
#include "sync/cli/console/error_text.h"
#include "sync/cli/console/json.h"
#include "sync/cli/console/names.h"
#include "sync/cli/field/photos.h"
#include "sync/cli/field/program.h"
#include "sync/engine/evidence.h"
#include "sync/engine/session.h"
#include "sync/rules/reason.h"
#include "sync/rules/schema.h"

// A session with the register.

namespace vigil::field {

using console::Arguments;

namespace {

constexpr std::string_view kClient = "vigil-field/0.1.0";
constexpr std::size_t kDigitsShown = 12;

// Everything that the register has refused and its author has not dealt with.
absl::Status NoteRefused(Phone& phone) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<replica::AttentionItem> items,
                         phone.replica().Attention());
  console::Console& console = phone.console();
  for (const replica::AttentionItem& item : items) {
    if (item.settled) continue;
    console.Say({"refused: $0: $1 (see `attention`)", "被拒绝：$0：$1（请看 attention）"},
                {console::CommandLabel(
                     rules::Schema::Get().FindCommand(item.operation.command_case())->name,
                     console.language()),
                 console::ReasonText(item.outcome.error().reason(), console.language())});
  }
  return absl::OkStatus();
}

// Nobody knows this phone any more: what its user has to know is that nothing of his is lost.
absl::Status NoteAccessLost(Phone& phone, const absl::Status& status) {
  const v1::Reason reason = rules::ReasonOf(status);
  if (reason != v1::REASON_UNAUTHENTICATED && reason != v1::REASON_DEVICE_REVOKED) {
    return absl::OkStatus();
  }
  VIGIL_ASSIGN_OR_RETURN(const replica::StatusCounts counts, phone.replica().Counts());
  phone.console().Note(
      {"The register does not let this phone in any more. What is unsent stays here for its author "
       "($0 operations; `outbox export` puts them into a file). To go on, ask the administrator "
       "for a one-time code, then: vigil-field init --hand-over --server $1 --code CODE",
       "登记库不再接受本机。未发送的工作仍保留在本机，归原作者所有（$0 个操作，可用 outbox export "
       "导出）。如需继续，请向管理员索取一次性代码，然后运行：vigil-field init --hand-over "
       "--server "
       "$1 --code 代码"},
      {std::to_string(counts.pending), phone.settings().connection.server});
  return absl::OkStatus();
}

// What is not sent today is sent the next time: a photo never fails a session of records.
engine::EvidenceReport SendPhotos(Phone& phone, engine::EvidenceTransport& transport,
                                  LoopExecutor& loop) {
  std::optional<engine::EvidenceReport> report;
  engine::EvidenceRound::Options options;
  options.on_progress = [&](const replica::EvidenceItem& item, std::int64_t sent_bytes) {
    phone.console().Note({"photo $0: $1 of $2 bytes", "照片 $0：$1 / $2 字节"},
                         {item.sha256.substr(0, kDigitsShown), std::to_string(sent_bytes),
                          std::to_string(item.size_bytes)});
  };
  const auto round = engine::EvidenceRound::Start(
      {phone.replica(), phone.photos(), transport, loop}, std::move(options),
      [&](const engine::EvidenceReport& done) { report = done; });
  loop.RunUntil([&] { return report.has_value(); });
  return *report;
}

absl::Status SayPhotoReport(Phone& phone, const engine::EvidenceReport& report) {
  console::Console& console = phone.console();
  if (report.sent > 0) {
    console.Say({"photos sent: $0", "已发送照片：$0"}, {std::to_string(report.sent)});
  }
  if (!report.status.ok()) {
    console.Note({"photos: $0", "照片：$0"}, {ToStd(report.status.message())});
  }
  return SayPhotos(phone);
}

std::string ReportJson(const engine::SessionReport& report, const engine::EvidenceReport& photos) {
  console::JsonObject object;
  object.Set("applied", report.outcomes.applied)
      .Set("merged", report.outcomes.merged)
      .Set("refused", report.outcomes.refused)
      .Set("deferred", report.outcomes.deferred)
      .Set("copies_returned", report.copies_returned)
      .Set("pages", report.pages)
      .Set("records", report.records)
      .Set("departures", report.departures)
      .Set("repaired", report.repaired)
      .Set("digest_equal", report.digest_equal)
      .Set("complete", report.complete)
      .Set("photos_sent", std::int64_t{photos.sent})
      .Set("photos_refused", std::int64_t{photos.refused})
      .Set("photos_error", ToStd(photos.status.message()));
  return object.ToString();
}

void SayReport(console::Console& console, const engine::SessionReport& report) {
  const replica::OutcomeCounts& outcomes = report.outcomes;
  console.Say({"sent: $0 applied, $1 merged, $2 refused, $3 put off",
               "已发送：生效 $0，合并 $1，拒绝 $2，暂缓 $3"},
              {std::to_string(outcomes.applied), std::to_string(outcomes.merged),
               std::to_string(outcomes.refused), std::to_string(outcomes.deferred)});
  console.Say(
      {"received: $0 records, $1 left this phone's scope", "已接收：$0 条记录，$1 条移出本机范围"},
      {std::to_string(report.records), std::to_string(report.departures)});
  if (report.repaired > 0) {
    console.Say({"repaired: $0 parts differed from the register", "已修复：$0 处与登记库不一致"},
                {std::to_string(report.repaired)});
  }
  if (report.digest_equal) {
    console.Say({"this phone equals the register", "本机与登记库一致"});
  } else if (!report.complete) {
    console.Say({"not complete yet: synchronise again", "尚未完整：请再次同步"});
  }
}

}  // namespace

absl::Status RunSync(const Surroundings& surroundings, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const std::unique_ptr<Phone> phone,
                         Phone::Open(surroundings.parts, surroundings.directory));
  console::Console& console = phone->console();
  LoopExecutor loop(surroundings.parts.clock);
  const Phone::Parts& parts = surroundings.parts;
  VIGIL_ASSIGN_OR_RETURN(
      const std::shared_ptr<transport::ProgramAccess> access,
      transport::ProgramAccess::Open({parts.files, parts.clock, parts.random},
                                     JoinPath(surroundings.directory, phone->settings().access)));
  transport::ConnectionFiles asked = phone->settings().connection;
  if (const auto server = arguments.Find("--server")) asked.server = *server;
  VIGIL_ASSIGN_OR_RETURN(const transport::Connection connection,
                         transport::ReadConnection(parts.files, asked));
  VIGIL_ASSIGN_OR_RETURN(const std::unique_ptr<engine::PhoneTransport> transport,
                         surroundings.make_transport(loop, connection, access));
  absl::StatusOr<P256PublicKey> register_key = P256PublicKey::FromDer(access->register_key());
  if (!register_key.ok()) {
    return rules::Refuse(v1::REASON_CORRUPT_FILE, "the register's key in the phone is damaged");
  }
  std::optional<engine::SessionReport> report;
  engine::Session::Options options;
  options.client = std::string(kClient);
  options.on_progress = [&](const engine::SessionReport& so_far, std::uint64_t remaining) {
    if (remaining > 0) {
      console.Note({"$0 records, $1 to come", "已收 $0 条，尚余 $1 条"},
                   {std::to_string(so_far.records), std::to_string(remaining)});
    }
  };
  const auto session =
      engine::Session::Start({phone->replica(), *transport, loop, access->signer(), *register_key},
                             options, [&](const engine::SessionReport& done) { report = done; });
  loop.RunUntil([&] { return report.has_value(); });
  // The records first, and only then.
  engine::EvidenceReport photos;
  if (report->status.ok()) photos = SendPhotos(*phone, *transport, loop);
  console.Json(ReportJson(*report, photos));
  const bool said_something = report->outcomes.applied + report->outcomes.merged +
                                  report->outcomes.refused + report->outcomes.deferred +
                                  report->pages >
                              0;
  if (report->status.ok() || said_something) SayReport(console, *report);
  VIGIL_RETURN_IF_ERROR(SayPhotoReport(*phone, photos));
  VIGIL_RETURN_IF_ERROR(NoteRefused(*phone));
  VIGIL_RETURN_IF_ERROR(NoteAccessLost(*phone, report->status));
  VIGIL_ASSIGN_OR_RETURN(const bool is_forked, SayForked(*phone));
  VIGIL_RETURN_IF_ERROR(report->status);
  VIGIL_RETURN_IF_ERROR(report->push_status);
  if (!is_forked) return absl::OkStatus();
  return rules::Refuse(v1::REASON_CHAIN_BROKEN,
                       "another copy of this phone's database has gone on as the same device");
}

}  // namespace vigil::field
