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
#include "sync/rules/derive.h"
#include "sync/rules/ladder.h"
#include "vigil/v1/supervision_command.pb.h"

namespace vigil::registry {

// The messages that tell of escalations, made in the transaction that records them. Those of one
// group become one message for each recipient, and a second one for those that fell due before
// their item was imported: after a long downtime or an import nobody gets a storm.
//
// Whom a step is told to, the ladder says; of an org unit that names a head, he is told. A step of
// whose addressees none is known has no message.
class NoticeBook {
 public:
  // Whom the ladder names, and where records are found. All must outlive the call.
  struct Sources {
    const v1::Ladder& ladder;
    // Nil: the register has no such unit.
    Uuid safety_office;
    rules::RecordSource& records;
  };

  // Takes down an escalation that was recorded. Errors are those of the source.
  absl::Status Add(const v1::FireEscalation& fired, const Sources& sources);

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
  static void WriteStep(const std::vector<const Notice*>& notices, bool past,
                        store::NewNotification& out);
};

}  // namespace vigil::registry

#endif  // VIGIL_SERVER_REGISTER_NOTIFY_H_
