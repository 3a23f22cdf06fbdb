#include "server/service/pull_stream.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "sync/base/status.h"
#include "sync/rules/reason.h"

namespace vigil::service {

using rules::Refuse;

namespace {

constexpr std::size_t kPageBytesMin = 4 * 1024;
constexpr std::size_t kPageBytesMax = 1024 * 1024;
constexpr std::size_t kPageBytesDefault = 64 * 1024;
constexpr int kCursorsMax = 64;

std::size_t ClampPageBytes(std::uint32_t asked) {
  if (asked == 0) return kPageBytesDefault;
  return std::clamp<std::size_t>(asked, kPageBytesMin, kPageBytesMax);
}

bool Has(const std::vector<Uuid>& sorted, const Uuid& id) {
  return std::binary_search(sorted.begin(), sorted.end(), id);
}

}  // namespace

absl::Status CheckEpoch(const store::Head& head, const std::string& epoch) {
  if (epoch.empty() || epoch == head.epoch.id()) return absl::OkStatus();
  return Refuse(v1::REASON_EPOCH_CHANGED, "the register is in another epoch; say hello again")
      .With("epoch", head.epoch.id());
}

PullStream::PullStream(registry::Register& target, rules::Author author,
                       std::shared_ptr<PageSink> sink)
    : register_(target), author_(std::move(author)), sink_(std::move(sink)) {}

void PullStream::Start(const v1::PullRequest& request) {
  const absl::Status status = Begin(request);
  snapshot_.reset();
  if (!status.ok()) return sink_->Finish(status);
  Next();
}

absl::Status PullStream::Begin(const v1::PullRequest& request) {
  page_bytes_ = ClampPageBytes(request.page_bytes());
  VIGIL_RETURN_IF_ERROR(OpenSnapshot());
  VIGIL_RETURN_IF_ERROR(CheckEpoch(head_, request.epoch()));
  if (request.cursors_size() > kCursorsMax) {
    return Refuse(v1::REASON_TOO_LARGE, "too many cursors in one pull")
        .With("cursors_max", std::int64_t{kCursorsMax});
  }
  for (const v1::ScopeCursor& cursor : request.cursors()) {
    VIGIL_RETURN_IF_ERROR(AddCursor(cursor));
  }
  if (cursors_.empty()) {
    cursors_.push_back({{}, {Uuid()}, Seq(0)});
    if (!scope_.units.empty()) cursors_.push_back({scope_.units, scope_.expanded, Seq(0)});
  }
  return absl::OkStatus();
}

absl::Status PullStream::AddCursor(const v1::ScopeCursor& cursor) {
  Cursor added;
  if (cursor.seq() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return Refuse(v1::REASON_INVALID_NUMBER, "a cursor's seq is out of range");
  }
  added.seq = Seq(cursor.seq());
  // A cursor from beyond the head is of a register that this one is not.
  if (added.seq > head_.seq) {
    return Refuse(v1::REASON_EPOCH_CHANGED, "the cursor is ahead of the register; say hello again")
        .With("epoch", head_.epoch.id());
  }
  for (const std::string& text : cursor.units()) {
    const std::optional<Uuid> unit = Uuid::Parse(text);
    if (!unit) return Refuse(v1::REASON_INVALID_ID, "a cursor names a unit by what is no id");
    if (!Has(scope_.expanded, *unit)) {
      return Refuse(v1::REASON_OUT_OF_SCOPE, "a cursor names a unit in which you have no role")
          .With("unit", text);
    }
    added.units.push_back(*unit);
  }
  if (added.units.empty()) {
    added.expanded.emplace_back();
  } else {
    VIGIL_ASSIGN_OR_RETURN(added.expanded, snapshot_->UnitsBelow(added.units));
  }
  cursors_.push_back(std::move(added));
  return absl::OkStatus();
}

absl::Status PullStream::OpenSnapshot() {
  const Seq known = head_.seq;
  VIGIL_ASSIGN_OR_RETURN(snapshot_, register_.store().Read());
  VIGIL_ASSIGN_OR_RETURN(head_, snapshot_->GetHead());
  if (head_.seq == known) return absl::OkStatus();
  VIGIL_ASSIGN_OR_RETURN(scope_, access::ScopeOf(author_, *snapshot_));
  for (Cursor& cursor : cursors_) {
    if (cursor.units.empty()) continue;
    VIGIL_ASSIGN_OR_RETURN(cursor.expanded, snapshot_->UnitsBelow(cursor.units));
  }
  return absl::OkStatus();
}

PullStream::Cursor* PullStream::Lagging() {
  for (Cursor& cursor : cursors_) {
    if (cursor.seq < head_.seq) return &cursor;
  }
  return nullptr;
}

void PullStream::Next() {
  if (pages_.empty()) {
    const absl::Status status = MakePages();
    snapshot_.reset();
    if (!status.ok()) return sink_->Finish(status);
  }
  const v1::PullResponse page = std::move(pages_.front());
  pages_.pop_front();
  // `ready` may run on another thread, to the end of this pull, before the write returns.
  const std::shared_ptr<PageSink> sink = sink_;
  sink->Write(page, [self = shared_from_this(), last = page.last()](bool ok) {
    if (ok && !last) return self->Next();
    self->sink_->Finish(ok ? absl::OkStatus() : absl::CancelledError("nobody reads any more"));
  });
}

absl::Status PullStream::MakePages() {
  VIGIL_RETURN_IF_ERROR(OpenSnapshot());
  std::size_t left = page_bytes_;
  // A cursor that has caught up gets a page too where there is no other: every pull has a last one.
  Cursor* cursor = Lagging();
  if (cursor == nullptr) cursor = &cursors_.back();
  do {
    VIGIL_ASSIGN_OR_RETURN(v1::PullResponse page, ReadCursor(*cursor, left));
    left -= std::min(left, page.ByteSizeLong());
    pages_.push_back(std::move(page));
    cursor = Lagging();
  } while (cursor != nullptr && left > 0);
  if (cursor == nullptr) return FillLast(pages_.back());
  return absl::OkStatus();
}

absl::StatusOr<v1::PullResponse> PullStream::ReadCursor(Cursor& cursor, std::size_t bytes) {
  VIGIL_ASSIGN_OR_RETURN(store::FeedPage feed, snapshot_->Feed(cursor.expanded, cursor.seq, bytes));
  v1::PullResponse page;
  for (store::StoredRecord& record : feed.records) page.add_records(std::move(record.bytes));
  for (v1::Departure& departure : feed.departures) {
    // What left one of the author's units for another one has not left his scope.
    const std::optional<Uuid> id = Uuid::Parse(departure.record());
    if (!id) continue;
    VIGIL_ASSIGN_OR_RETURN(const std::optional<store::StoredRecord> record,
                           snapshot_->FindRecord(*id));
    const bool stays = record && (record->unit.is_nil() || Has(scope_.expanded, record->unit));
    if (!stays) *page.add_departures() = std::move(departure);
  }
  cursor.seq = feed.last ? head_.seq : feed.cursor;
  for (const Uuid& unit : cursor.units) page.mutable_cursor()->add_units(unit.ToString());
  page.mutable_cursor()->set_seq(cursor.seq.value());
  page.set_remaining(feed.remaining);
  VIGIL_ASSIGN_OR_RETURN(const store::DeviceState device,
                         snapshot_->GetDevice(*Uuid::Parse(author_.device)));
  page.set_last_judged_device_seq(device.last_judged.value());
  *page.mutable_head() = register_.ShowHead(head_);
  return page;
}

absl::Status PullStream::FillLast(v1::PullResponse& page) {
  page.set_last(true);
  std::vector<Uuid> units = scope_.expanded;
  units.emplace_back();
  VIGIL_ASSIGN_OR_RETURN(const store::BucketSums sums, snapshot_->Digest(units));
  page.mutable_digest()->Add(sums.begin(), sums.end());
  return absl::OkStatus();
}

}  // namespace vigil::service
