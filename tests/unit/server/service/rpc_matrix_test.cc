// Who may call what, and who finds what by it: the whole of it in access/rpc_matrix.txt, made from
// the contract and from a small register. A call that has no line there, or another one, fails
// here. VIGIL_WRITE_RPC_MATRIX=1 writes the file anew; read the difference.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"
#include "server/access/access_control.h"
#include "server/service/register_core.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_register.h"
#include "tests/support/two_parks.h"
#include "vigil/v1/access_service.pb.h"
#include "vigil/v1/admin_service.pb.h"
#include "vigil/v1/evidence_service.pb.h"
#include "vigil/v1/register_service.pb.h"
#include "vigil/v1/report_service.pb.h"
#include "vigil/v1/sync_service.pb.h"

namespace vigil::testing {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

constexpr std::string_view kMatrix = "tests/unit/server/access/rpc_matrix.txt";
constexpr std::string_view kContract = "proto/vigil/v1";

constexpr std::string_view kHeading =
    "# Made by rpc_matrix_test.cc; VIGIL_WRITE_RPC_MATRIX=1 writes it anew.\n";

// Those that a person can have.
std::vector<v1::Role> Roles() {
  std::vector<v1::Role> roles;
  for (int role = v1::Role_MIN; role <= v1::Role_MAX; ++role) {
    const bool granted = role != v1::ROLE_UNSPECIFIED && role != v1::ROLE_ESCALATION_CLOCK;
    if (granted && v1::Role_IsValid(role)) roles.push_back(static_cast<v1::Role>(role));
  }
  return roles;
}

std::string NameOf(v1::Role role) {
  return absl::AsciiStrToLower(v1::Role_Name(role).substr(std::string("ROLE_").size()));
}

// The services of every file of the contract, whether a program asks for them or not.
std::vector<const ServiceDescriptor*> Services() {
  // A file is linked in only where something of it is used.
  (void)v1::HelloRequest::descriptor();
  (void)v1::SubmitRequest::descriptor();
  (void)v1::InviteRequest::descriptor();
  (void)v1::EnrolRequest::descriptor();
  (void)v1::EvidenceStatus::descriptor();
  (void)v1::ReportFile::descriptor();
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kContract)) {
    if (entry.path().extension() == ".proto") names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  std::vector<const ServiceDescriptor*> services;
  for (const std::string& name : names) {
    const FileDescriptor* file =
        DescriptorPool::generated_pool()->FindFileByName("vigil/v1/" + name);
    std::ifstream source{std::filesystem::path(kContract) / name};
    std::stringstream text;
    text << source.rdbuf();
    const bool has_service = text.str().find("\nservice ") != std::string::npos;
    EXPECT_TRUE(file != nullptr || !has_service) << name << " is not part of this test";
    for (int i = 0; file != nullptr && i < file->service_count(); ++i) {
      services.push_back(file->service(i));
    }
  }
  return services;
}

std::string AnswerTo(const MethodDescriptor& method, const std::vector<v1::RoleGrant>& roles,
                     v1::Channel channel, store::Snapshot& snapshot) {
  if (method.options().GetExtension(v1::rpc).open()) return "open";
  rules::Author author;
  author.channel = channel;
  author.roles = roles;
  absl::Status status = access::CheckRpc(method, author);
  if (status.ok()) status = access::CheckReach(method, author, snapshot);
  if (status.ok()) return "ok";
  return ReasonOf(status).substr(std::string("REASON_").size());
}

std::string CallMatrix() {
  TestRegister reg;
  const auto snapshot = *reg.store().Read();
  std::string text =
      "\n# call                            role                        channel  answer\n";
  const auto add = [&](const MethodDescriptor& method, const std::string& name,
                       const std::vector<v1::RoleGrant>& roles) {
    for (const auto& [channel, channel_name] :
         {std::pair(v1::CHANNEL_PHONE, "phone"), std::pair(v1::CHANNEL_OFFICE, "office")}) {
      absl::StrAppendFormat(&text, "%-33s %-27s %-8s %s\n",
                            absl::StrCat(method.service()->name(), ".", method.name()), name,
                            channel_name, AnswerTo(method, roles, channel, *snapshot));
    }
  };
  for (const ServiceDescriptor* service : Services()) {
    for (int i = 0; i < service->method_count(); ++i) {
      for (const v1::Role role : Roles()) {
        v1::RoleGrant grant;
        grant.set_role(role);
        add(*service->method(i), NameOf(role), {grant});
        grant.set_unit(reg.unit);
        add(*service->method(i), NameOf(role) + "@unit", {grant});
      }
      add(*service->method(i), "nobody", {});
    }
  }
  return text;
}

// A register of two parks, whose first hazard waits for the district to take it over; and one
// question for each query, about the first park.
class Questions {
 public:
  Questions() : core_(reg_.target(), "Asia/Shanghai"), parks_(reg_) { parks_.Offer(parks_.here()); }

  struct Question {
    std::string name;
    // OK and true: the answer holds what was asked for.
    std::function<absl::StatusOr<bool>(const rules::Author&)> ask;
  };
  std::vector<Question> All();

  struct Scope {
    std::string name;
    std::string unit;
  };
  // Of the caller's role, as seen from the first park.
  std::vector<Scope> Scopes() const {
    return {{"everywhere", ""},
            {"unit above", reg_.department},
            {"own unit", reg_.unit},
            {"other unit", reg_.other_unit},
            {"receiving unit", reg_.district}};
  }
  rules::Author Caller(v1::Role role, const std::string& unit) { return parks_.Caller(role, unit); }
  rules::Author Nobody() { return parks_.Nobody(); }

 private:
  const TwoParks::Park& here() const { return parks_.here(); }

  absl::StatusOr<bool> Get(const rules::Author& caller, const std::string& record,
                           std::uint64_t version = 0);
  absl::StatusOr<bool> GetByKey(const rules::Author& caller);
  absl::StatusOr<bool> List(const rules::Author& caller, const std::string& kind,
                            const std::string& parent, const std::string& wanted);
  absl::StatusOr<bool> Stats(const rules::Author& caller, const std::string& figure);
  absl::StatusOr<bool> Digest(const rules::Author& caller);
  absl::StatusOr<bool> Submit(const rules::Author& caller);
  void AddLists(std::vector<Question>& all);

  TestRegister reg_;
  service::RegisterCore core_;
  TwoParks parks_;
};

absl::StatusOr<bool> Questions::Get(const rules::Author& caller, const std::string& record,
                                    std::uint64_t version) {
  v1::GetRecordRequest request;
  request.set_record(record);
  request.set_version(version);
  VIGIL_ASSIGN_OR_RETURN(const v1::GetRecordResponse found, core_.GetRecord(caller, request));
  return found.record().id() == record;
}

absl::StatusOr<bool> Questions::GetByKey(const rules::Author& caller) {
  v1::GetRecordRequest request;
  request.set_kind("hazard");
  request.set_key(here().number);
  VIGIL_ASSIGN_OR_RETURN(const v1::GetRecordResponse found, core_.GetRecord(caller, request));
  return found.record().id() == here().hazard;
}

absl::StatusOr<bool> Questions::List(const rules::Author& caller, const std::string& kind,
                                     const std::string& parent, const std::string& wanted) {
  v1::ListRecordsRequest request;
  request.set_kind(kind);
  request.set_parent(parent);
  request.set_page_size(1000);
  VIGIL_ASSIGN_OR_RETURN(const v1::ListRecordsResponse found, core_.ListRecords(caller, request));
  return std::any_of(found.records().begin(), found.records().end(),
                     [&](const v1::Record& record) { return record.id() == wanted; });
}

absl::StatusOr<bool> Questions::Stats(const rules::Author& caller, const std::string& figure) {
  v1::GetStatsRequest request;
  request.mutable_filter()->set_risk_source(here().risk_source);
  VIGIL_ASSIGN_OR_RETURN(const v1::GetStatsResponse found, core_.GetStats(caller, request));
  return std::any_of(found.figures().begin(), found.figures().end(), [&](const v1::Figure& each) {
    return each.name() == figure && each.value() != "0";
  });
}

absl::StatusOr<bool> Questions::Digest(const rules::Author& caller) {
  v1::GetDigestRequest request;
  request.add_units(reg_.unit);
  VIGIL_ASSIGN_OR_RETURN(const v1::GetDigestResponse found, core_.GetDigest(caller, request));
  return found.digest_size() > 0;
}

// Whether it is judged; what is decided is another matter, and here nothing ever is.
absl::StatusOr<bool> Questions::Submit(const rules::Author& caller) {
  v1::Operation operation = parks_.Begin(caller, {here().hazard});
  operation.mutable_edit_record()->set_record(here().hazard);
  operation.mutable_edit_record()->mutable_entity()->mutable_hazard();
  v1::SubmitRequest request;
  request.set_operation(operation.SerializeAsString());
  absl::StatusOr<v1::SubmitResponse> answer = absl::UnknownError("not answered");
  core_.Submit(caller, request,
               [&](absl::StatusOr<v1::SubmitResponse> response) { answer = std::move(response); });
  reg_.executor().RunUntilIdle();
  VIGIL_RETURN_IF_ERROR(answer);
  return answer->outcome().error().reason() == v1::REASON_REQUIRED_FIELD_MISSING;
}

void Questions::AddLists(std::vector<Question>& all) {
  all.push_back({"ListHazards", [this](const rules::Author& caller) -> absl::StatusOr<bool> {
                   VIGIL_ASSIGN_OR_RETURN(const v1::ListHazardsResponse found,
                                          core_.ListHazards(caller, v1::ListHazardsRequest()));
                   EXPECT_EQ(found.hazards_size(), found.total_size());
                   return std::any_of(
                       found.hazards().begin(), found.hazards().end(),
                       [&](const v1::HazardRow& row) { return row.record() == here().hazard; });
                 }});
  all.push_back({"ListOrders", [this](const rules::Author& caller) -> absl::StatusOr<bool> {
                   VIGIL_ASSIGN_OR_RETURN(const v1::ListOrdersResponse found,
                                          core_.ListOrders(caller, v1::ListOrdersRequest()));
                   EXPECT_EQ(found.orders_size(), found.total_size());
                   return std::any_of(
                       found.orders().begin(), found.orders().end(),
                       [&](const v1::OrderRow& row) { return row.record() == here().order; });
                 }});
  all.push_back({"ListConflicts", [this](const rules::Author& caller) -> absl::StatusOr<bool> {
                   VIGIL_ASSIGN_OR_RETURN(const v1::ListConflictsResponse found,
                                          core_.ListConflicts(caller, v1::ListConflictsRequest()));
                   return std::any_of(
                       found.conflicts().begin(), found.conflicts().end(),
                       [&](const v1::ConflictRow& row) { return row.record() == here().hazard; });
                 }});
  all.push_back(
      {"ListEscalations", [this](const rules::Author& caller) -> absl::StatusOr<bool> {
         VIGIL_ASSIGN_OR_RETURN(const v1::ListEscalationsResponse found,
                                core_.ListEscalations(caller, v1::ListEscalationsRequest()));
         return std::any_of(
             found.escalations().begin(), found.escalations().end(),
             [&](const v1::EscalationRow& row) { return row.record() == here().escalation; });
       }});
  all.push_back(
      {"ListInspectionsDue", [this](const rules::Author& caller) -> absl::StatusOr<bool> {
         VIGIL_ASSIGN_OR_RETURN(const v1::ListInspectionsDueResponse found,
                                core_.ListInspectionsDue(caller, v1::ListInspectionsDueRequest()));
         EXPECT_EQ(found.inspections_size(), found.total_size());
         return std::any_of(
             found.inspections().begin(), found.inspections().end(),
             [&](const v1::InspectionDueRow& row) { return row.record() == here().risk_source; });
       }});
  all.push_back({"ListHistory", [this](const rules::Author& caller) -> absl::StatusOr<bool> {
                   v1::ListHistoryRequest request;
                   request.set_record(here().hazard);
                   VIGIL_ASSIGN_OR_RETURN(const v1::ListHistoryResponse found,
                                          core_.ListHistory(caller, request));
                   return found.entries_size() > 0;
                 }});
}

std::vector<Questions::Question> Questions::All() {
  using Caller = const rules::Author&;
  std::vector<Question> all = {
      {"Submit a decision", [this](Caller caller) { return Submit(caller); }},
      {"GetRecord", [this](Caller caller) { return Get(caller, here().hazard); }},
      {"GetRecord by key", [this](Caller caller) { return GetByKey(caller); }},
      {"GetRecord as it was",
       [this](Caller caller) { return Get(caller, here().hazard, here().before_conflict); }},
      {"GetRecord of a child", [this](Caller caller) { return Get(caller, here().order); }},
      {"GetRecord of a risk source",
       [this](Caller caller) { return Get(caller, here().risk_source); }},
      {"GetRecord of everybody's", [this](Caller caller) { return Get(caller, here().unit); }},
      {"GetRecord of the office's", [this](Caller caller) { return Get(caller, parks_.device()); }},
      {"ListRecords", [this](Caller caller) { return List(caller, "hazard", "", here().hazard); }},
      {"ListRecords of a parent",
       [this](Caller caller) { return List(caller, "", here().hazard, here().order); }},
      {"ListRecords of everybody's",
       [this](Caller caller) { return List(caller, "org_unit", "", here().unit); }},
      {"ListRecords of the office's",
       [this](Caller caller) { return List(caller, "device", "", parks_.device()); }},
      {"GetStats", [this](Caller caller) { return Stats(caller, "hazards"); }},
      {"GetStats of the register", [this](Caller caller) { return Stats(caller, "operations"); }},
      {"GetDigest", [this](Caller caller) { return Digest(caller); }},
  };
  AddLists(all);
  return all;
}

std::string ScopeMatrix() {
  Questions questions;
  std::string text =
      "\n# query                       role                 scope           answer\n";
  const auto add = [&](const Questions::Question& question, const std::string& role,
                       const std::string& scope, const rules::Author& caller) {
    const absl::StatusOr<bool> found = question.ask(caller);
    std::string answer = found.ok() ? (*found ? "found" : "none") : ReasonOf(found.status());
    if (absl::StartsWith(answer, "REASON_")) answer = answer.substr(std::string("REASON_").size());
    absl::StrAppendFormat(&text, "%-29s %-20s %-15s %s\n", question.name, role, scope, answer);
  };
  for (const Questions::Question& question : questions.All()) {
    for (const v1::Role role : Roles()) {
      for (const Questions::Scope& scope : questions.Scopes()) {
        add(question, NameOf(role), scope.name, questions.Caller(role, scope.unit));
      }
    }
    add(question, "nobody", "none", questions.Nobody());
  }
  return text;
}

std::string Difference(const std::string& expected, const std::string& actual) {
  const std::vector<std::string> before = absl::StrSplit(expected, '\n');
  const std::vector<std::string> after = absl::StrSplit(actual, '\n');
  std::string text;
  for (std::size_t i = 0; i < std::max(before.size(), after.size()); ++i) {
    const std::string old_line = i < before.size() ? before[i] : "";
    const std::string new_line = i < after.size() ? after[i] : "";
    if (old_line == new_line) continue;
    absl::StrAppend(&text, "line ", i + 1, "\n- ", old_line, "\n+ ", new_line, "\n");
  }
  return text;
}

TEST(RpcMatrixTest, EveryCallRoleChannelAndScopeIsAsTheFileSays) {
  const std::string actual = absl::StrCat(std::string(kHeading), CallMatrix(), ScopeMatrix());
  if (std::getenv("VIGIL_WRITE_RPC_MATRIX") != nullptr) {
    std::ofstream(std::string(kMatrix)) << actual;
  }
  std::ifstream file{std::string(kMatrix)};
  ASSERT_TRUE(file) << "run this from the root of the source";
  std::stringstream expected;
  expected << file.rdbuf();
  EXPECT_EQ(Difference(expected.str(), actual), "");
}

}  // namespace
}  // namespace vigil::testing
