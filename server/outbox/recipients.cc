#include "server/outbox/recipients.h"

#include <algorithm>
#include <optional>

#include "sync/base/ids.h"
#include "sync/base/status.h"
#include "vigil/v1/record.pb.h"

namespace vigil::outbox {

namespace {

// Concurrent moves may close a circle.
constexpr int kLevelsMax = 32;

absl::StatusOr<std::optional<v1::Entity>> FindEntity(store::Snapshot& snapshot,
                                                     const std::string& id) {
  const std::optional<Uuid> uuid = Uuid::Parse(id);
  if (!uuid) return std::optional<v1::Entity>();
  VIGIL_ASSIGN_OR_RETURN(const std::optional<store::StoredRecord> stored,
                         snapshot.FindRecord(*uuid));
  v1::Record record;
  if (!stored) return std::optional<v1::Entity>();
  if (!record.ParseFromString(stored->bytes)) {
    return absl::DataLossError("a stored record cannot be read");
  }
  return std::optional<v1::Entity>(record.entity());
}

}  // namespace

bool Recipient::IsOneOf(const std::vector<std::string>& wanted) const {
  if (wanted.empty()) return true;
  return std::any_of(codes.begin(), codes.end(), [&](const std::string& known) {
    return std::find(wanted.begin(), wanted.end(), known) != wanted.end();
  });
}

absl::StatusOr<Recipient> FindRecipient(store::Snapshot& snapshot, const std::string& id) {
  Recipient recipient;
  std::string next = id;
  for (int level = 0; level < kLevelsMax && !next.empty(); ++level) {
    VIGIL_ASSIGN_OR_RETURN(const std::optional<v1::Entity> entity, FindEntity(snapshot, next));
    if (!entity) break;
    const bool is_person = entity->has_person();
    const std::string& code = is_person ? entity->person().code() : entity->org_unit().code();
    if (level == 0) {
      recipient.code = code;
      recipient.name = is_person ? entity->person().name() : entity->org_unit().name();
    }
    recipient.codes.push_back(code);
    next = is_person ? entity->person().unit() : entity->org_unit().parent_unit();
  }
  return recipient;
}

}  // namespace vigil::outbox
