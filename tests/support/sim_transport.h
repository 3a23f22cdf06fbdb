#ifndef VIGIL_TESTS_SUPPORT_SIM_TRANSPORT_H_
#define VIGIL_TESTS_SUPPORT_SIM_TRANSPORT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/service/sync_core.h"
#include "server/service/watch_hub.h"
#include "sync/engine/transport.h"
#include "sync/rules/judge.h"
#include "tests/support/test_register.h"
#include "vigil/v1/sync_service.pb.h"

// A phone's way to a real register in one process and in virtual time, with the faults of a poor
// connection.

namespace vigil::testing {

// A register that phones can reach.
class SimServer {
 public:
  explicit SimServer(TestRegister::Options options = {});

  TestRegister& base() { return base_; }
  service::SyncCore& core() { return *core_; }
  SimExecutor& executor() { return base_.executor(); }
  // As TestRegister; no engine may run meanwhile.
  void Restore(const std::string& backup, const Actor& actor);

 private:
  void StartCore();

  service::WatchHub hub_;
  TestRegister base_;
  std::unique_ptr<service::SyncCore> core_;
};

class SimTransport final : public engine::Transport {
 public:
  struct Faults {
    bool reachable = true;
    // The register lets the phone in; else what it says instead.
    absl::Status let_in;
    // The register opens a watch; else what it says instead.
    absl::Status watched;
    // The register is; its service of pushes is not.
    bool push_works = true;
    // So many pushes get lost on their way; so many others are taken, but their answers get lost.
    int lose_push_requests = 0;
    int lose_push_responses = 0;
    // The next pull breaks after so many pages; negative: it does not.
    int cut_pull_after = -1;
    // Called before a repair is answered.
    std::function<void()> before_repair;
    // So many next answers never come at all.
    int silent = 0;
    // What becomes of copies that the phone returns; unset: the register gets them.
    std::function<absl::Status(const v1::ReturnCopiesRequest&)> take_copies;
    // May change a greeting before it arrives.
    std::function<void(v1::HelloResponse&)> greet;
    // Of what the phone sends and of the pages that it gets; 0: without bound.
    std::int64_t bytes_per_second = 0;
    // May change a page before it arrives.
    std::function<void(v1::PullResponse&)> tamper;
  };
  struct Counts {
    int hellos = 0;
    int pushes = 0;
    int operations = 0;
    int pages = 0;
    int repairs = 0;
    int watches = 0;
  };

  // Calls as the actor, whose roles are read anew for each call.
  SimTransport(SimServer& server, const Actor& actor);

  Faults faults;
  const Counts& counts() const { return counts_; }
  // The last push, as it left the phone.
  const v1::PushRequest& last_push() const { return last_push_; }
  // Breaks the watch that is open, if any.
  void BreakWatch();

  void Hello(const v1::HelloRequest& request, Done<v1::HelloResponse> done) override;
  void ReturnCopies(const v1::ReturnCopiesRequest& request,
                    Done<v1::ReturnCopiesResponse> done) override;
  void Push(const v1::PushRequest& request, Done<v1::PushResponse> done) override;
  void Pull(const v1::PullRequest& request, std::shared_ptr<engine::PageSink> sink) override;
  void Repair(const v1::RepairRequest& request, Done<v1::RepairResponse> done) override;
  std::unique_ptr<engine::Watch> OpenWatch(const v1::WatchRequest& request, Changed changed,
                                           Ended ended) override;

 private:
  class Pages;
  class Messages;
  class OpenedWatch;

  rules::Author Author();
  // Delivers an answer, unless it is to be lost or the way is cut by then.
  template <typename Response>
  void Answer(absl::StatusOr<Response> response, Done<Response> done);
  void After(std::function<void()> task);
  // The same, for a message of this size.
  void AfterSending(std::size_t bytes, std::function<void()> task);

  SimServer& server_;
  rules::Author author_;
  const P256PublicKey key_;
  Counts counts_;
  v1::PushRequest last_push_;
  std::weak_ptr<Messages> messages_;
};

}  // namespace vigil::testing

#endif  // VIGIL_TESTS_SUPPORT_SIM_TRANSPORT_H_
