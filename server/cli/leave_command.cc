#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/cli/people.h"
#include "server/cli/program.h"
#include "sync/base/status.h"
#include "sync/cli/console/exit_code.h"
#include "sync/cli/console/json.h"
#include "sync/cli/console/names.h"
#include "sync/cli/console/table.h"
#include "sync/cli/console/value_text.h"
#include "sync/rules/reason.h"
#include "sync/rules/record.h"
#include "sync/rules/schema.h"

// A person leaves. Each step looks at what stands, so that the command does what is left when it is
// run again after a failure.

namespace vigil::office {

using console::Arguments;
using console::Count;
using console::Table;
using Op = v1::Operation;

namespace {

constexpr int kPageSize = 1000;

struct Work {
  v1::Record record;
  std::string field;
};

struct EndedGrant {
  v1::Record person;
  v1::RoleGrant grant;
};

class Leaving {
 public:
  Leaving(Clerk& clerk, v1::Record person, v1::Record successor)
      : clerk_(clerk), person_(std::move(person)), successor_(std::move(successor)) {}

  // Access ends first. An error: the steps before it stand.
  absl::Status Run() {
    VIGIL_RETURN_IF_ERROR(Depart());
    VIGIL_RETURN_IF_ERROR(RevokeDevices());
    VIGIL_RETURN_IF_ERROR(EndDelegations());
    VIGIL_RETURN_IF_ERROR(HandOverReferences("org_unit", "head"));
    VIGIL_RETURN_IF_ERROR(HandOverReferences("risk_source", "responsible_person"));
    return HandOverPlans();
  }

  void Show();

 private:
  absl::Status Depart();
  absl::Status RevokeDevices();
  // What others do in his name, and what he did in theirs. His own roles stay on his record, where
  // they say what has to be filled anew; they are worth nothing.
  absl::Status EndDelegations();
  // Every record of the kind whose field names the person now names the successor.
  absl::Status HandOverReferences(const std::string& kind, const std::string& field);
  absl::Status HandOverPlans();
  absl::Status SetText(const v1::Record& record, const std::string& field, const std::string& text);
  absl::StatusOr<std::set<std::string>> OpenHazards();
  // Somebody else who is here has the person's name: a text does not say who is meant.
  absl::StatusOr<bool> HasNamesake();

  Table WorkTable(const std::vector<Work>& works);
  static std::string WorkJson(const std::vector<Work>& works);
  std::string EndedJson() const;

  Clerk& clerk_;
  const v1::Record person_;
  const v1::Record successor_;
  std::vector<std::string> revoked_;
  std::vector<EndedGrant> ended_;
  std::vector<Work> handed_over_;
};

absl::Status Leaving::Depart() {
  if (person_.entity().person().departed()) return absl::OkStatus();
  v1::Operation operation = EditOf(person_, "departed");
  operation.mutable_edit_record()->mutable_entity()->mutable_person()->set_departed(true);
  return clerk_.Judge(std::move(operation)).status();
}

absl::Status Leaving::RevokeDevices() {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<v1::Record> devices, DevicesOf(clerk_, person_.id()));
  for (const v1::Record& device : devices) {
    if (device.entity().device().revoked()) continue;
    v1::Operation operation = EditOf(device, "revoked");
    operation.mutable_edit_record()->mutable_entity()->mutable_device()->set_revoked(true);
    VIGIL_RETURN_IF_ERROR(clerk_.Judge(std::move(operation)).status());
    revoked_.push_back(device.id());
  }
  return absl::OkStatus();
}

absl::Status Leaving::EndDelegations() {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<v1::Record> persons, clerk_.All("person"));
  for (const v1::Record& record : persons) {
    v1::Operation operation = EditOf(record, "roles");
    v1::Person& removed = *operation.mutable_edit_record()->mutable_removed()->mutable_person();
    std::vector<EndedGrant> ended;
    for (const v1::RoleGrant& grant : record.entity().person().roles()) {
      const bool by_him = grant.delegated_by() == person_.id();
      const bool to_him = record.id() == person_.id() && !grant.delegated_by().empty();
      if (!by_him && !to_him) continue;
      *removed.add_roles() = grant;
      ended.push_back({record, grant});
    }
    if (ended.empty()) continue;
    VIGIL_RETURN_IF_ERROR(clerk_.Judge(std::move(operation)).status());
    ended_.insert(ended_.end(), ended.begin(), ended.end());
  }
  return absl::OkStatus();
}

absl::Status Leaving::SetText(const v1::Record& record, const std::string& field,
                              const std::string& text) {
  v1::Operation operation = EditOf(record, field);
  const rules::EntityInfo& info = *rules::InfoOf(record);
  google::protobuf::Message& body =
      rules::MutableBodyOf(*operation.mutable_edit_record()->mutable_entity(), info);
  body.GetReflection()->SetString(&body, info.Find(std::string_view(field))->descriptor, text);
  VIGIL_RETURN_IF_ERROR(clerk_.Judge(std::move(operation)).status());
  handed_over_.push_back({record, field});
  return absl::OkStatus();
}

absl::Status Leaving::HandOverReferences(const std::string& kind, const std::string& field) {
  const rules::FieldInfo& info =
      *rules::Schema::Get().FindEntity(kind)->Find(std::string_view(field));
  VIGIL_ASSIGN_OR_RETURN(const std::vector<v1::Record> records, clerk_.All(kind));
  for (const v1::Record& record : records) {
    if (!record.withdrawn_by().empty()) continue;
    const google::protobuf::Message& body = rules::BodyOf(record.entity());
    if (body.GetReflection()->GetString(body, info.descriptor) != person_.id()) continue;
    VIGIL_RETURN_IF_ERROR(SetText(record, field, successor_.id()));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::set<std::string>> Leaving::OpenHazards() {
  v1::ListHazardsRequest request;
  request.mutable_filter()->set_finished(v1::TRI_STATE_NO);
  request.set_page_size(kPageSize);
  std::set<std::string> open;
  do {
    VIGIL_ASSIGN_OR_RETURN(const v1::ListHazardsResponse page,
                           clerk_.office().ListHazards(request));
    for (const v1::HazardRow& row : page.hazards()) open.insert(row.record());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return open;
}

absl::StatusOr<bool> Leaving::HasNamesake() {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<v1::Record> persons, clerk_.All("person"));
  for (const v1::Record& other : persons) {
    const v1::Person& person = other.entity().person();
    if (other.id() != person_.id() && !person.departed() &&
        person.name() == person_.entity().person().name()) {
      return true;
    }
  }
  return false;
}

// A plan names its person as a text: by the code, or by a name that nobody else has.
absl::Status Leaving::HandOverPlans() {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<v1::Record> plans, clerk_.All("rectification_plan"));
  std::vector<v1::Record> named;
  VIGIL_ASSIGN_OR_RETURN(const bool has_namesake, HasNamesake());
  const v1::Person& person = person_.entity().person();
  for (const v1::Record& plan : plans) {
    const std::string& text = plan.entity().rectification_plan().responsible_person();
    const bool by_name = !has_namesake && text == person.name();
    if (!text.empty() && (text == person.code() || by_name)) named.push_back(plan);
  }
  if (named.empty()) return absl::OkStatus();
  VIGIL_ASSIGN_OR_RETURN(const std::set<std::string> open, OpenHazards());
  for (const v1::Record& plan : named) {
    const bool is_open =
        plan.withdrawn_by().empty() && open.count(plan.entity().rectification_plan().hazard()) > 0;
    if (!is_open) continue;
    VIGIL_RETURN_IF_ERROR(SetText(plan, "responsible_person", successor_.entity().person().name()));
  }
  return absl::OkStatus();
}

Table Leaving::WorkTable(const std::vector<Work>& works) {
  console::Console& console = clerk_.console();
  Table table({{std::string(console.In({"kind", "种类"}))},
               {std::string(console.In({"record", "记录"})), Table::Align::kLeft, 50},
               {std::string(console.In({"field", "字段"}))}});
  for (const Work& work : works) {
    table.AddRow({console::KindLabel(rules::InfoOf(work.record)->kind, console.language()),
                  clerk_.NameOf(work.record.id()),
                  console::FieldLabel(work.field, console.language())});
  }
  return table;
}

std::string Leaving::WorkJson(const std::vector<Work>& works) {
  console::JsonArray array;
  for (const Work& work : works) {
    array.AddRaw(console::JsonObject()
                     .Set("kind", rules::InfoOf(work.record)->kind)
                     .Set("record", work.record.id())
                     .Set("key", rules::KeyOf(work.record))
                     .Set("field", work.field)
                     .ToString());
  }
  return array.ToString();
}

std::string Leaving::EndedJson() const {
  console::JsonArray array;
  for (const EndedGrant& ended : ended_) {
    array.AddRaw(console::JsonObject()
                     .Set("person", ended.person.id())
                     .Set("person_code", ended.person.entity().person().code())
                     .SetRaw("grant", console::ProtoJson(ended.grant))
                     .ToString());
  }
  return array.ToString();
}

void Leaving::Show() {
  console::Console& console = clerk_.console();
  console::JsonArray revoked;
  for (const std::string& device : revoked_) revoked.Add(device);
  console.Json(console::JsonObject()
                   .Set("person", person_.id())
                   .Set("to", successor_.id())
                   .SetRaw("revoked_devices", revoked.ToString())
                   .SetRaw("ended_delegations", EndedJson())
                   .SetRaw("reassigned", WorkJson(handed_over_))
                   .ToString());
  if (console.json()) return;
  const std::string successor = console::RecordTitle(successor_);
  console.Say({"devices revoked: $0", "已吊销设备：$0 台"}, {std::to_string(revoked_.size())});
  for (const EndedGrant& ended : ended_) {
    console.Say(
        {"$0 no longer has: $1", "$0 不再担任：$1"},
        {console::RecordTitle(ended.person), console::GrantText(ended.grant, clerk_.display())});
  }
  console.Say({"work given to $0: $1", "已移交给 $0 的工作：$1 项"},
              {successor, std::to_string(handed_over_.size())});
  if (!handed_over_.empty()) console.Write(WorkTable(handed_over_).ToString());
  const v1::Date today = Today(clerk_);
  for (const v1::RoleGrant& grant : person_.entity().person().roles()) {
    if (!grant.delegated_by().empty() || IsOver(grant, today)) continue;
    console.Say({"role of who left: $0 (see `vigilctl role grant`)",
                 "离岗人员的角色：$0（可用 vigilctl role grant 授予他人）"},
                {console::GrantText(grant, clerk_.display())});
  }
}

absl::Status Leave(Clerk& clerk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(v1::Record person, clerk.Find("person", arguments.Value("PERSON")));
  VIGIL_ASSIGN_OR_RETURN(v1::Record successor, clerk.Find("person", arguments.Value("--to")));
  if (person.id() == successor.id()) return console::UsageError("nobody takes over from himself");
  VIGIL_RETURN_IF_ERROR(MustBeHere(successor));
  Leaving leaving(clerk, std::move(person), std::move(successor));
  const absl::Status status = leaving.Run();
  leaving.Show();
  return status;
}

}  // namespace

std::vector<Command> LeaveCommands() {
  return {
      {{"person leave",
        {"a person leaves: his access and all delegations by and to him end, his open work goes to "
         "another; run again, it does what is left",
         "人员离岗：终止其访问及其委托与受托的角色，并将其未结工作移交他人；重复运行时继续完成剩余"
         "部分"},
        {{"PERSON", "", {"who leaves: code or id", "离岗人员的编码或 id"}, Count::kRequired},
         {"--to", "PERSON", {"who takes over", "接手人"}, Count::kRequired}},
        {"inspector-07 --to inspector-08", "inspector-07 --to inspector-08 --json"},
        {Op::kEditRecord}},
       Leave},
  };
}

}  // namespace vigil::office
