#include "tests/unit/server/store/store_maker.h"

#include <array>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "sync/base/hash.h"
#include "tests/support/status_matchers.h"
#include "vigil/v1/operation.pb.h"
#include "vigil/v1/record.pb.h"
#include "vigil/v1/sync_service.pb.h"

namespace vigil::store::testing {

Uuid Id(std::uint64_t number) {
  std::array<std::uint8_t, Uuid::kSize> bytes{};
  for (std::size_t i = 0; i < 8; ++i) {
    bytes[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
  }
  return Uuid(bytes);
}

v1::Date DateOf(int year, int month, int day) {
  v1::Date date;
  date.set_year(year);
  date.set_month(month);
  date.set_day(day);
  return date;
}

SqliteStoreOptions NewRegister() {
  SqliteStoreOptions options;
  options.first_epoch = Id(1);
  options.created_at = ::vigil::testing::StoryBegin();
  return options;
}

std::unique_ptr<SqliteRegisterStore> OpenOn(const ::vigil::testing::SimVfs& disk) {
  SqliteStoreOptions options = NewRegister();
  options.vfs = disk.name();
  auto store = SqliteRegisterStore::Open("register.db", options);
  EXPECT_THAT(store, ::vigil::testing::IsOk());
  return *std::move(store);
}

std::string BytesOf(const RecordSpec& spec, Seq version) {
  v1::Record record;
  record.set_id(spec.id.ToString());
  record.set_version(version.value());
  if (!spec.unit.is_nil()) record.set_unit(spec.unit.ToString());
  if (!spec.parent.is_nil()) record.set_parent(spec.parent.ToString());
  record.mutable_entity()->mutable_hazard()->set_description(std::string(spec.padding, 'x'));
  return record.SerializeAsString();
}

v1::Record RecordIn(std::string_view bytes) {
  v1::Record record;
  EXPECT_TRUE(record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  return record;
}

Uuid IdIn(std::string_view bytes) { return Uuid::ParseOrNil(RecordIn(bytes).id()); }

std::vector<std::string> RecordsOf(const FeedPage& page) {
  v1::PullResponse response;
  EXPECT_TRUE(response.ParseFromString(page.record_fields));
  EXPECT_EQ(page.record_count, static_cast<std::uint64_t>(response.records_size()));
  return {response.records().begin(), response.records().end()};
}

absl::StatusOr<FeedPage> ReadFeed(Snapshot& snapshot, const std::vector<Uuid>& units,
                                  const FeedPlace& after, std::size_t bytes) {
  FeedReading reading(units, after);
  return snapshot.ReadFeed(reading, {.bytes = bytes});
}

Seq GroupMaker::Operation(DeviceSeq device_seq) {
  seq_ = seq_.Next();
  LogRow row;
  row.seq = seq_;
  row.operation = Id(1'000'000 + seq_.value());
  row.device = device_;
  row.device_seq = device_seq;
  row.operation_bytes = absl::StrCat("operation ", seq_.value());
  row.operation_hash = Sha256Of(row.operation_bytes);
  row.outcome_bytes = absl::StrCat("outcome ", seq_.value());
  row.verdict = v1::VERDICT_APPLIED;
  row.received_at = ::vigil::testing::StoryBegin() + absl::Seconds(seq_.signed_value());
  row.leaf = LeafHash({row.operation_bytes, row.outcome_bytes});
  writes_.log.push_back(std::move(row));
  writes_.audit_root = Sha256Of(absl::StrCat("root ", seq_.value()).c_str());
  return seq_;
}

RecordChange& GroupMaker::Create(const RecordSpec& spec) {
  if (!spec.office_only) Grow(spec.unit, 1);
  return Add(spec, true);
}
RecordChange& GroupMaker::Change(const RecordSpec& spec) { return Add(spec, false); }

RecordChange& GroupMaker::Add(const RecordSpec& spec, bool created) {
  RecordChange change;
  change.id = spec.id;
  change.kind = spec.kind;
  change.version = seq_;
  change.parent = spec.parent;
  change.root = spec.root.is_nil() ? spec.id : spec.root;
  change.unit = spec.unit;
  change.office_only = spec.office_only;
  change.key = spec.key;
  change.bytes = BytesOf(spec, seq_);
  change.created = created;
  change.write_bytes = absl::StrCat("write ", seq_.value());
  change.stamp_bytes = absl::StrCat("stamp ", seq_.value());
  change.device = spec.device.is_nil() ? device_ : spec.device;
  change.device_seq = writes_.log.back().device_seq;
  writes_.records.push_back(std::move(change));
  return writes_.records.back();
}

void GroupMaker::Grow(const Uuid& unit, std::int64_t records) {
  for (DigestChange& change : writes_.digests) {
    if (change.unit != unit) continue;
    change.growth += records;
    return;
  }
  writes_.digests.push_back({.unit = unit, .sums = {}, .growth = records});
}

absl::Status GroupMaker::CommitTo(RegisterStore& store) const {
  return store.Commit(head_, writes_,
                      ::vigil::testing::StoryBegin() + absl::Hours(seq_.signed_value()));
}

}  // namespace vigil::store::testing
