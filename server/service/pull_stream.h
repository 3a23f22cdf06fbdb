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
  struct Page {
    // All but the records,
    v1::PullResponse response;
    // which are sent as they are stored: fields of the response.
    std::string record_fields;
  };
  struct Cursor {
    // As the request named them.
    std::vector<Uuid> units;
    // Of the units and everything below them what is in the author's scope, or nil for
    // everybody's.
    store::FeedReading reading;
  };

  absl::Status Begin(const v1::PullRequest& request);
  absl::Status AddCursor(const v1::ScopeCursor& cursor);
  absl::StatusOr<std::vector<Uuid>> Expand(const std::vector<Uuid>& units);
  absl::Status OpenSnapshot();
  // Writes the next page that was made, after making some where there is none.
  void Next();
  // About one page's bytes: of the cursors that lag, one after the other.
  absl::Status MakePages();
  absl::StatusOr<Page> MakePage(Cursor& cursor, std::size_t bytes);
  // Of what has left one unit for another, only what no cursor reads.
  absl::Status AddDepartures(std::vector<v1::Departure> departures, v1::PullResponse& page);
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
