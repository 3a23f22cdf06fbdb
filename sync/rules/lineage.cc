#include "sync/rules/lineage.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "google/protobuf/util/time_util.h"
#include "sync/base/ids.h"
#include "sync/base/signing.h"
#include "sync/base/status.h"
#include "sync/base/time.h"

namespace vigil::rules {
namespace {

// Restores in a register's life; longer chains are somebody's invention.
constexpr std::size_t kAncestorsMax = 1000;

// Entries from the first one on that follow from each other.
std::size_t Chained(const Lineage& lineage) {
  std::size_t count = std::min<std::size_t>(1, lineage.size());
  while (count < lineage.size() && !lineage[count].id().empty() &&
         lineage[count - 1].parent() == lineage[count].id()) {
    ++count;
  }
  return count;
}

}  // namespace

std::uint64_t SharedSeq(const Lineage& a, const Lineage& b) {
  const std::size_t size_a = Chained(a);
  const std::size_t size_b = Chained(b);
  std::uint64_t shared_a = kAllShared;
  for (std::size_t i = 0; i < size_a; ++i) {
    std::uint64_t shared = shared_a;
    for (std::size_t j = 0; j < size_b; ++j) {
      if (a[i].id() == b[j].id()) return shared;
      shared = std::min(shared, b[j].back_to_seq());
    }
    shared_a = std::min(shared_a, a[i].back_to_seq());
  }
  return 0;
}

std::string BytesToSign(const v1::Epoch& epoch) {
  using google::protobuf::util::TimeUtil;
  return vigil::BytesToSign(EpochToSign{
      .id = Uuid::ParseOrNil(epoch.id()),
      .parent = Uuid::ParseOrNil(epoch.parent()),
      .back_to_seq = Seq(epoch.back_to_seq()),
      .why = epoch.why(),
      .person = Uuid::ParseOrNil(epoch.person()),
      .began_at = FromMicros(TimeUtil::TimestampToMicroseconds(epoch.began_at())),
  });
}

bool IsSignedBy(const v1::Epoch& epoch, const P256PublicKey& key) {
  if (!Uuid::Parse(epoch.id()) || !Uuid::Parse(epoch.parent())) return false;
  return key.Verifies({.message = BytesToSign(epoch), .signature = epoch.signature()});
}

absl::StatusOr<Lineage> LineageOf(const std::string& id, const FindEpoch& find) {
  Lineage lineage;
  std::string next = id;
  while (!next.empty()) {
    VIGIL_ASSIGN_OR_RETURN(v1::Epoch epoch, find(next));
    if (epoch.id() != next || lineage.size() == kAncestorsMax) return Lineage();
    next = epoch.parent();
    lineage.push_back(std::move(epoch));
  }
  return lineage;
}

}  // namespace vigil::rules
