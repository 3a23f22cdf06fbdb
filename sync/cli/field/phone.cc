#include "sync/cli/field/phone.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "sync/base/ids.h"
#include "sync/base/status.h"
#include "sync/cli/console/exit_code.h"
#include "sync/cli/console/json.h"
#include "sync/cli/console/names.h"
#include "sync/cli/console/photo.h"
#include "sync/rules/reason.h"
#include "sync/rules/record.h"
#include "sync/rules/schema.h"

namespace vigil::field {

using replica::RecordView;
using replica::Replica;

namespace {

constexpr std::size_t kSettingsBytesMax = 16 * 1024;
constexpr unsigned kSecretMode = 0600;
constexpr std::size_t kPrefixMin = 4;

std::string SettingsPath(const std::string& directory) { return JoinPath(directory, "settings"); }

absl::Status NotHere(std::string_view name) {
  return rules::Refuse(v1::REASON_NOT_FOUND, "there is no such record on this phone")
      .With("name", name);
}

bool IsOfKind(const v1::Record& record, std::string_view kind) {
  const rules::EntityInfo* info = rules::InfoOf(record);
  return kind.empty() || (info != nullptr && info->kind == kind);
}

}  // namespace

std::string ReplicaPath(const std::string& directory) { return JoinPath(directory, "replica.db"); }

absl::StatusOr<Settings> LoadSettings(FileSystem& files, const std::string& directory) {
  const std::string path = SettingsPath(directory);
  if (directory.empty() || !files.Exists(path)) {
    return rules::Refuse(v1::REASON_NOT_INITIALISED,
                         directory.empty()
                             ? "which phone? Give --phone or VIGIL_PHONE_DIR in the environment"
                             : "there is no phone in this directory")
        .With("directory", directory);
  }
  VIGIL_ASSIGN_OR_RETURN(const std::string text, files.Read(path, kSettingsBytesMax));
  Settings settings;
  transport::ConnectionFiles& connection = settings.connection;
  for (const auto& line : absl::StrSplit(text, '\n')) {
    const std::pair<std::string, std::string> entry = absl::StrSplit(line, absl::MaxSplits('=', 1));
    if (entry.first == "server") connection.server = entry.second;
    if (entry.first == "ca") connection.ca_file = entry.second;
    if (entry.first == "certificate") connection.certificate_file = entry.second;
    if (entry.first == "key") connection.key_file = entry.second;
    if (entry.first == "plain_text") connection.plain_text = entry.second == "1";
    if (entry.first == "access") settings.access = entry.second;
  }
  return settings;
}

absl::Status SaveSettings(FileSystem& files, const std::string& directory,
                          const Settings& settings) {
  const transport::ConnectionFiles& connection = settings.connection;
  return files.WriteAtomic(
      SettingsPath(directory),
      absl::StrCat("server=", connection.server, "\nca=", connection.ca_file,
                   "\ncertificate=", connection.certificate_file, "\nkey=", connection.key_file,
                   "\nplain_text=", connection.plain_text ? 1 : 0, "\naccess=", settings.access,
                   "\n"),
      {.mode = kSecretMode});
}

absl::StatusOr<std::unique_ptr<Phone>> Phone::Open(const Parts& parts,
                                                   const std::string& directory) {
  VIGIL_ASSIGN_OR_RETURN(Settings settings, LoadSettings(parts.files, directory));
  std::unique_ptr<Phone> phone(new Phone(parts, directory, std::move(settings)));
  VIGIL_RETURN_IF_ERROR(phone->Load(directory));
  return phone;
}

absl::Status Phone::Load(const std::string& directory) {
  VIGIL_ASSIGN_OR_RETURN(replica_, Replica::Open(ReplicaPath(directory), {.must_exist = true},
                                                 parts_.clock, parts_.random));
  VIGIL_ASSIGN_OR_RETURN(const auto identity, replica_->GetIdentity());
  if (!identity) {
    return rules::Refuse(v1::REASON_NOT_INITIALISED, "this phone is nobody's yet")
        .With("directory", directory);
  }
  VIGIL_ASSIGN_OR_RETURN(const replica::SyncState state, replica_->GetSyncState());
  VIGIL_ASSIGN_OR_RETURN(zone_, LoadZone(state.time_zone));
  offset_ = state.clock_offset;
  return absl::OkStatus();
}

std::string Phone::NewId() { return MakeUuidV7(parts_.clock.Now(), parts_.random).ToString(); }

absl::StatusOr<RecordView> Phone::FindByPrefix(std::string_view kind, std::string_view prefix) {
  const bool is_prefix = prefix.size() >= kPrefixMin &&
                         prefix.find_first_not_of("0123456789abcdef-") == std::string_view::npos;
  if (!is_prefix) return NotHere(prefix);
  VIGIL_ASSIGN_OR_RETURN(std::vector<RecordView> views,
                         replica_->List({.kind = std::string(kind), .parent = "", .after = ""}));
  std::erase_if(views, [&](const RecordView& view) {
    return view.record.id().compare(0, prefix.size(), prefix) != 0;
  });
  if (views.empty()) return NotHere(prefix);
  if (views.size() == 1) return views.front();
  return console::UsageError(
      absl::StrCat("several ids begin with '", ToAbsl(prefix), "': give more of it"));
}

absl::StatusOr<RecordView> Phone::FindView(std::string_view kind, std::string_view name) {
  if (!kind.empty() && rules::Schema::Get().FindEntity(kind) == nullptr) {
    return console::UsageError(absl::StrCat("'", ToAbsl(kind), "' is no kind of record"));
  }
  std::optional<RecordView> view;
  if (Uuid::Parse(name)) {
    VIGIL_ASSIGN_OR_RETURN(view, replica_->Find(name));
    if (view && !IsOfKind(view->record, kind)) {
      return rules::Refuse(v1::REASON_WRONG_ENTITY, absl::StrCat("this is no ", ToAbsl(kind)))
          .With("record", name);
    }
    if (view) return *view;
    return NotHere(name);
  }
  if (kind.empty() || kind == "hazard") {
    VIGIL_ASSIGN_OR_RETURN(view, replica_->FindHazard(name));
    if (view) return *view;
  }
  for (const rules::EntityInfo& info : rules::Schema::Get().entities()) {
    if (info.key_field == nullptr || (!kind.empty() && info.kind != kind)) continue;
    VIGIL_ASSIGN_OR_RETURN(view, replica_->FindByKey(info.kind, name));
    if (view) return *view;
  }
  return FindByPrefix(kind, name);
}

absl::StatusOr<v1::Record> Phone::Find(std::string_view kind, std::string_view name) {
  VIGIL_ASSIGN_OR_RETURN(RecordView view, FindView(kind, name));
  return std::move(view.record);
}

absl::StatusOr<std::vector<v1::Record>> Phone::Children(const v1::Record& parent,
                                                        std::string_view kind) {
  VIGIL_ASSIGN_OR_RETURN(
      std::vector<RecordView> views,
      replica_->List({.kind = std::string(kind), .parent = parent.id(), .after = ""}));
  std::vector<v1::Record> records;
  for (RecordView& view : views) records.push_back(std::move(view.record));
  return records;
}

absl::StatusOr<v1::Evidence> Phone::TakePhoto(const std::string& path, const std::string& caption) {
  VIGIL_ASSIGN_OR_RETURN(const std::string bytes, console::ReadPhoto(path, parts_.files));
  absl::StatusOr<v1::Evidence> evidence = photos_.Keep(bytes);
  if (!evidence.ok()) return Annotate(evidence.status(), path);
  VIGIL_RETURN_IF_ERROR(replica_->KeepEvidence(*evidence));
  evidence->set_caption(caption);
  return evidence;
}

absl::Status Phone::Queue(v1::Operation operation, const Replica::MakeOptions& options) {
  VIGIL_ASSIGN_OR_RETURN(const Replica::Made made, replica_->Make(std::move(operation), options));
  const std::string command = rules::Schema::Get().FindCommand(made.operation.command_case())->name;
  console::JsonObject object;
  object.Set("operation", made.operation.id())
      .Set("device_seq", static_cast<std::int64_t>(made.operation.device_seq()))
      .Set("command", command)
      .Set("provisional_number", made.provisional_number);
  console::JsonArray changed;
  for (const std::string& record : made.changed) changed.Add(record);
  object.SetRaw("records", changed.ToString());
  queued_.push_back(object.ToString());
  parts_.console.Say({"kept on this phone: $0; it goes to the register with the next `sync`",
                      "已存入本机：$0；下次 sync 时发送"},
                     {console::CommandLabel(command, parts_.console.language())});
  if (!made.provisional_number.empty()) {
    parts_.console.Say({"provisional number: $0", "临时编号：$0"}, {made.provisional_number});
  }
  return absl::OkStatus();
}

void Phone::Finish() {
  if (queued_.size() == 1) {
    parts_.console.Json(queued_.front());
  } else if (!queued_.empty()) {
    console::JsonArray array;
    for (const std::string& object : queued_) array.AddRaw(object);
    parts_.console.Json(array.ToString());
  }
}

std::string Phone::NumberOf(const v1::Record& hazard) {
  const absl::StatusOr<std::string> number = replica_->DisplayNumber(hazard);
  return number.ok() ? *number : hazard.id();
}

std::string Phone::NameOf(std::string_view id) {
  if (!Uuid::Parse(id)) return std::string(id);
  const auto view = replica_->Find(id);
  if (!view.ok() || !*view) return std::string(id);
  const v1::Record& record = (*view)->record;
  const std::string title =
      record.entity().has_hazard() ? NumberOf(record) : console::RecordTitle(record);
  return title.empty() ? std::string(id) : title;
}

console::Display Phone::display() {
  return {.language = parts_.console.language(),
          .zone = zone_,
          .name_of = [this](std::string_view id) { return NameOf(id); }};
}

}  // namespace vigil::field
