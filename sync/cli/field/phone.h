#ifndef VIGIL_SYNC_CLI_FIELD_PHONE_H_
#define VIGIL_SYNC_CLI_FIELD_PHONE_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sync/base/random.h"
#include "sync/base/time.h"
#include "sync/cli/console/console.h"
#include "sync/cli/console/value_text.h"
#include "sync/cli/verbs/desk.h"
#include "sync/replica/evidence_files.h"
#include "sync/replica/replica.h"
#include "sync/transport/connection.h"

namespace vigil::field {

// Where the register is, and which of the phone's accesses is in use: the file `settings` in the
// phone's directory.
struct Settings {
  transport::ConnectionFiles connection;
  // Directory of the access (see sync/transport/access_state.h) in the phone's: "access-1".
  std::string access;
};
absl::StatusOr<Settings> LoadSettings(FileSystem& files, const std::string& directory);
absl::Status SaveSettings(FileSystem& files, const std::string& directory,
                          const Settings& settings);
// The replica's file in the phone's directory.
std::string ReplicaPath(const std::string& directory);

// A phone on the command line: a directory with settings and a replica. One invocation of
// vigil-field opens it once.
class Phone final : public verbs::Desk {
 public:
  struct Parts {
    console::Console& console;
    FileSystem& files;
    const Clock& clock;
    Random& random;
  };

  // NOT_INITIALISED where the directory is no phone's.
  static absl::StatusOr<std::unique_ptr<Phone>> Open(const Parts& parts,
                                                     const std::string& directory);

  console::Console& console() override { return parts_.console; }
  FileSystem& files() override { return parts_.files; }
  absl::TimeZone zone() override { return zone_; }
  absl::Time Now() override { return parts_.clock.Now() + offset_; }
  std::string NewId() override;
  absl::StatusOr<v1::Record> Find(std::string_view kind, std::string_view name) override;
  absl::StatusOr<std::vector<v1::Record>> Children(const v1::Record& parent,
                                                   std::string_view kind) override;
  // Keeps it in this directory; durable when it returns.
  absl::StatusOr<v1::Evidence> TakePhoto(const std::string& path,
                                         const std::string& caption) override;
  // Queues it, and says so.
  absl::Status Submit(v1::Operation operation) override { return Queue(std::move(operation), {}); }
  absl::Status Queue(v1::Operation operation, const replica::Replica::MakeOptions& options);
  // Prints what was queued, for --json: one object, or an array of several.
  void Finish();

  absl::StatusOr<replica::RecordView> FindView(std::string_view kind, std::string_view name);
  replica::Replica& replica() { return *replica_; }
  replica::EvidenceFiles& photos() { return photos_; }
  const Settings& settings() const { return settings_; }
  const Clock& clock() const { return parts_.clock; }

  console::Display display();
  // A record in a few words, by its id; the id where it is not here.
  std::string NameOf(std::string_view id);
  // A hazard's number, provisional where it has no other.
  std::string NumberOf(const v1::Record& hazard);

 private:
  Phone(const Parts& parts, const std::string& directory, Settings settings)
      : parts_(parts),
        settings_(std::move(settings)),
        photos_(parts.files, JoinPath(directory, "evidence")) {}
  absl::Status Load(const std::string& directory);
  absl::StatusOr<replica::RecordView> FindByPrefix(std::string_view kind, std::string_view prefix);

  const Parts parts_;
  const Settings settings_;
  replica::EvidenceFiles photos_;
  std::unique_ptr<replica::Replica> replica_;
  absl::TimeZone zone_;
  absl::Duration offset_;
  std::vector<std::string> queued_;
};

}  // namespace vigil::field

#endif  // VIGIL_SYNC_CLI_FIELD_PHONE_H_
