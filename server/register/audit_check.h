#ifndef VIGIL_SERVER_REGISTER_AUDIT_CHECK_H_
#define VIGIL_SERVER_REGISTER_AUDIT_CHECK_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/register/audit.h"
#include "sync/base/hash.h"
#include "sync/base/ids.h"
#include "sync/base/p256.h"
#include "vigil/v1/admin_service.pb.h"
#include "vigil/v1/sync_service.pb.h"

// Whether a register's log is what was said and answered, in the order in which it was: checked
// from the log alone, by whoever has it. About 100 bytes of memory for each operation of a phone.

namespace vigil::registry {

class AuditCheck {
 public:
  struct Options {
    // For whom pushes were signed.
    Uuid register_id;
    // By which heads are signed; none: signatures of heads are not looked at.
    std::optional<P256PublicKey> register_key;
    // A head that was kept earlier: the log must extend it.
    std::optional<v1::RegisterHead> since;
  };
  explicit AuditCheck(Options options);

  // The log's entries, in the order of AdminService.ListLog.
  void Add(const v1::LogEntry& entry);
  // After the last entry.
  void Finish(const v1::RegisterHead& head);

  // What does not hold, in words; empty: everything does. Of many faults the first ones.
  const std::vector<std::string>& faults() const { return faults_; }
  std::uint64_t operations() const { return tree_.size(); }
  // Phones with operations, and the signatures that hold for them.
  std::uint64_t chains() const { return chains_; }
  std::uint64_t signatures() const { return signatures_; }

 private:
  struct Link {
    Sha256 hash;
    Sha256 previous;
  };
  struct Device {
    // Of a phone.
    std::optional<P256PublicKey> key;
    std::map<std::uint64_t, Link> links;
    // The last place that a signature speaks for.
    std::uint64_t signed_to = 0;
  };

  void Fault(std::string text);
  void AddJudged(const v1::LogEntry& entry);
  void LearnKey(const v1::LogEntry& entry, const v1::Outcome& outcome);
  void AddLink(const v1::LogEntry& entry);
  void CheckChain(const std::string& name, const Device& device);
  void CheckHead(const v1::RegisterHead& head);

  const Options options_;
  AuditTree tree_;
  std::optional<Sha256> root_at_since_;
  std::map<std::string, Device> devices_;
  std::vector<std::string> faults_;
  std::uint64_t chains_ = 0;
  std::uint64_t signatures_ = 0;
};

}  // namespace vigil::registry

#endif  // VIGIL_SERVER_REGISTER_AUDIT_CHECK_H_
