#ifndef VIGIL_TESTS_SIM_SERVER_H_
#define VIGIL_TESTS_SIM_SERVER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/escalation/deadline_pass.h"
#include "server/escalation/escalation_clock.h"
#include "server/register/register.h"
#include "server/service/sync_core.h"
#include "server/service/watch_hub.h"
#include "server/store/sqlite_store.h"
#include "tests/sim/account.h"
#include "tests/sim/machine.h"
#include "vigil/v1/sync_service.pb.h"

namespace vigil::sim {

// The server: the real register on its own machine, put together as vigild puts it together. Calls
// are made inside Enter. A commit takes time, so that groups form. When the register says that
// nothing may be trusted any more the program ends, as vigild does, and starts again.
class Server final : public Machine {
 public:
  explicit Server(World& world);
  ~Server() override;

  // Told of each outcome that leaves the register: an answer is only ever given when the operation
  // is durable.
  std::function<void(const v1::Outcome&)> on_answer;
  // Told of each greeting that leaves the register.
  std::function<void(const v1::HelloResponse&)> on_hello;
  // Told when the program has begun to run, with the epochs that the register says it has.
  std::function<void(const std::vector<v1::Epoch>&)> on_start;

  using HelloDone = std::function<void(absl::StatusOr<v1::HelloResponse>)>;
  using PushDone = std::function<void(absl::StatusOr<v1::PushResponse>)>;
  using RepairDone = std::function<void(absl::StatusOr<v1::RepairResponse>)>;
  using ReturnDone = std::function<void(absl::StatusOr<v1::ReturnCopiesResponse>)>;
  // The caller is looked up with each call, as on every call of a program with a token.
  void Hello(const Account& caller, const v1::HelloRequest& request, const HelloDone& done);
  void Push(const Account& caller, const v1::PushRequest& request, const PushDone& done);
  void Pull(const Account& caller, const v1::PullRequest& request,
            std::shared_ptr<service::PageSink> sink);
  void Repair(const Account& caller, const v1::RepairRequest& request, const RepairDone& done);
  void ReturnCopies(const Account& caller, const v1::ReturnCopiesRequest& request,
                    const ReturnDone& done);
  // The caller's watch number `id`, until CloseWatch or the end of the program.
  absl::Status OpenWatch(std::uint64_t id, const Account& caller, const v1::WatchRequest& request,
                         std::shared_ptr<service::WatchSink> sink);
  void CloseWatch(std::uint64_t id) { watches_.erase(id); }

  // An operation of the office, an import or the clock.
  using OutcomeDone = std::function<void(absl::StatusOr<v1::Outcome>)>;
  void Submit(const rules::Author& author, const v1::Operation& operation, OutcomeDone done);
  absl::StatusOr<rules::Author> AuthorOf(const Account& caller);

  registry::Register& reg() { return *register_; }
  store::SqliteRegisterStore& store() { return *store_; }
  testing::SimKey& key() { return key_; }
  // The register's, since it was started last.
  const std::string& epoch() const { return epochs_.front().id(); }
  static constexpr char kFile[] = "register.db";

 private:
  absl::Status Build() override;
  void TearDown() override;
  void AfterTask() override;
  void NoteBusy(const absl::Status& status);
  absl::Time BusyUntil() const override { return busy_until_; }

  const std::string first_epoch_;
  testing::SimKey key_;
  absl::Time busy_until_ = absl::InfinitePast();
  std::int64_t syncs_ = 0;
  bool fatal_ = false;
  bool fresh_ = false;
  int starts_ = 0;
  std::vector<v1::Epoch> epochs_;

  std::unique_ptr<store::SqliteRegisterStore> store_;
  std::unique_ptr<service::WatchHub> hub_;
  std::unique_ptr<registry::Register> register_;
  std::unique_ptr<service::SyncCore> core_;
  std::unique_ptr<escalation::EscalationClock> escalation_;
  std::unique_ptr<escalation::DeadlinePass> pass_;
  std::map<std::uint64_t, std::unique_ptr<service::Watch>> watches_;
};

}  // namespace vigil::sim

#endif  // VIGIL_TESTS_SIM_SERVER_H_
