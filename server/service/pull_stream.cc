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
  if (!cursors_.empty()) return absl::OkStatus();
  cursors_.push_back({.units = {}, .reading = {{Uuid()}, {}}});
  if (!scope_.units.empty()) {
    cursors_.push_back({.units = scope_.units, .reading = {scope_.expanded, {}}});
  }
  return absl::OkStatus();
}

absl::Status PullStream::AddCursor(const v1::ScopeCursor& cursor) {
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (cursor.seq() > kMax || cursor.within() > kMax) {
    return Refuse(v1::REASON_INVALID_NUMBER, "a cursor's seq is out of range");
  }
  const store::FeedPlace place{Seq(cursor.seq()), cursor.within()};
  // A cursor from beyond the head is of a register that this one is not.
  if (place > store::FeedPlace{head_.seq, 0}) {
    return Refuse(v1::REASON_EPOCH_CHANGED, "the cursor is ahead of the register; say hello again")
        .With("epoch", head_.epoch.id());
  }
  std::vector<Uuid> units;
  for (const std::string& text : cursor.units()) {
    const std::optional<Uuid> unit = Uuid::Parse(text);
    if (!unit) return Refuse(v1::REASON_INVALID_ID, "a cursor names a unit by what is no id");
    if (!Has(scope_.expanded, *unit)) {
      return Refuse(v1::REASON_OUT_OF_SCOPE, "a cursor names a unit in which you have no role")
          .With("unit", text);
    }
    units.push_back(*unit);
  }
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Uuid> expanded, Expand(units));
  cursors_.push_back({.units = std::move(units), .reading = {expanded, place}});
  return absl::OkStatus();
}

// A unit that has left the scope since the request named it is not read any more.
absl::StatusOr<std::vector<Uuid>> PullStream::Expand(const std::vector<Uuid>& units) {
  if (units.empty()) return std::vector<Uuid>{Uuid()};
  VIGIL_ASSIGN_OR_RETURN(std::vector<Uuid> expanded, snapshot_->UnitsBelow(units));
  std::erase_if(expanded, [&](const Uuid& unit) { return !Has(scope_.expanded, unit); });
  return expanded;
}

absl::Status PullStream::OpenSnapshot() {
  const Seq known = head_.seq;
  VIGIL_ASSIGN_OR_RETURN(snapshot_, register_.store().Read());
  VIGIL_ASSIGN_OR_RETURN(head_, snapshot_->GetHead());
  if (head_.seq == known) return absl::OkStatus();
  VIGIL_ASSIGN_OR_RETURN(scope_, access::ScopeOf(author_, *snapshot_));
  for (Cursor& cursor : cursors_) {
    VIGIL_ASSIGN_OR_RETURN(const std::vector<Uuid> expanded, Expand(cursor.units));
    if (expanded != cursor.reading.units()) cursor.reading = {expanded, cursor.reading.place()};
  }
  return absl::OkStatus();
}

bool PullStream::Reads(const Uuid& unit) const {
  return std::any_of(cursors_.begin(), cursors_.end(),
                     [&](const Cursor& cursor) { return Has(cursor.reading.units(), unit); });
}

PullStream::Cursor* PullStream::Lagging() {
  for (Cursor& cursor : cursors_) {
    if (cursor.reading.place().seq < head_.seq) return &cursor;
  }
  return nullptr;
}

void PullStream::Next() {
  if (pages_.empty()) {
    const absl::Status status = MakePages();
    snapshot_.reset();
    if (!status.ok()) return sink_->Finish(status);
  }
  Page page = std::move(pages_.front());
  pages_.pop_front();
  std::string bytes = std::move(page.record_fields);
  page.response.AppendToString(&bytes);
  // `ready` may run on another thread, to the end of this pull, before the write returns.
  const std::shared_ptr<PageSink> sink = sink_;
  sink->Write(std::move(bytes), [self = shared_from_this(), last = page.response.last()](bool ok) {
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
    VIGIL_ASSIGN_OR_RETURN(Page page, MakePage(*cursor, left));
    left -= std::min(left, page.response.ByteSizeLong() + page.record_fields.size());
    pages_.push_back(std::move(page));
    cursor = Lagging();
  } while (cursor != nullptr && left > 0);
  if (cursor == nullptr) return FillLast(pages_.back().response);
  return absl::OkStatus();
}

absl::StatusOr<PullStream::Page> PullStream::MakePage(Cursor& cursor, std::size_t bytes) {
  VIGIL_ASSIGN_OR_RETURN(store::FeedPage feed,
                         snapshot_->ReadFeed(cursor.reading, {.bytes = bytes}));
  Page page{.response = {}, .record_fields = std::move(feed.record_fields)};
  VIGIL_RETURN_IF_ERROR(AddDepartures(std::move(feed.departures), page.response));
  for (const Uuid& unit : cursor.units) page.response.mutable_cursor()->add_units(unit.ToString());
  page.response.mutable_cursor()->set_seq(feed.cursor.seq.value());
  page.response.mutable_cursor()->set_within(feed.cursor.within);
  page.response.set_remaining(feed.remaining);
  VIGIL_ASSIGN_OR_RETURN(const store::DeviceState device,
                         snapshot_->GetDevice(*Uuid::Parse(author_.device)));
  page.response.set_last_judged_device_seq(device.last_judged.value());
  *page.response.mutable_head() = register_.ShowHead(head_);
  return page;
}

absl::Status PullStream::AddDepartures(std::vector<v1::Departure> departures,
                                       v1::PullResponse& page) {
  for (v1::Departure& departure : departures) {
    // What left one of the phone's units for another one has not left the phone.
    const std::optional<Uuid> id = Uuid::Parse(departure.record());
    if (!id) continue;
    VIGIL_ASSIGN_OR_RETURN(const std::optional<store::StoredRecord> record,
                           snapshot_->FindRecord(*id));
    const bool stays = record && Reads(record->unit);
    if (!stays) *page.add_departures() = std::move(departure);
  }
  return absl::OkStatus();
}

absl::Status PullStream::FillLast(v1::PullResponse& page) {
  page.set_last(true);
  // Of what the cursors name: a unit that the person has gained since his hello is no difference.
  std::vector<Uuid> units;
  for (const Cursor& cursor : cursors_) {
    units.insert(units.end(), cursor.reading.units().begin(), cursor.reading.units().end());
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
