#ifndef VIGIL_TESTS_SIM_PHONE_H_
#define VIGIL_TESTS_SIM_PHONE_H_

#include <functional>
#include <memory>
#include <string>

#include "sync/engine/engine.h"
#include "sync/replica/replica.h"
#include "tests/sim/account.h"
#include "tests/sim/link.h"
#include "tests/sim/machine.h"
#include "tests/sim/network.h"

namespace vigil::sim {

// A phone: a real replica and a real engine on its own machine.
class Phone final : public Machine {
 public:
  struct Options {
    int number = 0;
    absl::Duration clock_error = absl::ZeroDuration();
  };
  Phone(World& world, Server& server, const Account& owner, const Options& options);
  ~Phone() override;

  replica::Replica& replica() { return *replica_; }
  engine::Engine& engine() { return *engine_; }
  Line& line() { return line_; }
  Link& link() { return link_; }
  const Account& owner() const { return owner_; }
  // Who uses it now.
  const Account& user() const { return *user_; }
  // Inside Enter.
  absl::Status HandOver(const Account& to);

  // Told after each session, inside Enter.
  std::function<void(const engine::SessionReport&)> on_session;
  // Told when the program has begun to run.
  std::function<void()> on_start;
  const engine::SessionReport& last_report() const { return last_report_; }
  std::int64_t sessions() const { return sessions_; }

  static constexpr char kFile[] = "phone.db";

 private:
  absl::Status Build() override;
  void TearDown() override;
  void AfterTask() override;
  void StartEngine();

  const Account& owner_;
  const Account* user_;
  Line line_;
  Link link_;
  bool fresh_ = false;
  engine::SessionReport last_report_;
  std::int64_t sessions_ = 0;
  std::unique_ptr<replica::Replica> replica_;
  std::unique_ptr<engine::Engine> engine_;
};

}  // namespace vigil::sim

#endif  // VIGIL_TESTS_SIM_PHONE_H_
