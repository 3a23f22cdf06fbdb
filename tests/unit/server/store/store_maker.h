#ifndef VIGIL_TESTS_UNIT_SERVER_STORE_STORE_MAKER_H_
#define VIGIL_TESTS_UNIT_SERVER_STORE_STORE_MAKER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/store/sqlite_store.h"
#include "server/store/write_set.h"
#include "sync/base/ids.h"
#include "tests/support/manual_clock.h"
#include "tests/support/sim_vfs.h"
#include "vigil/v1/common.pb.h"

// Write sets for tests of the store, made without rules: the store takes whatever agrees with
// itself.

namespace vigil::store::testing {

// The same id for the same number; 0 is nil.
Uuid Id(std::uint64_t number);
v1::Date DateOf(int year, int month, int day);

// Options for a new register on the machine's disk.
SqliteStoreOptions NewRegister();
// A new register on a disk of its own.
std::unique_ptr<SqliteRegisterStore> OpenOn(const ::vigil::testing::SimVfs& disk);

// What a test says of a record; the rest is filled in.
struct RecordSpec {
  Uuid id = {};
  int kind = 10;
  Uuid parent = {};
  // Nil: the record itself.
  Uuid root = {};
  Uuid unit = {};
  bool office_only = false;
  std::string key = {};
  // Nil: the device of the group.
  Uuid device = {};
  // Bytes of the body, besides id and version.
  std::size_t padding = 0;
};

// Collects operations for one commit after `head`.
class GroupMaker {
 public:
  explicit GroupMaker(Seq head, Uuid device = Id(9000))
      : head_(head), device_(device), seq_(head) {}

  // Begins the next operation; what follows belongs to it.
  Seq Operation(DeviceSeq device_seq = DeviceSeq(0));
  LogRow& log() { return writes_.log.back(); }
  // A new record, or a new version of one.
  RecordChange& Create(const RecordSpec& spec);
  RecordChange& Change(const RecordSpec& spec);

  // The unit has so many records more than its creations tell.
  void Grow(const Uuid& unit, std::int64_t records);

  WriteSet& writes() { return writes_; }
  Seq head() const { return head_; }
  Seq seq() const { return seq_; }
  absl::Status CommitTo(RegisterStore& store) const;

 private:
  RecordChange& Add(const RecordSpec& spec, bool created);

  Seq head_;
  Uuid device_;
  Seq seq_;
  WriteSet writes_;
};

// The stored bytes that the maker gives to a record at a version.
std::string BytesOf(const RecordSpec& spec, Seq version);
// A record of a page.
v1::Record RecordIn(std::string_view bytes);
Uuid IdIn(std::string_view bytes);
// Bytes as stored.
std::vector<std::string> RecordsOf(const FeedPage& page);

// The first page of a reading that begins after `after`.
absl::StatusOr<FeedPage> ReadFeed(Snapshot& snapshot, const std::vector<Uuid>& units,
                                  const FeedPlace& after, std::size_t bytes);

}  // namespace vigil::store::testing

#endif  // VIGIL_TESTS_UNIT_SERVER_STORE_STORE_MAKER_H_
