#ifndef VIGIL_SERVER_IMPORT_KEYS_H_
#define VIGIL_SERVER_IMPORT_KEYS_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "server/import/cell.h"
#include "server/import/cell_text.h"
#include "server/import/register_view.h"
#include "server/import/tables.h"
#include "sync/base/ids.h"
#include "sync/rules/schema.h"

namespace vigil::importer {

// Which record a key names: a row of the files, else a record of the register. The view must
// outlive this object.
class Keys final : public KeyResolver, public KeySource {
 public:
  explicit Keys(RegisterView& view) : view_(view) {}

  // Takes in a row of a record, whose key is set; gives it its id. Returns the row that has the
  // key already, or null.
  absl::StatusOr<Row*> Add(Row& row);
  // Null if no row has the key.
  Row* FindRow(const rules::EntityInfo& kind, std::string_view key) const;

  // Rows that Resolve finds are added to `row.uses` from now on.
  void ResolveFor(Row& row) { current_ = &row; }
  // A key, else a name that one record of the kind alone has.
  absl::StatusOr<std::string> Resolve(std::string_view kind, std::string_view key) override;
  // The key of the row, else of the register's record.
  absl::StatusOr<std::string> KeyOf(std::string_view id) override;

 private:
  using Name = std::pair<int, std::string>;

  absl::StatusOr<std::optional<Uuid>> FindInRegister(const rules::EntityInfo& kind,
                                                     std::string_view key);
  absl::StatusOr<std::string> ResolveName(const rules::EntityInfo& kind, std::string_view name);

  RegisterView& view_;
  Row* current_ = nullptr;
  std::map<Name, Row*> rows_;
  std::map<Name, std::vector<Row*>> named_;
  std::map<Uuid, const Row*> by_id_;
  std::map<Name, std::optional<Uuid>> found_;
};

// The id of a record that an import makes.
Uuid ImportedId(const rules::EntityInfo& kind, std::string_view key);

}  // namespace vigil::importer

#endif  // VIGIL_SERVER_IMPORT_KEYS_H_
