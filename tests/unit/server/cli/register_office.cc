#include "tests/unit/server/cli/register_office.h"

#include <optional>
#include <sstream>
#include <utility>

#include "server/cli/program.h"
#include "server/register/log_page.h"
#include "sync/base/check.h"
#include "sync/base/signing.h"
#include "sync/base/status.h"
#include "sync/rules/reason.h"
#include "sync/rules/schema.h"

namespace vigil::office {
namespace {

const store::RecordScope kEverything{.everywhere = true, .office = true};

template <typename T>
T Get(absl::StatusOr<T> result) {
  VIGIL_CHECK(result.ok()) << result.status().ToString();
  return *std::move(result);
}

v1::Record Parse(const store::StoredRecord& stored) {
  v1::Record record;
  VIGIL_CHECK(record.ParseFromString(stored.bytes));
  return record;
}

}  // namespace

KnownRegister RegisterOffice::Known() {
  const auto snapshot = Get(target_.store().Read());
  return {.address = "register.example:7443",
          .id = Get(snapshot->Epochs()).back().id(),
          .public_key = knows_key ? key_.public_key().der() : std::string()};
}

absl::StatusOr<v1::SubmitResponse> RegisterOffice::Submit(const v1::SubmitRequest& request) {
  ++submissions;
  if (fails_from > 0 && submissions >= fails_from) {
    return rules::Refuse(v1::REASON_SERVER_UNREACHABLE, "gone");
  }
  v1::Operation operation;
  VIGIL_CHECK(operation.ParseFromString(request.operation()));
  registry::Incoming incoming;
  incoming.bytes = request.operation();
  VIGIL_ASSIGN_OR_RETURN(const std::vector<v1::Outcome> outcomes,
                         target_.SubmitBytes(clerk_, {incoming}));
  v1::SubmitResponse response;
  *response.mutable_outcome() = outcomes.front();
  return response;
}

absl::StatusOr<v1::GetRecordResponse> RegisterOffice::GetRecord(
    const v1::GetRecordRequest& request) {
  const auto snapshot = Get(target_.store().Read());
  std::optional<Uuid> id = Uuid::Parse(request.record());
  const rules::EntityInfo* info = rules::Schema::Get().FindEntity(request.kind());
  if (!id && info != nullptr) id = Get(snapshot->FindByKey(info->number, request.key()));
  std::optional<store::StoredRecord> stored;
  if (id) stored = Get(snapshot->FindRecord(*id));
  if (!stored) return rules::Refuse(v1::REASON_NOT_FOUND, "no such record");
  v1::GetRecordResponse response;
  *response.mutable_record() = Parse(*stored);
  return response;
}

absl::StatusOr<v1::ListRecordsResponse> RegisterOffice::ListRecords(
    const v1::ListRecordsRequest& request) {
  const auto snapshot = Get(target_.store().Read());
  // Small pages, so that there are several.
  const store::RecordPage page =
      Get(snapshot->Records(rules::Schema::Get().FindEntity(request.kind())->number, Uuid(), 2,
                            request.page_token(), kEverything));
  v1::ListRecordsResponse response;
  for (const store::StoredRecord& stored : page.records) *response.add_records() = Parse(stored);
  response.set_next_page_token(page.next_page_token);
  return response;
}

absl::StatusOr<v1::ListHazardsResponse> RegisterOffice::ListHazards(
    const v1::ListHazardsRequest& request) {
  const auto snapshot = Get(target_.store().Read());
  store::LedgerPage page = Get(snapshot->Hazards(request, target_.target().Today(), kEverything));
  v1::ListHazardsResponse response;
  for (v1::HazardRow& row : page.rows) *response.add_hazards() = std::move(row);
  response.set_next_page_token(page.next_page_token);
  return response;
}

void RegisterOffice::SignHead(v1::RegisterHead& head) {
  if (!signs) return;
  head.set_signature(
      Get(key_.Sign(BytesToSign(HeadToSign{.epoch = *Uuid::Parse(head.epoch()),
                                           .seq = Seq(head.seq()),
                                           .root = *Sha256::FromBytes(head.root())}))));
}

absl::StatusOr<v1::GetSessionResponse> RegisterOffice::GetSession(const v1::GetSessionRequest&) {
  const store::Head head = target_.Head();
  v1::GetSessionResponse response;
  response.set_device(clerk_.author.device);
  response.set_person(clerk_.author.person);
  response.set_time_zone("Asia/Shanghai");
  response.mutable_head()->set_epoch(head.epoch.id());
  response.mutable_head()->set_seq(head.seq.value());
  response.mutable_head()->set_root(std::string(head.audit_root.bytes()));
  SignHead(*response.mutable_head());
  return response;
}

absl::StatusOr<v1::ListLogResponse> RegisterOffice::ListLog(const v1::ListLogRequest& request) {
  v1::ListLogRequest asked = request;
  if (page_bytes > 0) asked.set_page_bytes(page_bytes);
  const auto snapshot = Get(target_.store().Read());
  VIGIL_ASSIGN_OR_RETURN(v1::ListLogResponse response, registry::ListLog(*snapshot, asked));
  SignHead(*response.mutable_head());
  if (damage) damage(response);
  return response;
}

Ran RunCtl(Office& office, FileSystem& files, const Clock& clock, Random& random,
           const std::vector<std::string>& words, bool on_terminal) {
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  Ran ran;
  ran.exit_code = console::RunProgram(
      Program(), words, {in, out, err, on_terminal},
      [&](std::size_t command, const console::Arguments& arguments, console::Console& console) {
        AccessTerms terms{.console = console,
                          .files = files,
                          .clock = clock,
                          .random = random,
                          .access_directory = {},
                          .connect = {}};
        if (const auto status = RunBefore(command, arguments, terms)) return *status;
        Clerk clerk({.office = office,
                     .console = console,
                     .files = files,
                     .clock = clock,
                     .random = random});
        return RunCommand(command, arguments, clerk);
      });
  ran.out = out.str();
  ran.err = err.str();
  return ran;
}

}  // namespace vigil::office
