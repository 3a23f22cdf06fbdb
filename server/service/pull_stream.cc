#include "server/service/pull_stream.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "sync/base/bucket_sums.h"
#include "sync/base/status.h"
#include "sync/rules/reason.h"

namespace vigil::service {

using rules::Refuse;

namespace {

constexpr std::size_t kPageBytesMin = 4 * 1024;
constexpr std::size_t kPageBytesMax = 1024 * 1024;
constexpr std::size_t kPageBytesDefault = 64 * 1024;
constexpr int kCursorsMax = 64;
// Read from one snapshot, to be written one after the other: what a slow reader may keep waiting.
constexpr std::size_t kPagesAtOnce = 4;

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
  digest_hash_only_ = request.digest_hash_only();
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
    cursors_.push_back({.units = {}, .expanded = {Uuid()}, .place = {}, .written = {}});
    if (!scope_.units.empty()) {
      cursors_.push_back(
          {.units = scope_.units, .expanded = scope_.expanded, .place = {}, .written = {}});
    }
  }
  return absl::OkStatus();
}

absl::Status PullStream::AddCursor(const v1::ScopeCursor& cursor) {
  Cursor added;
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (cursor.seq() > kMax || cursor.within() > kMax) {
    return Refuse(v1::REASON_INVALID_NUMBER, "a cursor's seq is out of range");
  }
  added.place = {Seq(cursor.seq()), cursor.within()};
  // A cursor from beyond the head is of a register that this one is not.
  if (added.place > store::FeedPlace{head_.seq, 0}) {
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
  added.written = added.place;
  VIGIL_RETURN_IF_ERROR(Expand(added));
  cursors_.push_back(std::move(added));
  return absl::OkStatus();
}

// A unit that has left the scope since the request named it is not read any more.
absl::Status PullStream::Expand(Cursor& cursor) {
  if (cursor.units.empty()) {
    cursor.expanded = {Uuid()};
    return absl::OkStatus();
  }
  VIGIL_ASSIGN_OR_RETURN(cursor.expanded, snapshot_->UnitsBelow(cursor.units));
  std::erase_if(cursor.expanded, [&](const Uuid& unit) { return !Has(scope_.expanded, unit); });
  return absl::OkStatus();
}

absl::Status PullStream::OpenSnapshot() {
  const Seq known = head_.seq;
  VIGIL_ASSIGN_OR_RETURN(snapshot_, register_.store().Read());
  VIGIL_ASSIGN_OR_RETURN(head_, snapshot_->GetHead());
  if (head_.seq == known) return absl::OkStatus();
  VIGIL_ASSIGN_OR_RETURN(scope_, access::ScopeOf(author_, *snapshot_));
  for (Cursor& cursor : cursors_) VIGIL_RETURN_IF_ERROR(Expand(cursor));
  return absl::OkStatus();
}

bool PullStream::Reads(const Uuid& unit) const {
  return std::any_of(cursors_.begin(), cursors_.end(),
                     [&](const Cursor& cursor) { return Has(cursor.expanded, unit); });
}

PullStream::Cursor* PullStream::Lagging() {
  for (Cursor& cursor : cursors_) {
    if (cursor.place.seq < head_.seq) return &cursor;
  }
  return nullptr;
}

void PullStream::Next() {
  absl::Status status = pages_.empty() ? absl::OkStatus() : DropOutdated();
  if (status.ok() && pages_.empty()) status = MakePages();
  snapshot_.reset();
  if (!status.ok()) return sink_->Finish(status);
  const Page page = std::move(pages_.front());
  pages_.pop_front();
  cursors_[page.cursor].written = page.place;
  // `ready` may run on another thread, to the end of this pull, before the write returns.
  const std::shared_ptr<PageSink> sink = sink_;
  sink->Write(page.response, [self = shared_from_this(), last = page.response.last()](bool ok) {
    if (ok && !last) return self->Next();
    self->sink_->Finish(ok ? absl::OkStatus() : absl::CancelledError("nobody reads any more"));
  });
}

absl::Status PullStream::DropOutdated() {
  VIGIL_ASSIGN_OR_RETURN(const auto now, register_.store().Read());
  VIGIL_ASSIGN_OR_RETURN(const store::Head head, now->GetHead());
  if (head.seq == head_.seq) return absl::OkStatus();
  VIGIL_ASSIGN_OR_RETURN(const access::Scope scope, access::ScopeOf(author_, *now));
  if (scope.expanded == scope_.expanded) return absl::OkStatus();
  pages_.clear();
  for (Cursor& cursor : cursors_) {
    cursor.place = cursor.written;
    cursor.remaining = 0;
  }
  return absl::OkStatus();
}

absl::Status PullStream::MakePages() {
  VIGIL_RETURN_IF_ERROR(OpenSnapshot());
  std::size_t left = page_bytes_ * kPagesAtOnce;
  // A cursor that has caught up gets a page too where there is no other: every pull has a last one.
  Cursor* cursor = Lagging();
  if (cursor == nullptr) cursor = &cursors_.back();
  do {
    VIGIL_RETURN_IF_ERROR(ReadCursor(*cursor, left));
    cursor = Lagging();
  } while (cursor != nullptr && left > 0);
  if (cursor == nullptr) return FillLast(pages_.back().response);
  return absl::OkStatus();
}

absl::Status PullStream::ReadCursor(Cursor& cursor, std::size_t& left) {
  const store::FeedBounds bounds{
      .bytes = std::min(page_bytes_, left),
      .pages_max = static_cast<int>(std::max<std::size_t>(left / page_bytes_, 1)),
      .count = cursor.remaining == 0};
  VIGIL_ASSIGN_OR_RETURN(std::vector<store::FeedPage> feed,
                         snapshot_->FeedPages(cursor.expanded, cursor.place, bounds));
  if (bounds.count) cursor.remaining = feed.front().remaining + feed.front().records.size();
  for (store::FeedPage& read : feed) {
    VIGIL_ASSIGN_OR_RETURN(v1::PullResponse page, MakePage(cursor, std::move(read)));
    left -= std::min(left, page.ByteSizeLong());
    pages_.push_back({.response = std::move(page),
                      .cursor = static_cast<std::size_t>(&cursor - cursors_.data()),
                      .place = cursor.place});
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::PullResponse> PullStream::MakePage(Cursor& cursor, store::FeedPage feed) {
  v1::PullResponse page;
  cursor.remaining -= std::min<std::uint64_t>(cursor.remaining, feed.records.size());
  for (store::StoredRecord& record : feed.records) page.add_records(std::move(record.bytes));
  for (v1::Departure& departure : feed.departures) {
    // What left one of the phone's units for another one has not left the phone.
    const std::optional<Uuid> id = Uuid::Parse(departure.record());
    if (!id) continue;
    VIGIL_ASSIGN_OR_RETURN(const std::optional<store::StoredRecord> record,
                           snapshot_->FindRecord(*id));
    const bool stays = record && Reads(record->unit);
    if (!stays) *page.add_departures() = std::move(departure);
  }
  cursor.place = feed.cursor;
  for (const Uuid& unit : cursor.units) page.mutable_cursor()->add_units(unit.ToString());
  page.mutable_cursor()->set_seq(cursor.place.seq.value());
  page.mutable_cursor()->set_within(cursor.place.within);
  page.set_remaining(feed.last ? 0 : cursor.remaining);
  VIGIL_ASSIGN_OR_RETURN(const store::DeviceState device,
                         snapshot_->GetDevice(*Uuid::Parse(author_.device)));
  page.set_last_judged_device_seq(device.last_judged.value());
  *page.mutable_head() = register_.ShowHead(head_);
  return page;
}

absl::Status PullStream::FillLast(v1::PullResponse& page) {
  page.set_last(true);
  // Of what the cursors name: a unit that the person has gained since his hello is no difference.
  std::vector<Uuid> units;
  for (const Cursor& cursor : cursors_) {
    units.insert(units.end(), cursor.expanded.begin(), cursor.expanded.end());
  }
  VIGIL_ASSIGN_OR_RETURN(const BucketSums sums, snapshot_->Digest(units));
  if (digest_hash_only_) {
    page.set_digest_hash(std::string(HashOfSums(sums).bytes()));
  } else {
    page.mutable_digest()->Add(sums.begin(), sums.end());
  }
  return absl::OkStatus();
}

}  // namespace vigil::service
