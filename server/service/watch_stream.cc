#include "server/service/watch_stream.h"

#include <algorithm>
#include <utility>

#include "server/access/access_control.h"
#include "sync/base/status.h"

namespace vigil::service {

WatchStream::WatchStream(Target target, rules::Author author, std::shared_ptr<WatchSink> sink)
    : register_(target.store),
      hub_(target.hub),
      author_(std::move(author)),
      sink_(std::move(sink)) {}

absl::Status WatchStream::Start(Seq known) {
  {
    MutexLock lock(mutex_);
    told_ = known;
    pending_ = known;
  }
  const std::weak_ptr<WatchStream> weak = weak_from_this();
  // Listens first and looks then, so that no change falls between the two.
  token_ = hub_.Subscribe({}, [weak](Seq head, bool everybodys) {
    if (const auto self = weak.lock()) self->OnChange(head, everybodys);
  });
  if (absl::Status status = LookAgain(known); !status.ok()) {
    Stop();
    return status;
  }
  Flush();
  return absl::OkStatus();
}

void WatchStream::Stop() {
  {
    MutexLock lock(mutex_);
    stopped_ = true;
  }
  hub_.Unsubscribe(token_);
}

absl::Status WatchStream::LookAgain(Seq known) {
  VIGIL_ASSIGN_OR_RETURN(auto snapshot, register_.store().Read());
  VIGIL_ASSIGN_OR_RETURN(access::Scope scope, access::ScopeOf(author_, *snapshot));
  hub_.Update(token_, scope.expanded);
  // What was committed between the snapshot and the update is seen by the second look only.
  snapshot.reset();
  VIGIL_ASSIGN_OR_RETURN(snapshot, register_.store().Read());
  VIGIL_ASSIGN_OR_RETURN(const store::Head head, snapshot->GetHead());
  scope.expanded.emplace_back();
  store::FeedReading reading(scope.expanded, {known, 0});
  VIGIL_ASSIGN_OR_RETURN(const store::FeedPage feed,
                         snapshot->ReadFeed(reading, {.bytes = 1, .count = false}));
  if (feed.record_count > 0 || !feed.departures.empty()) {
    MutexLock lock(mutex_);
    pending_ = std::max(pending_, head.seq);
  }
  return absl::OkStatus();
}

void WatchStream::OnChange(Seq head, bool everybodys) {
  {
    MutexLock lock(mutex_);
    pending_ = std::max(pending_, head);
    scope_may_have_moved_ |= everybodys;
  }
  Flush();
}

void WatchStream::Flush() {
  v1::WatchResponse response;
  {
    MutexLock lock(mutex_);
    if (stopped_ || writing_ || pending_ <= told_) return;
    writing_ = true;
    told_ = pending_;
    response.set_seq(told_.value());
  }
  const std::shared_ptr<WatchStream> self = shared_from_this();
  sink_->Write(response, [self](bool ok) { self->OnWritten(ok); });
}

void WatchStream::OnWritten(bool ok) {
  bool look = false;
  Seq told;
  {
    MutexLock lock(mutex_);
    if (!ok) stopped_ = true;
    if (stopped_) return;
    look = std::exchange(scope_may_have_moved_, false);
    told = told_;
  }
  if (look) {
    // Without an answer the old scope stays; the next change of everybody's records looks again.
    const absl::Status status = LookAgain(told);
    if (!status.ok()) {
      MutexLock lock(mutex_);
      scope_may_have_moved_ = true;
    }
  }
  {
    MutexLock lock(mutex_);
    writing_ = false;
  }
  Flush();
}

}  // namespace vigil::service
