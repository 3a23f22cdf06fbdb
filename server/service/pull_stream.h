#ifndef VIGIL_SERVER_SERVICE_PULL_STREAM_H_
#define VIGIL_SERVER_SERVICE_PULL_STREAM_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/access/access_control.h"
#include "server/register/register.h"
#include "server/service/stream_sink.h"
#include "sync/base/ids.h"
#include "sync/rules/judge.h"
#include "vigil/v1/sync_service.pb.h"

namespace vigil::service {

// One pull: pages, one after the other, until every cursor has caught up in one snapshot.
//
// A snapshot is kept over several pages, so that short pulls end in the one with which they began;
// it is renewed when it is old, since a slow reader must not keep the log of the database from
// being checkpointed. After a renewal, cursors that had caught up may lag again and are read again.
class PullStream : public std::enable_shared_from_this<PullStream> {
 public:
  PullStream(registry::Register& target, rules::Author author, std::shared_ptr<PageSink> sink);

  // Checks the request and writes the first page, or finishes with the error.
  void Start(const v1::PullRequest& request);

 private:
  struct Cursor {
    // As the request named them.
    std::vector<Uuid> units;
    // What is read: the units and everything below them, or nil for everybody's.
    std::vector<Uuid> expanded;
    Seq seq;
  };

  absl::Status Begin(const v1::PullRequest& request);
  absl::Status AddCursor(const v1::ScopeCursor& cursor);
  absl::Status RenewSnapshot();
  void Next();
  absl::StatusOr<v1::PullResponse> MakePage();
  absl::Status FillFromFeed(Cursor& cursor, v1::PullResponse& page);
  absl::Status FillLast(v1::PullResponse& page);
  // A cursor that has not caught up; null when none is left.
  Cursor* Lagging();

  registry::Register& register_;
  const rules::Author author_;
  const std::shared_ptr<PageSink> sink_;
  std::unique_ptr<store::Snapshot> snapshot_;
  absl::Time snapshot_at_;
  store::Head head_;
  access::Scope scope_;
  std::vector<Cursor> cursors_;
  std::size_t page_bytes_ = 0;
};

// Serialised into messages by all who send heads and digests.
v1::RegisterHead ToRegisterHead(const store::Head& head);

// EPOCH_CHANGED unless `epoch` is empty or the register's own.
absl::Status CheckEpoch(const store::Head& head, const std::string& epoch);

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_PULL_STREAM_H_
