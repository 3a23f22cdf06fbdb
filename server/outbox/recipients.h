#ifndef VIGIL_SERVER_OUTBOX_RECIPIENTS_H_
#define VIGIL_SERVER_OUTBOX_RECIPIENTS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/store/register_store.h"

namespace vigil::outbox {

// Who is told.
struct Recipient {
  std::string code;
  std::string name;
  // Codes of the recipient and of all above: of a person, his unit's and on.
  std::vector<std::string> codes;

  // Whether one of these codes means the recipient; none means everybody.
  bool IsOneOf(const std::vector<std::string>& wanted) const;
};

// The org unit or person of this id; what is not known is empty.
absl::StatusOr<Recipient> FindRecipient(store::Snapshot& snapshot, const std::string& id);

}  // namespace vigil::outbox

#endif  // VIGIL_SERVER_OUTBOX_RECIPIENTS_H_
