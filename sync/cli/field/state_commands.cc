#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/cli/console/error_text.h"
#include "sync/cli/console/json.h"
#include "sync/cli/console/names.h"
#include "sync/cli/console/table.h"
#include "sync/cli/field/photos.h"
#include "sync/cli/field/program.h"
#include "sync/rules/record.h"
#include "sync/rules/schema.h"

// How the phone stands: what waits, what was refused, what is in conflict, and single records.

namespace vigil::field {

using console::Arguments;
using console::Count;
using console::Table;
using replica::RecordView;

namespace {

std::string CommandText(Phone& phone, const v1::Operation& operation) {
  const rules::CommandInfo* info = rules::Schema::Get().FindCommand(operation.command_case());
  return info == nullptr ? "" : console::CommandLabel(info->name, phone.console().language());
}

// What its author wrote.
std::string ContentText(Phone& phone, const v1::Operation& operation) {
  const google::protobuf::FieldDescriptor* field =
      operation.GetReflection()->GetOneofFieldDescriptor(
          operation, v1::Operation::descriptor()->FindOneofByName("command"));
  if (field == nullptr) return "";
  const auto& command = operation.GetReflection()->GetMessage(operation, field);
  return console::OneLine(console::BodyText(command, phone.display()));
}

std::string InstantText(Phone& phone, absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M", time, phone.zone());
}

// Restores of the register that this phone has met.
std::string RestoresJson(const std::vector<replica::Restore>& restores) {
  console::JsonArray array;
  for (const replica::Restore& restore : restores) {
    console::JsonObject object;
    object.SetRaw("epoch", console::ProtoJson(restore.epoch))
        .Set("noticed_at", FormatInstant(restore.noticed_at))
        .Set("operations_back", restore.operations_back)
        .Set("records_back", restore.records_back);
    array.AddRaw(object.ToString());
  }
  return array.ToString();
}

void SayRestore(Phone& phone, const replica::Restore& restore) {
  const absl::Time began = absl::FromUnixSeconds(restore.epoch.began_at().seconds());
  phone.console().Say(
      {"the register was restored on $0 by $1: $2", "登记库已于 $0 由 $1 恢复：$2"},
      {InstantText(phone, began), phone.NameOf(restore.epoch.person()), restore.epoch.why()});
  phone.console().Say(
      {"  of this phone's work, $0 operations had to be sent again; $1 records that the backup "
       "lacks "
       "or has older go back to the register as copies",
       "  本机有 $0 个操作需重新发送；$1 条备份中缺少或较旧的记录已作为副本交回登记库"},
      {std::to_string(restore.operations_back), std::to_string(restore.records_back)});
}

absl::Status Status(Phone& phone, const Arguments&) {
  VIGIL_ASSIGN_OR_RETURN(const replica::StatusCounts counts, phone.replica().Counts());
  VIGIL_ASSIGN_OR_RETURN(const replica::SyncState state, phone.replica().GetSyncState());
  VIGIL_ASSIGN_OR_RETURN(const auto identity, phone.replica().GetIdentity());
  VIGIL_ASSIGN_OR_RETURN(const std::vector<std::uint64_t> sums, phone.replica().Digest());
  VIGIL_ASSIGN_OR_RETURN(const PhotoCounts photos, CountPhotos(phone));
  VIGIL_ASSIGN_OR_RETURN(const std::vector<replica::Restore> restores, phone.replica().Restores());
  const bool synced = state.last_sync_at != absl::InfinitePast();
  console::JsonObject object;
  object.Set("person", identity->person)
      .Set("device", identity->device)
      .Set("server", phone.settings().connection.server)
      .Set("pending", counts.pending)
      .Set("deferred", counts.deferred)
      .Set("refused", counts.refused)
      .Set("quarantined", counts.quarantined)
      .Set("in_conflict", counts.in_conflict)
      .Set("drafts", counts.drafts)
      .Set("photos_waiting", photos.waiting)
      .Set("photos_refused", photos.refused)
      .Set("records", counts.records)
      .Set("complete", counts.complete)
      .Set("faults", counts.faults)
      .Set("seq", static_cast<std::int64_t>(state.head.seq()))
      .Set("epoch", state.epoch)
      .Set("copies", counts.copies)
      .Set("forked", counts.forked)
      .SetRaw("restores", RestoresJson(restores))
      .Set("digest", console::DigestText(sums))
      .Set("last_sync_at", synced ? FormatInstant(state.last_sync_at) : "");
  console::Console& console = phone.console();
  console.Json(object.ToString());
  console.Say({"person: $0", "人员：$0"}, {phone.NameOf(identity->person)});
  console.Say({"waiting to be sent: $0 (of these put off by the register: $1)",
               "待发送：$0（其中被登记库暂缓：$1）"},
              {std::to_string(counts.pending), std::to_string(counts.deferred)});
  VIGIL_RETURN_IF_ERROR(SayPhotos(phone));
  console.Say({"refused, for you to look at: $0", "被拒绝、待您处理：$0"},
              {std::to_string(counts.refused)});
  if (counts.quarantined > 0) {
    console.Say({"no longer in your care and not sent, for you to decide: $0",
                 "已不在您职责范围、未发送、待您决定：$0"},
                {std::to_string(counts.quarantined)});
  }
  console.Say({"in conflict: $0", "有冲突：$0"}, {std::to_string(counts.in_conflict)});
  console.Say({"drafts: $0", "草稿：$0"}, {std::to_string(counts.drafts)});
  console.Say({"records: $0 ($1)", "记录：$0（$1）"},
              {std::to_string(counts.records),
               counts.complete ? console.In({"complete", "完整"})
                               : console.In({"incomplete: synchronise", "不完整：请同步"})});
  console.Say({"last synchronised: $0", "上次同步：$0"},
              {synced ? InstantText(phone, state.last_sync_at)
                      : std::string(console.In({"never", "从未"}))});
  if (!restores.empty()) SayRestore(phone, restores.front());
  if (counts.copies > 0) {
    console.Say({"copies to return to the register: $0", "待交回登记库的副本：$0"},
                {std::to_string(counts.copies)});
  }
  VIGIL_RETURN_IF_ERROR(SayForked(phone).status());
  if (counts.faults > 0) {
    console.Say({"differences found and repaired: $0", "已发现并修复的差异：$0"},
                {std::to_string(counts.faults)});
  }
  return absl::OkStatus();
}

absl::Status Attention(Phone& phone, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<replica::AttentionItem> items,
                         phone.replica().Attention());
  console::Console& console = phone.console();
  console::JsonArray array;
  bool any = false;
  for (const replica::AttentionItem& item : items) {
    if (item.settled && !arguments.Has("--all")) continue;
    any = true;
    console::JsonObject object;
    object.SetRaw("operation", console::ProtoJson(item.operation))
        .SetRaw("outcome", console::ProtoJson(item.outcome))
        .Set("settled", item.settled)
        .Set("quarantined", item.quarantined);
    array.AddRaw(object.ToString());
    console.Say({"$0  $1  $2", "$0  $1  $2"},
                {item.operation.id(), CommandText(phone, item.operation),
                 InstantText(phone, item.refused_at)});
    console.Say({"  why: $0", "  原因：$0"},
                {console::ReasonText(item.outcome.error().reason(), console.language())});
    console.Say({"  $0", "  $0"}, {console::OneLine(item.outcome.error().message())});
    const console::ReasonWords* words = console::FindReasonWords(item.outcome.error().reason());
    if (item.quarantined) {
      console.Say({"  next: attention release, or attention discard",
                   "  下一步：attention release 或 attention discard"});
    } else if (words != nullptr) {
      console.Say({"  next: $0", "  下一步：$0"}, {console.In(words->advice)});
    }
    console.Say({"  content: $0", "  内容：$0"}, {ContentText(phone, item.operation)});
  }
  console.Json(array.ToString());
  if (!any) console.Say({"nothing was refused", "没有被拒绝的操作"});
  return absl::OkStatus();
}

// The operation by its id or the beginning of it.
absl::StatusOr<std::string> FindRefused(Phone& phone, const std::string& name) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<replica::AttentionItem> items,
                         phone.replica().Attention());
  std::string found = name;
  int matches = 0;
  for (const replica::AttentionItem& item : items) {
    if (item.operation.id().compare(0, name.size(), name) != 0) continue;
    found = item.operation.id();
    ++matches;
  }
  return matches == 1 ? found : name;
}

absl::Status Settle(Phone& phone, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const std::string operation,
                         FindRefused(phone, arguments.Value("OPERATION")));
  VIGIL_RETURN_IF_ERROR(phone.replica().SettleAttention(operation));
  phone.console().Json("{}");
  phone.console().Say({"dealt with", "已处理"});
  return absl::OkStatus();
}

absl::Status Release(Phone& phone, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const std::string operation,
                         FindRefused(phone, arguments.Value("OPERATION")));
  VIGIL_RETURN_IF_ERROR(phone.replica().Release(operation));
  phone.console().Json("{}");
  phone.console().Say({"it goes with the next synchronisation; the register decides",
                       "将随下次同步发送，由登记库判定"});
  return absl::OkStatus();
}

absl::Status Discard(Phone& phone, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const std::string operation,
                         FindRefused(phone, arguments.Value("OPERATION")));
  VIGIL_RETURN_IF_ERROR(phone.replica().Discard(operation));
  phone.console().Json("{}");
  phone.console().Say({"given up; it stays readable", "已放弃，仍可查看"});
  return absl::OkStatus();
}

absl::Status Conflicts(Phone& phone, const Arguments&) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<RecordView> views, phone.replica().Conflicts());
  console::Console& console = phone.console();
  console::JsonArray array;
  for (const RecordView& view : views) {
    console::JsonArray fields;
    for (const std::string& field : view.conflicts) fields.Add(field);
    console::JsonObject object;
    object.Set("number", phone.NameOf(view.record.id()))
        .SetRaw("fields", fields.ToString())
        .SetRaw("record", console::ProtoJson(view.record));
    array.AddRaw(object.ToString());
    console.Write(console::RecordText(view.record, phone.display()) + "\n");
  }
  console.Json(array.ToString());
  if (views.empty()) console.Say({"nothing is in conflict", "没有冲突"});
  return absl::OkStatus();
}

void ShowChildren(Phone& phone, const std::vector<RecordView>& children) {
  if (children.empty()) return;
  console::Console& console = phone.console();
  Table table({{std::string(console.In({"what lives under it", "下属记录"}))},
               {std::string(console.In({"number or id", "编号或 id"}))},
               {std::string(console.In({"in short", "摘要"})), Table::Align::kLeft, 72},
               {""}});
  for (const RecordView& view : children) {
    const rules::EntityInfo* info = rules::InfoOf(view.record);
    const std::string key = rules::KeyOf(view.record);
    table.AddRow({info == nullptr ? "" : console::KindLabel(info->kind, console.language()),
                  key.empty() ? view.record.id() : key,
                  console::RecordGist(view.record, phone.display()),
                  view.pending ? std::string(console.In({"not sent", "未发送"})) : ""});
  }
  console.Write("\n" + table.ToString());
}

absl::Status Show(Phone& phone, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const RecordView view,
                         phone.FindView(arguments.Value("--kind"), arguments.Value("RECORD")));
  VIGIL_ASSIGN_OR_RETURN(
      const std::vector<RecordView> children,
      phone.replica().List({.kind = "", .parent = view.record.id(), .after = ""}));
  console::Console& console = phone.console();
  console::JsonObject object;
  object.Set("pending", view.pending).SetRaw("record", console::ProtoJson(view.record));
  console.Write(console::RecordText(view.record, phone.display()));
  if (view.record.entity().has_hazard()) {
    VIGIL_ASSIGN_OR_RETURN(const v1::HazardState state,
                           phone.replica().HazardState(view.record.id()));
    object.Set("number", phone.NumberOf(view.record)).SetRaw("state", console::ProtoJson(state));
    console.Say({"number here: $0\nstate: $1", "本机编号：$0\n现状：$1"},
                {phone.NumberOf(view.record), console::StateText(state, console.language())});
  }
  VIGIL_RETURN_IF_ERROR(SayPhotosOf(phone, view.record));
  if (view.pending) {
    console.Say({"some of this is not sent yet", "部分内容尚未发送"});
  }
  ShowChildren(phone, children);
  console::JsonArray array;
  for (const RecordView& child : children) array.AddRaw(console::ProtoJson(child.record));
  object.SetRaw("children", array.ToString());
  console.Json(object.ToString());
  return absl::OkStatus();
}

absl::Status Journal(Phone& phone, const Arguments&) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<replica::JournalItem> items, phone.replica().Journal());
  console::Console& console = phone.console();
  Table table({{"seq", Table::Align::kRight},
               {std::string(console.In({"command", "操作"}))},
               {std::string(console.In({"verdict", "结果"}))},
               {std::string(console.In({"made", "时间"}))}});
  console::JsonArray array;
  for (const replica::JournalItem& item : items) {
    console::JsonObject object;
    object.SetRaw("operation", console::ProtoJson(item.operation))
        .SetRaw("outcome", console::ProtoJson(item.outcome));
    array.AddRaw(object.ToString());
    table.AddRow({std::to_string(item.outcome.seq()), CommandText(phone, item.operation),
                  console::NameOf(item.outcome.verdict(), console.language()),
                  console::TimeText(item.operation.made_at(), phone.zone())});
  }
  console.Json(array.ToString());
  console.Show(table, {"nothing was judged yet", "尚无已判定的操作"});
  return absl::OkStatus();
}

absl::Status Digest(Phone& phone, const Arguments&) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<std::uint64_t> sums, phone.replica().Digest());
  VIGIL_ASSIGN_OR_RETURN(const replica::SyncState state, phone.replica().GetSyncState());
  VIGIL_ASSIGN_OR_RETURN(const replica::StatusCounts counts, phone.replica().Counts());
  const std::string digest = console::DigestText(sums);
  console::JsonArray units;
  for (const std::string& unit : state.units) units.Add(unit);
  console::JsonObject object;
  object.Set("digest", digest)
      .Set("records", counts.records)
      .Set("seq", static_cast<std::int64_t>(state.head.seq()))
      .Set("epoch", state.epoch)
      .SetRaw("units", units.ToString());
  phone.console().Json(object.ToString());
  phone.console().Say({"digest: $0\nrecords: $1\nseq: $2", "摘要：$0\n记录数：$1\n序号：$2"},
                      {digest, std::to_string(counts.records), std::to_string(state.head.seq())});
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<bool> SayForked(Phone& phone) {
  VIGIL_ASSIGN_OR_RETURN(const replica::StatusCounts counts, phone.replica().Counts());
  if (!counts.forked) return false;
  phone.console().Say(
      {"This phone's database is a copy, or an old one that was put back: the register takes no "
       "more work of this device. Nothing is lost. Ask the administrator for a one-time code, "
       "then: "
       "vigil-field init --anew --server $0 --code CODE",
       "本机数据是副本，或是放回的旧数据：登记库不再接收本设备的工作，但内容没有丢失。请向管理员"
       "索取一次性代码，然后运行：vigil-field init --anew --server $0 --code 代码"},
      {phone.settings().connection.server});
  return true;
}

std::vector<Command> StateCommands() {
  return {
      {{"status",
        {"what waits, was refused or is in conflict; whether everything is here",
         "本机状态：待发送、被拒绝、有冲突、是否完整"},
        {},
        {"", "--json"}},
       Status},
      {{"attention",
        {"operations that the register refused, or that were not sent since what they decide on is "
         "no longer in your care, with reason and content",
         "被登记库拒绝或因超出职责范围未发送的操作及原因、内容"},
        {{"--all", "", {"also those that were dealt with", "含已处理的"}}},
        {"", "--all --json"}},
       Attention},
      {{"attention settle",
        {"say that you have dealt with a refused operation", "标记已处理"},
        {{"OPERATION", "", {"its id", "操作 id"}, Count::kRequired}},
        {"018f3b1c-9d2e-7c31-8f3a-2b6d5e4f7a90"}},
       Settle},
      {{"attention release",
        {"send an operation all the same that was not sent, with what it rests on; the register "
         "decides",
         "仍然发送（由登记库判定）"},
        {{"OPERATION", "", {"its id", "操作 id"}, Count::kRequired}},
        {"018f3b1c-9d2e-7c31-8f3a-2b6d5e4f7a90"}},
       Release},
      {{"attention discard",
        {"give up an operation that was not sent", "放弃未发送的操作"},
        {{"OPERATION", "", {"its id", "操作 id"}, Count::kRequired}},
        {"018f3b1c-9d2e-7c31-8f3a-2b6d5e4f7a90"}},
       Discard},
      {{"conflicts", {"records with a field in conflict", "有冲突的记录"}, {}, {""}}, Conflicts},
      {{"show",
        {"a record as this phone knows it, with what is not sent yet", "查看本机记录"},
        {{"RECORD",
          "",
          {"number, provisional number, code or id", "编号、临时编号、编码或 id"},
          Count::kRequired},
         {"--kind", "KIND", {"its kind, where a code is not enough", "记录种类"}}},
        {"YH-2017-0001", "P-7K2M", "RS-LF-001"}},
       Show},
      {{"journal", {"what the register has judged", "已被登记库判定的操作"}, {}, {""}}, Journal},
      {{"digest",
        {"digest of what this phone holds, to compare with the register's",
         "本机摘要，供与登记库核对"},
        {},
        {"--json"}},
       Digest},
  };
}

}  // namespace vigil::field
