#include "server/register/audit_check.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/base/signing.h"
#include "vigil/v1/operation.pb.h"

namespace vigil::registry {
namespace {

constexpr std::size_t kFaultsMax = 20;

Sha256 HashOf(const std::string& bytes) { return Sha256::FromBytes(bytes).value_or(Sha256()); }

std::string Place(const v1::LogEntry& entry) {
  return absl::StrCat("device ", entry.device(), ", operation ", entry.device_seq());
}

}  // namespace

AuditCheck::AuditCheck(Options options) : options_(std::move(options)) {
  if (options_.since && options_.since->seq() == 0) root_at_since_ = tree_.Root();
}

void AuditCheck::Fault(std::string text) {
  if (faults_.size() < kFaultsMax) faults_.push_back(std::move(text));
}

void AuditCheck::Add(const v1::LogEntry& entry) {
  if (entry.seq() > 0) AddJudged(entry);
  if (entry.device_seq() > 0) AddLink(entry);
}

void AuditCheck::AddJudged(const v1::LogEntry& entry) {
  const std::uint64_t expected = tree_.size() + 1;
  if (entry.seq() != expected) {
    Fault(absl::StrCat("seq ", expected, ": missing; ", entry.seq(), " stands in its place"));
  }
  if (Sha256Of(entry.operation()) != HashOf(entry.operation_hash())) {
    Fault(absl::StrCat("seq ", entry.seq(), ": the operation is not what was hashed"));
  }
  v1::Outcome outcome;
  if (!outcome.ParseFromString(entry.outcome()) || outcome.seq() != entry.seq() ||
      outcome.device() != entry.device() || outcome.device_seq() != entry.device_seq()) {
    Fault(absl::StrCat("seq ", entry.seq(), ": the outcome is another operation's"));
  }
  std::vector<store::AuditNode> completed;
  tree_.Append(AuditLeaf(entry.operation(), entry.outcome()), completed);
  if (options_.since && options_.since->seq() == tree_.size()) root_at_since_ = tree_.Root();
  LearnKey(entry, outcome);
}

void AuditCheck::LearnKey(const v1::LogEntry& entry, const v1::Outcome& outcome) {
  if (outcome.verdict() != v1::VERDICT_APPLIED && outcome.verdict() != v1::VERDICT_MERGED) return;
  v1::Operation operation;
  if (!operation.ParseFromString(entry.operation())) return;
  const v1::CreateRecord& made = operation.create_record();
  if (!made.entity().has_device() || made.entity().device().kind() != v1::DEVICE_KIND_PHONE) {
    return;
  }
  const absl::StatusOr<P256PublicKey> key =
      P256PublicKey::FromDer(made.entity().device().public_key());
  if (key.ok()) {
    devices_[made.record()].key = *key;
  } else {
    Fault(absl::StrCat("seq ", entry.seq(), ": the phone ", made.record(), " has no key"));
  }
}

void AuditCheck::AddLink(const v1::LogEntry& entry) {
  Device& device = devices_[entry.device()];
  const Link link = {HashOf(entry.operation_hash()), HashOf(entry.previous_hash())};
  if (!device.links.emplace(entry.device_seq(), link).second) {
    Fault(absl::StrCat(Place(entry), ": twice in the log"));
  }
  for (const v1::PushSignature& signature : entry.signatures()) {
    const std::string bytes =
        BytesToSign(PushToSign{.register_id = options_.register_id,
                               .device = Uuid::ParseOrNil(entry.device()),
                               .device_seq = DeviceSeq(entry.device_seq()),
                               .operation_hash = HashOf(signature.operation_hash())});
    if (!device.key ||
        !device.key->Verifies({.message = bytes, .signature = signature.signature()}) ||
        signature.operation_hash() != entry.operation_hash()) {
      Fault(absl::StrCat(Place(entry), ": the signature does not hold"));
      continue;
    }
    ++signatures_;
    device.signed_to = std::max(device.signed_to, entry.device_seq());
  }
}

void AuditCheck::CheckChain(const std::string& name, const Device& device) {
  std::uint64_t expected = 1;
  Sha256 before;
  for (const auto& [device_seq, link] : device.links) {
    if (device_seq != expected) {
      return Fault(absl::StrCat("device ", name, ": operation ", expected, " is missing"));
    }
    if (link.previous != before) {
      return Fault(absl::StrCat("device ", name, ", operation ", device_seq,
                                ": does not follow the one before"));
    }
    before = link.hash;
    ++expected;
  }
  if (device.signed_to + 1 < expected) {
    Fault(absl::StrCat("device ", name, ": nothing was signed after operation ", device.signed_to));
  }
}

void AuditCheck::CheckHead(const v1::RegisterHead& head) {
  if (head.seq() != tree_.size()) {
    Fault(absl::StrCat("the head stands at ", head.seq(), ", the log ends at ", tree_.size()));
  }
  if (HashOf(head.root()) != tree_.Root()) Fault("the head is not that of this log");
  if (options_.register_key) {
    const std::string bytes = BytesToSign(HeadToSign{.epoch = Uuid::ParseOrNil(head.epoch()),
                                                     .seq = Seq(head.seq()),
                                                     .root = HashOf(head.root())});
    if (!options_.register_key->Verifies({.message = bytes, .signature = head.signature()})) {
      Fault("the head is not signed by the register's key");
    }
  }
  if (!options_.since) return;
  if (!root_at_since_) {
    Fault(absl::StrCat("the log ends before the head that was kept, which stands at ",
                       options_.since->seq()));
  } else if (*root_at_since_ != HashOf(options_.since->root())) {
    Fault(absl::StrCat("up to ", options_.since->seq(),
                       " the log is another one than the head that was kept says"));
  }
}

void AuditCheck::Finish(const v1::RegisterHead& head) {
  for (const auto& [name, device] : devices_) {
    if (!device.key || device.links.empty()) continue;
    ++chains_;
    CheckChain(name, device);
  }
  CheckHead(head);
}

}  // namespace vigil::registry
