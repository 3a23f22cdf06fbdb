#ifndef VIGIL_SERVER_IMPORT_SNAPSHOT_VIEW_H_
#define VIGIL_SERVER_IMPORT_SNAPSHOT_VIEW_H_

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/import/register_view.h"
#include "server/store/register_store.h"

namespace vigil::importer {

// The register as one snapshot of its store shows it. The snapshot must outlive this object.
class SnapshotView final : public RegisterView {
 public:
  explicit SnapshotView(store::Snapshot& snapshot) : snapshot_(snapshot) {}

  absl::StatusOr<std::optional<v1::Record>> Find(const Uuid& id) override;
  absl::StatusOr<std::optional<Uuid>> FindByKey(const rules::EntityInfo& kind,
                                                std::string_view key) override;
  absl::StatusOr<std::vector<Uuid>> FindByName(const rules::EntityInfo& kind,
                                               std::string_view name) override;
  absl::StatusOr<std::vector<PastWrite>> History(const Uuid& id) override;

 private:
  using Names = std::map<std::string, std::vector<Uuid>, std::less<>>;

  absl::StatusOr<Names> NamesOf(const rules::EntityInfo& kind);

  store::Snapshot& snapshot_;
  // By the kind's number, once somebody has asked.
  std::map<int, Names> names_;
};

}  // namespace vigil::importer

#endif  // VIGIL_SERVER_IMPORT_SNAPSHOT_VIEW_H_
