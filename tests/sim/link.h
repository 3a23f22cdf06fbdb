#ifndef VIGIL_TESTS_SIM_LINK_H_
#define VIGIL_TESTS_SIM_LINK_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "sync/engine/transport.h"
#include "tests/sim/account.h"
#include "tests/sim/machine.h"
#include "tests/sim/network.h"
#include "tests/sim/old_client.h"
#include "tests/sim/server.h"

namespace vigil::sim {

// A phone's way to the server over a line. Lives as long as the simulation; calls of an earlier
// life of the phone get no answer.
class Link final : public engine::Transport {
 public:
  // `number` tells the phones of one server apart.
  Link(Machine& phone, Server& server, Line& line, std::uint32_t number)
      : phone_(phone), server_(server), line_(line), last_watch_(std::uint64_t{number} << 32U) {}

  // What the phone was told when it enrolled.
  const P256PublicKey& register_key() const { return server_.key().public_key(); }
  // In whose name the phone calls.
  void SetCaller(const Account& account) { caller_ = &account; }
  // The phone runs an old program: neither end learns of what that did not have.
  void SetOldClient() { old_client_ = true; }
  // Told of every page that leaves the register, whether it arrives or not.
  std::function<void(const v1::PullResponse&)> on_page;
  // Told of each greeting of the phone before it leaves; inside Enter.
  std::function<void()> on_greeting;

  void Hello(const v1::HelloRequest& request, Done<v1::HelloResponse> done) override;
  void Push(const v1::PushRequest& request, Done<v1::PushResponse> done) override;
  void Pull(const v1::PullRequest& request, std::shared_ptr<engine::PageSink> sink) override;
  void Repair(const v1::RepairRequest& request, Done<v1::RepairResponse> done) override;
  void ReturnCopies(const v1::ReturnCopiesRequest& request,
                    Done<v1::ReturnCopiesResponse> done) override;
  std::unique_ptr<engine::Watch> OpenWatch(const v1::WatchRequest& request, Changed changed,
                                           Ended ended) override;

 private:
  class Pages;
  class Messages;
  class OpenedWatch;

  // As the other end gets it.
  template <typename Message>
  Message Passed(Message message) const {
    if (old_client_) DropNewFields(message);
    return message;
  }
  template <typename Response>
  using Handle = std::function<void(Done<Response>)>;
  // Sends a call that `handle` answers on the server.
  template <typename Response>
  void Call(Handle<Response> handle, Done<Response> done);
  template <typename Response>
  void Answer(std::uint64_t life, std::shared_ptr<Done<Response>> waits,
              absl::StatusOr<Response> response);
  void ToPhone(std::uint64_t life, std::function<void()> task);

  Machine& phone_;
  Server& server_;
  Line& line_;
  const Account* caller_ = nullptr;
  std::uint64_t last_watch_;
  bool old_client_ = false;
};

}  // namespace vigil::sim

#endif  // VIGIL_TESTS_SIM_LINK_H_
