#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/base/status.h"
#include "sync/cli/console/exit_code.h"
#include "sync/cli/console/json.h"
#include "sync/cli/field/program.h"
#include "sync/rules/reason.h"
#include "sync/transport/new_access.h"

// A directory becomes a person's phone.

namespace vigil::field {

using console::Arguments;
using replica::Identity;
using replica::Replica;
using transport::AccessState;

namespace {

constexpr unsigned kPhoneMode = 0700;
constexpr std::size_t kCodeBytesMax = 4096;
// Devices that one phone may have been.
constexpr int kAccessesMax = 1000;

// Files are found wherever the phone is used from.
std::string Absolute(const std::string& path) {
  return path.empty() ? path : std::filesystem::absolute(path).string();
}

transport::ConnectionFiles TakeConnection(const Arguments& arguments) {
  transport::ConnectionFiles connection;
  connection.server = arguments.Value("--server");
  connection.ca_file = Absolute(arguments.Value("--ca"));
  connection.certificate_file = Absolute(arguments.Value("--client-certificate"));
  connection.key_file = Absolute(arguments.Value("--client-key"));
  connection.plain_text = arguments.Has("--plain-text");
  return connection;
}

absl::StatusOr<std::string> TakeCode(FileSystem& files, const Arguments& arguments) {
  const auto path = arguments.Find("--code-file");
  if (!path) return arguments.Value("--code");
  VIGIL_ASSIGN_OR_RETURN(std::string code, files.Read(*path, kCodeBytesMax));
  code.erase(code.find_last_not_of(" \r\n\t") + 1);
  return code;
}

// One of the accesses that a phone has or will have.
struct Place {
  std::string name;
  // Nullopt: nothing is there yet.
  std::optional<AccessState> state;
};

// The first one for which `fits`; an empty place comes last.
template <typename Fits>
absl::StatusOr<Place> FindPlace(FileSystem& files, const std::string& directory, const Fits& fits) {
  for (int i = 1; i <= kAccessesMax; ++i) {
    Place place{absl::StrCat("access-", i), std::nullopt};
    VIGIL_ASSIGN_OR_RETURN(place.state,
                           transport::LoadAccessState(files, JoinPath(directory, place.name)));
    if (!place.state || fits(*place.state)) return place;
  }
  return Error(absl::StatusCode::kResourceExhausted, "this phone was too many devices");
}

struct Asked {
  // Empty: back to `device`.
  std::string code;
  std::string device;
  std::string label;
  bool hand_over = false;
  // The same person goes on as another device.
  bool anew = false;
};

absl::StatusOr<Asked> TakeAsked(FileSystem& files, const Arguments& arguments) {
  const int ways = static_cast<int>(arguments.Has("--code")) +
                   static_cast<int>(arguments.Has("--code-file")) +
                   static_cast<int>(arguments.Has("--device"));
  if (ways != 1) return console::UsageError("give one of --code, --code-file and --device");
  Asked asked;
  asked.device = arguments.Value("--device");
  if (asked.device.empty()) {
    VIGIL_ASSIGN_OR_RETURN(asked.code, TakeCode(files, arguments));
  }
  asked.anew = arguments.Has("--anew");
  if (asked.anew && (!asked.device.empty() || arguments.Has("--hand-over"))) {
    return console::UsageError("--anew goes with a code, and the phone stays its user's");
  }
  asked.label = arguments.Value("--label");
  asked.hand_over = arguments.Has("--hand-over") || !asked.device.empty();
  return asked;
}

// Where the access is that was asked for, or will be.
absl::StatusOr<Place> ChoosePlace(FileSystem& files, const std::string& directory,
                                  const Asked& asked) {
  if (asked.code.empty()) {
    VIGIL_ASSIGN_OR_RETURN(Place place, FindPlace(files, directory, [&](const AccessState& state) {
                             return state.device == asked.device;
                           }));
    if (place.state) return place;
    return rules::Refuse(v1::REASON_NOT_FOUND, "this phone never was that device")
        .With("device", asked.device);
  }
  VIGIL_ASSIGN_OR_RETURN(const std::string code_hash, transport::CodeHashOf(asked.code));
  return FindPlace(files, directory,
                   [&](const AccessState& state) { return state.code_hash == code_hash; });
}

// The device that the phone is from now on. A code is not used up for a phone that is in use.
absl::StatusOr<AccessState> ObtainAccess(const Surroundings& surroundings, const Place& place,
                                         const Asked& asked,
                                         const transport::ConnectionFiles& connection_files,
                                         const std::optional<Identity>& present) {
  if (place.state && place.state->is_known()) return *place.state;
  if (asked.anew && !present) {
    return rules::Refuse(v1::REASON_NOT_INITIALISED, "this phone was no device yet; leave --anew");
  }
  if (present && !asked.hand_over && !asked.anew) {
    return rules::Refuse(v1::REASON_ALREADY_INITIALISED,
                         "this phone is in use as another device; give --hand-over to make it a "
                         "new one: unsent work stays its author's")
        .With("device", present->device)
        .With("person", present->person);
  }
  const Phone::Parts& parts = surroundings.parts;
  VIGIL_ASSIGN_OR_RETURN(const transport::Connection connection,
                         transport::ReadConnection(parts.files, connection_files));
  VIGIL_ASSIGN_OR_RETURN(const std::unique_ptr<transport::AccessCalls> calls,
                         surroundings.connect(connection));
  return transport::EnrolPhone(
      {parts.files, parts.clock, parts.random}, JoinPath(surroundings.directory, place.name),
      {.code = asked.code, .label = asked.label, .formerly = asked.anew ? present->device : ""},
      *calls);
}

}  // namespace

absl::Status RunInit(const Surroundings& surroundings, const Arguments& arguments) {
  const Phone::Parts& parts = surroundings.parts;
  const std::string& directory = surroundings.directory;
  if (directory.empty()) {
    return rules::Refuse(v1::REASON_NOT_INITIALISED,
                         "which phone? Give --phone or VIGIL_PHONE_DIR in the environment");
  }
  VIGIL_ASSIGN_OR_RETURN(const Asked asked, TakeAsked(parts.files, arguments));
  VIGIL_RETURN_IF_ERROR(parts.files.MakeDirectories(directory, kPhoneMode));
  VIGIL_ASSIGN_OR_RETURN(const Place place, ChoosePlace(parts.files, directory, asked));
  VIGIL_ASSIGN_OR_RETURN(const std::unique_ptr<Replica> replica,
                         Replica::Open(ReplicaPath(directory), {}, parts.clock, parts.random));
  VIGIL_ASSIGN_OR_RETURN(const std::optional<Identity> present, replica->GetIdentity());
  Settings settings{TakeConnection(arguments), place.name};
  VIGIL_ASSIGN_OR_RETURN(const AccessState access,
                         ObtainAccess(surroundings, place, asked, settings.connection, present));
  const Identity identity{.device = access.device, .person = access.person};
  VIGIL_RETURN_IF_ERROR(asked.hand_over ? replica->HandOver(identity)
                        : asked.anew    ? replica->EnrolAnew(identity)
                                        : replica->Initialise(identity));
  VIGIL_RETURN_IF_ERROR(SaveSettings(parts.files, directory, settings));
  console::JsonObject object;
  object.Set("device", identity.device).Set("person", identity.person);
  parts.console.Json(object.ToString());
  parts.console.Say({"this directory is a phone now; get the register's records with `sync`",
                     "手机已初始化；请运行 sync 获取记录"});
  return absl::OkStatus();
}

}  // namespace vigil::field
