#ifndef VIGIL_TESTS_SIM_SAFE_H_
#define VIGIL_TESTS_SIM_SAFE_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/sim/account.h"
#include "tests/sim/epochs.h"
#include "tests/sim/server.h"
#include "vigil/v1/admin_service.pb.h"

namespace vigil::sim {

// Where backups are kept, away from the server, and whoever brings them there, throws them away and
// restores from them: what `vigilctl backup`, `backup forget` and `restore` do, on the server's
// disk. Only what the register counts as kept is restored from: phones count on that alone.
class Safe {
 public:
  Safe(Server& server, Epochs& epochs, const Account& administrator)
      : server_(server), world_(server.world()), epochs_(epochs), administrator_(administrator) {}

  // Told before the register goes back, inside Enter of the server: what it has now is lost.
  std::function<void()> before_restore;

  // Inside Enter of the server.
  void BackUp();
  void ForgetOne();
  // Stops the server, goes back to the newest backup or to an older one, and starts it again.
  // False: there is none of this kind.
  bool Restore(Fault kind);
  bool is_restoring() const { return restoring_; }

 private:
  struct Kept {
    v1::Backup backup;
    std::shared_ptr<const std::string> file;
  };

  absl::StatusOr<v1::Backup> Copy();
  absl::Status CheckCopy(v1::Backup& backup);
  // Those that the register counts on and that are here, oldest first.
  std::vector<Kept> Listed();
  void Attempt(const Kept& from);
  void TryAgainLater(const Kept& from);
  bool MayCutOff();
  void StartLater();

  Server& server_;
  World& world_;
  Epochs& epochs_;
  const Account& administrator_;
  bool restoring_ = false;
  // By id.
  std::map<std::string, Kept> kept_;
};

}  // namespace vigil::sim

#endif  // VIGIL_TESTS_SIM_SAFE_H_
