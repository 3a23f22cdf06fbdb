#ifndef VIGIL_SERVER_CLI_CLERK_H_
#define VIGIL_SERVER_CLI_CLERK_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/cli/office.h"
#include "sync/base/random.h"
#include "sync/base/time.h"
#include "sync/cli/console/console.h"
#include "sync/cli/console/value_text.h"
#include "sync/cli/verbs/desk.h"

namespace vigil::office {

// Somebody at the office's desk: reads records, remembers which versions he was shown, and sends
// operations that say so. One invocation of vigilctl is one clerk.
class Clerk final : public verbs::Desk {
 public:
  struct Parts {
    Office& office;
    console::Console& console;
    FileSystem& files;
    const Clock& clock;
    Random& random;
  };

  explicit Clerk(const Parts& parts) : parts_(parts) {}

  // Learns who the caller is and in which zone dates are. Called first.
  absl::Status Begin();
  // "RECORD=VERSION": acts on that version of the record instead of the one that stands; 0: as
  // somebody who has not seen it.
  absl::Status ActOn(const std::vector<std::string>& assignments);
  // Operations are refused (VERSION_MOVED) if a record that they rest on has changed.
  void MustBeCurrent() { must_be_current_ = true; }

  console::Console& console() override { return parts_.console; }
  FileSystem& files() override { return parts_.files; }
  absl::TimeZone zone() override { return zone_; }
  absl::Time Now() override { return parts_.clock.Now(); }
  std::string NewId() override;
  absl::StatusOr<v1::Record> Find(std::string_view kind, std::string_view name) override;
  absl::StatusOr<std::vector<v1::Record>> Children(const v1::Record& parent,
                                                   std::string_view kind) override;
  // Sends it to the register.
  absl::StatusOr<v1::Evidence> TakePhoto(const std::string& path,
                                         const std::string& caption) override;
  // Also prints the outcome.
  absl::Status Submit(v1::Operation operation) override;
  // The same without a word, and Finish does not print it: for commands that make several
  // operations and speak for themselves.
  absl::StatusOr<v1::Outcome> Judge(v1::Operation operation);
  // Every record of a kind that the clerk may see. He was shown them.
  absl::StatusOr<std::vector<v1::Record>> All(const std::string& kind);

  // The same as Find, with the state and all that lives under the record.
  absl::StatusOr<v1::GetRecordResponse> FindAll(std::string_view kind, std::string_view name);

  Office& office() { return parts_.office; }
  const v1::GetSessionResponse& session() const { return session_; }
  // Prints what Submit kept for --json: one outcome, or an array of several.
  void Finish();

  console::Display display();
  // A record in a few words, by its id; the id where it cannot be had.
  std::string NameOf(std::string_view id);

 private:
  absl::StatusOr<v1::GetRecordResponse> Get(const v1::GetRecordRequest& request);
  // The record as it stands, by key or id.
  absl::StatusOr<v1::GetRecordResponse> Look(std::string_view kind, std::string_view name);
  absl::StatusOr<v1::GetRecordResponse> LookByKey(std::string_view kind, std::string_view key);
  absl::StatusOr<v1::GetRecordResponse> LookByPrefix(std::string_view kind,
                                                     std::string_view prefix);
  absl::Status FillSeen(v1::Operation& operation);
  // Completes the operation and has it judged.
  absl::StatusOr<v1::SubmitResponse> Send(v1::Operation& operation);

  const Parts parts_;
  v1::GetSessionResponse session_;
  absl::TimeZone zone_;
  bool must_be_current_ = false;
  // Versions to act on instead of those that stand.
  std::map<std::string, std::uint64_t, std::less<>> act_on_;
  // Records as the clerk was shown them.
  std::map<std::string, v1::Record, std::less<>> shown_;
  std::map<std::string, std::string, std::less<>> names_;
  std::vector<v1::Outcome> outcomes_;
};

}  // namespace vigil::office

#endif  // VIGIL_SERVER_CLI_CLERK_H_
