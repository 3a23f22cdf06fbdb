#ifndef VIGIL_SERVER_SERVICE_RECORD_CACHE_H_
#define VIGIL_SERVER_SERVICE_RECORD_CACHE_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "server/store/register_store.h"
#include "sync/base/ids.h"
#include "sync/rules/derive.h"
#include "vigil/v1/record.pb.h"
#include "vigil/v1/view.pb.h"

namespace vigil::service {

// Reads a stored record's bytes; DATA_LOSS where they are none.
absl::StatusOr<v1::Record> ParseRecord(const store::StoredRecord& stored);

// The records of one snapshot as messages, each read once. Pointers stay valid as long as this.
class RecordCache final : public rules::RecordSource {
 public:
  // As of `version`; 0: now. The snapshot must outlive this.
  explicit RecordCache(store::Snapshot& snapshot, Seq version = Seq(0))
      : snapshot_(snapshot), version_(version) {}

  // Null: there is none.
  absl::StatusOr<const v1::Record*> Find(const Uuid& id);
  absl::StatusOr<const v1::Record*> Find(std::string_view id) override;
  // Children of one kind (0: all), in the order of their ids.
  absl::StatusOr<std::vector<const v1::Record*>> Children(const Uuid& parent, int kind);
  absl::StatusOr<std::vector<const v1::Record*>> Children(std::string_view parent,
                                                          int kind) override;
  absl::StatusOr<std::vector<const v1::Record*>> DuplicatesOf(std::string_view hazard) override;

  // How a hazard stands, with its orders, their extensions and its duplicates.
  absl::StatusOr<v1::HazardState> HazardStateOf(const v1::Record& hazard);

  // How people call a record that something is about: by its own key and, of a hazard or what hangs
  // on one, the hazard's description, of a risk source its name.
  struct Description {
    std::string key;
    std::string text;
  };
  absl::StatusOr<Description> Describe(std::string_view id);

  // Name of a person, of an org unit or of a risk source; empty if there is none.
  absl::StatusOr<std::string> NameOf(std::string_view id);

 private:
  store::Snapshot& snapshot_;
  const Seq version_;
  absl::flat_hash_map<Uuid, std::unique_ptr<const v1::Record>> records_;
};

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_RECORD_CACHE_H_
