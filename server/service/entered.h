#ifndef VIGIL_SERVER_SERVICE_ENTERED_H_
#define VIGIL_SERVER_SERVICE_ENTERED_H_

#include <memory>
#include <utility>

#include "server/service/guard.h"
#include "server/service/open_streams.h"
#include "server/service/stream_reactor.h"
#include "server/service/unary_call.h"
#include "sync/base/status.h"

namespace vigil::service {

// Lets a stream in: who calls, and his place, which the stream keeps until it is over.
struct Entered {
  Guard::Caller caller;
  OpenStreams::Ticket ticket;
};

template <typename Message>
absl::StatusOr<Entered> Enter(Guard& guard, OpenStreams& streams, const Call& call,
                              const std::shared_ptr<StreamReactor<Message>>& reactor) {
  Entered entered;
  VIGIL_ASSIGN_OR_RETURN(entered.caller, Admit(guard, call));
  const std::weak_ptr<StreamReactor<Message>> weak = reactor;
  VIGIL_ASSIGN_OR_RETURN(entered.ticket, streams.Open(
                                             entered.caller,
                                             [weak](const absl::Status& status) {
                                               if (const auto alive = weak.lock())
                                                 alive->Finish(status);
                                             },
                                             guard.Now()));
  return entered;
}

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_ENTERED_H_
