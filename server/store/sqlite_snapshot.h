#ifndef VIGIL_SERVER_STORE_SQLITE_SNAPSHOT_H_
#define VIGIL_SERVER_STORE_SQLITE_SNAPSHOT_H_

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/store/reader_pool.h"
#include "server/store/register_store.h"
#include "sync/sqlite/database.h"

namespace vigil::store {

// One read transaction on a connection of the pool's, given back at the end. Its functions stand
// in several files: sqlite_snapshot.cc (single things), feed.cc, past.cc, digest.cc, ledger.cc,
// listing.cc, stats.cc, restore_query.cc.
class SqliteSnapshot final : public Snapshot {
 public:
  static absl::StatusOr<std::unique_ptr<Snapshot>> Begin(std::shared_ptr<ReaderPool> pool,
                                                         absl::TimeZone zone);
  // On this connection, which must outlive it.
  static absl::StatusOr<std::unique_ptr<Snapshot>> Begin(sqlite::Database& database,
                                                         absl::TimeZone zone);
  ~SqliteSnapshot() override;

  // sqlite_snapshot.cc
  absl::StatusOr<Head> GetHead() override;
  absl::StatusOr<std::vector<v1::Epoch>> Epochs() override;
  absl::StatusOr<std::optional<StoredRecord>> FindRecord(const Uuid& id) override;
  absl::StatusOr<std::optional<StoredRecord>> FindRecordAt(const Uuid& id, Seq version) override;
  absl::StatusOr<std::optional<Uuid>> FindByKey(int kind, std::string_view key) override;
  absl::StatusOr<std::optional<Uuid>> FindByKey(int kind, std::string_view key,
                                                const RecordScope& scope) override;
  absl::StatusOr<std::vector<StoredRecord>> Children(const Uuid& parent, int kind) override;
  absl::StatusOr<std::vector<Uuid>> DuplicatesOf(const Uuid& hazard) override;
  absl::StatusOr<std::vector<Uuid>> HazardsFollowing(const Uuid& risk_source) override;
  absl::StatusOr<std::vector<OwnWrite>> OwnWrites(const Uuid& record, const Uuid& device,
                                                  Seq after) override;
  absl::StatusOr<bool> OthersWrote(const Uuid& record, const OwnBefore& own, Seq after) override;
  absl::StatusOr<std::vector<VersionRow>> History(const Uuid& record, Seq after,
                                                  int limit) override;
  absl::StatusOr<std::optional<StoredOutcome>> FindOutcome(const Uuid& operation) override;
  absl::StatusOr<std::optional<StoredOutcome>> FindOutcome(const Uuid& device,
                                                           DeviceSeq device_seq) override;
  absl::StatusOr<DeviceState> GetDevice(const Uuid& device) override;
  absl::StatusOr<bool> OwnRefused(const Uuid& device, const Uuid& record, Seq after) override;
  absl::StatusOr<std::optional<ChainLink>> FindUnjudgedLink(const Uuid& device,
                                                            DeviceSeq device_seq) override;
  absl::StatusOr<std::vector<ChainLink>> UnjudgedLinks(const LinkPlace& after, int limit) override;
  absl::StatusOr<std::optional<PushSignature>> FindPushSignature(const Uuid& device,
                                                                 DeviceSeq device_seq) override;
  absl::StatusOr<std::optional<OneTimeCode>> FindOneTimeCode(const Sha256& code_hash) override;
  absl::StatusOr<std::optional<IssuedToken>> FindAccessToken(const Sha256& token_hash) override;
  absl::StatusOr<std::vector<SignIn>> SignInsOfDevice(const Uuid& device) override;
  absl::StatusOr<std::vector<SignIn>> SignInsOfPerson(const Uuid& person) override;
  absl::StatusOr<std::optional<Password>> FindPassword(const Uuid& person) override;
  absl::StatusOr<std::int64_t> Counter(std::string_view series) override;
  absl::StatusOr<std::optional<Sha256>> FindAuditNode(int level, std::uint64_t index) override;
  absl::StatusOr<std::vector<LogRow>> Log(Seq after, int limit) override;
  using Snapshot::Notifications;
  absl::StatusOr<std::vector<v1::Notification>> Notifications(
      std::int64_t after, int limit, const NotificationFilter& filter) override;

  // restore_query.cc
  absl::StatusOr<std::optional<v1::Epoch>> FindForeignEpoch(const Uuid& id) override;
  absl::StatusOr<std::int64_t> CountForeignEpochs() override;
  absl::StatusOr<std::vector<v1::Backup>> Backups() override;
  absl::StatusOr<bool> HasWitnessCopy(const WitnessCopy& copy) override;
  absl::StatusOr<std::optional<WitnessCopy>> FindWitnessCopy(std::int64_t id) override;
  absl::StatusOr<std::vector<WitnessCopy>> WitnessCopiesOf(const Uuid& record) override;
  absl::StatusOr<std::vector<WitnessCopy>> WitnessCopiesUnder(const Uuid& parent) override;
  absl::StatusOr<std::vector<WitnessCopy>> WitnessCopies(std::int64_t after, bool settled_too,
                                                         int limit) override;

  // feed.cc
  absl::StatusOr<FeedPage> ReadFeed(FeedReading& reading, const FeedBounds& bounds) override;

  // past.cc
  absl::StatusOr<std::vector<VersionRow>> Refusals(const Uuid& record, Seq after,
                                                   int limit) override;
  absl::StatusOr<Seq> LastSeqBefore(absl::Time time) override;
  absl::StatusOr<std::vector<PastRecord>> RecordsAt(Seq seq, std::int64_t after,
                                                    int limit) override;
  absl::StatusOr<bool> MovedSince(Seq seq) override;

  // digest.cc
  absl::StatusOr<std::vector<Uuid>> UnitsBelow(const std::vector<Uuid>& units) override;
  absl::StatusOr<BucketSums> Digest(const std::vector<Uuid>& units) override;
  absl::StatusOr<BucketSums> DigestOfAll() override;
  absl::StatusOr<BucketSums> DigestOf(const Uuid& unit) override;
  absl::StatusOr<std::uint64_t> CountRecords(const std::vector<Uuid>& units) override;
  absl::StatusOr<std::uint64_t> CountAllRecords() override;
  absl::StatusOr<RecordPage> Bucket(const std::vector<Uuid>& units, int bucket, const Uuid& after,
                                    std::size_t bytes) override;

  // ledger.cc
  absl::StatusOr<LedgerPage> Hazards(const v1::ListHazardsRequest& request, const v1::Date& today,
                                     const RecordScope& scope) override;
  absl::StatusOr<OrderPage> Orders(const v1::ListOrdersRequest& request,
                                   const RecordScope& scope) override;

  // listing.cc
  absl::StatusOr<RecordPage> Records(int kind, const Uuid& parent, int page_size,
                                     std::string_view page_token,
                                     const RecordScope& scope) override;
  absl::StatusOr<RecordPage> Conflicts(int page_size, std::string_view page_token,
                                       const RecordScope& scope) override;
  absl::StatusOr<std::optional<HazardProjection>> FindHazardProjection(const Uuid& id) override;

  // waiting.cc
  absl::StatusOr<std::optional<RiskSourceProjection>> FindRiskSourceProjection(
      const Uuid& id) override;
  absl::StatusOr<InspectionPage> InspectionsDue(const v1::ListInspectionsDueRequest& request,
                                                const v1::Date& today,
                                                const RecordScope& scope) override;
  absl::StatusOr<Sha256> DeadlinesInForce() override;
  using Snapshot::DueForEscalation;
  absl::StatusOr<std::vector<Waiting>> DueForEscalation(absl::Time until, const Waiting& after,
                                                        int limit) override;

  // stats.cc
  absl::StatusOr<std::vector<v1::Figure>> Stats(const v1::HazardFilter& filter,
                                                const v1::Date& today,
                                                const RecordScope& scope) override;

 private:
  // Without a pool and a connection from it, it is somebody else's.
  SqliteSnapshot(std::shared_ptr<ReaderPool> pool, std::unique_ptr<sqlite::Database> pooled,
                 sqlite::Database& database, sqlite::ReadSnapshot view, absl::TimeZone zone);

  const std::shared_ptr<ReaderPool> pool_;
  std::unique_ptr<sqlite::Database> pooled_;
  sqlite::Database* const database_;
  std::optional<sqlite::ReadSnapshot> view_;
  const absl::TimeZone zone_;
};

}  // namespace vigil::store

#endif  // VIGIL_SERVER_STORE_SQLITE_SNAPSHOT_H_
