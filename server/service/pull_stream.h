#ifndef VIGIL_SERVER_SERVICE_PULL_STREAM_H_
#define VIGIL_SERVER_SERVICE_PULL_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/access/access_control.h"
#include "server/register/register.h"
#include "server/service/stream_sink.h"
#include "sync/base/ids.h"
#include "sync/rules/judge.h"
#include "vigil/v1/sync_service.pb.h"

namespace vigil::service {

// One pull: pages, one after the other, until every cursor has caught up in one snapshot.
//
// The cursors are read in the order of the request, anew from the first one whenever the register
// has moved on: what a phone has read of the first never lies behind the others. So one that names
// everybody's records first knows the tree of org units as it was for everything that follows.
//
// A snapshot is held only while pages are made and never while the reader takes his time, since it
// keeps the database's log from being checkpointed. So cursors that had caught up may lag again and
// are read again; what little there is then for all of them is made in one snapshot, so that a pull
// ends however fast the register grows.
class PullStream : public std::enable_shared_from_this<PullStream> {
 public:
  PullStream(registry::Register& target, rules::Author author, std::shared_ptr<PageSink> sink);

  // Checks the request and writes the first page, or finishes with the error.
  void Start(const v1::PullRequest& request);

 private:
  struct Cursor {
    // As the request named them.
    std::vector<Uuid> units;
    // What is read: of the units and everything below them what is in the author's scope, or nil
    // for everybody's.
    std::vector<Uuid> expanded;
    store::FeedPlace place;
    // As far as pages were written.
    store::FeedPlace written;
    // Records still to come: as counted last, less what was read since. 0: to be counted.
    std::uint64_t remaining = 0;
  };

  absl::Status Begin(const v1::PullRequest& request);
  absl::Status AddCursor(const v1::ScopeCursor& cursor);
  absl::Status Expand(Cursor& cursor);
  absl::Status OpenSnapshot();
  // Writes the next page that was made, after making some where there is none.
  void Next();
  // Forgets the pages that were made if the author's scope is another one since.
  absl::Status DropOutdated();
  // A few pages' bytes: of the cursors that lag, one after the other.
  absl::Status MakePages();
  // Takes off `left` what it adds to the pages.
  absl::Status ReadCursor(Cursor& cursor, std::size_t& left);
  absl::StatusOr<v1::PullResponse> MakePage(Cursor& cursor, store::FeedPage feed);
  struct Page {
    v1::PullResponse response;
    // Of whom, and as far as where.
    std::size_t cursor = 0;
    store::FeedPlace place;
  };
  absl::Status FillLast(v1::PullResponse& page);
  // Some cursor reads this unit.
  bool Reads(const Uuid& unit) const;
  // A cursor that has not caught up; null when none is left.
  Cursor* Lagging();

  registry::Register& register_;
  const rules::Author author_;
  const std::shared_ptr<PageSink> sink_;
  std::size_t page_bytes_ = 0;
  bool digest_hash_only_ = false;
  std::vector<Cursor> cursors_;
  std::deque<Page> pages_;

  // Of the snapshot, while there is one.
  std::unique_ptr<store::Snapshot> snapshot_;
  store::Head head_;
  // As of the head.
  access::Scope scope_;
};

// EPOCH_CHANGED unless `epoch` is empty or the register's own.
absl::Status CheckEpoch(const store::Head& head, const std::string& epoch);

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_PULL_STREAM_H_
