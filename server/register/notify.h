#ifndef VIGIL_SERVER_REGISTER_NOTIFY_H_
#define VIGIL_SERVER_REGISTER_NOTIFY_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/store/write_set.h"
#include "sync/base/ids.h"
#include "sync/rules/judge.h"
#include "vigil/v1/supervision_command.pb.h"

namespace vigil::registry {

// The messages that tell of escalations, made in the transaction that records them. Those of one
// group become one message for each recipient, and a second one for those that fell due before
// their item was imported: after a long downtime or an import nobody gets a storm.
//
// An item's recipient is the head of the industry department of its risk source, the department
// itself where it names no head, else the supervising or the responsible unit. An item without any
// of them has no message.
class NoticeBook {
 public:
  // Takes down an escalation that was recorded. Errors are those of `find`.
  absl::Status Add(const v1::FireEscalation& fired, const rules::FindRecord& find);

  // In the order of the recipients' ids. A message about one item names it in `record`, one about
  // several names none. The book is empty afterwards.
  std::vector<store::NewNotification> Finish(absl::Time now);

 private:
  struct Notice {
    v1::EscalationStep step;
    Uuid record;
    // For people: number and description.
    std::string item;
    std::string due_date;
  };
  // By recipient; false: what is new, true: what is past.
  std::map<std::pair<Uuid, bool>, std::vector<Notice>> notices_;

  static void Write(const std::vector<Notice>& notices, bool past, store::NewNotification& out);
};

}  // namespace vigil::registry

#endif  // VIGIL_SERVER_REGISTER_NOTIFY_H_
