#include "server/register/log_page.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/register/audit.h"
#include "sync/base/status.h"
#include "sync/rules/reason.h"

namespace vigil::registry {
namespace {

constexpr int kPageBytesDefault = 1024 * 1024;
constexpr int kPageBytesMin = 4096;
constexpr int kPageBytesMax = 4 * 1024 * 1024;
constexpr int kRowsAtOnce = 500;

// How far the listing has come: judged operations up to a head, then links by device.
struct Place {
  Seq head;
  Seq seq;
  Uuid device;
  DeviceSeq device_seq;

  std::string ToToken() const {
    return absl::StrCat(head.value(), "/", seq.value(), "/", device.ToString(), "/",
                        device_seq.value());
  }
  static std::optional<Place> Parse(const std::string& token) {
    const std::vector<std::string> parts = absl::StrSplit(token, '/');
    std::uint64_t head = 0;
    std::uint64_t seq = 0;
    std::uint64_t device_seq = 0;
    if (parts.size() != 4 || !absl::SimpleAtoi(parts[0], &head) ||
        !absl::SimpleAtoi(parts[1], &seq) || !absl::SimpleAtoi(parts[3], &device_seq)) {
      return std::nullopt;
    }
    const std::optional<Uuid> device = Uuid::Parse(parts[2]);
    if (!device || seq > head) return std::nullopt;
    return Place{Seq(head), Seq(seq), *device, DeviceSeq(device_seq)};
  }
};

absl::Status AddSignature(store::Snapshot& snapshot, const Uuid& device, DeviceSeq device_seq,
                          v1::LogEntry& entry) {
  if (device_seq == DeviceSeq(0)) return absl::OkStatus();
  VIGIL_ASSIGN_OR_RETURN(const std::optional<store::PushSignature> found,
                         snapshot.FindPushSignature(device, device_seq));
  if (!found) return absl::OkStatus();
  v1::PushSignature& signature = *entry.add_signatures();
  signature.set_operation_hash(std::string(found->operation_hash.bytes()));
  signature.set_signature(found->signature);
  return absl::OkStatus();
}

void SetLink(const Uuid& device, DeviceSeq device_seq, const Sha256& hash, const Sha256& previous,
             v1::LogEntry& entry) {
  entry.set_device(device.ToString());
  entry.set_device_seq(device_seq.value());
  entry.set_operation_hash(std::string(hash.bytes()));
  if (!previous.is_zero()) entry.set_previous_hash(std::string(previous.bytes()));
}

class Pager {
 public:
  Pager(store::Snapshot& snapshot, const Place& place, int page_bytes)
      : snapshot_(snapshot), place_(place), page_bytes_(static_cast<std::size_t>(page_bytes)) {}

  absl::Status Fill(v1::ListLogResponse& response) {
    while (!full() && place_.seq < place_.head) VIGIL_RETURN_IF_ERROR(AddJudged(response));
    bool more = true;
    while (!full() && more) {
      VIGIL_ASSIGN_OR_RETURN(more, AddLinks(response));
    }
    if (full() || more) response.set_next_page_token(place_.ToToken());
    return absl::OkStatus();
  }

 private:
  bool full() const { return bytes_ >= page_bytes_; }

  absl::Status AddJudged(v1::ListLogResponse& response) {
    VIGIL_ASSIGN_OR_RETURN(std::vector<store::LogRow> rows, snapshot_.Log(place_.seq, kRowsAtOnce));
    for (store::LogRow& row : rows) {
      if (full() || row.seq > place_.head) return absl::OkStatus();
      v1::LogEntry& entry = *response.add_entries();
      entry.set_seq(row.seq.value());
      SetLink(row.device, row.device_seq, row.operation_hash, row.previous_hash, entry);
      VIGIL_RETURN_IF_ERROR(AddSignature(snapshot_, row.device, row.device_seq, entry));
      entry.set_operation(std::move(row.operation_bytes));
      entry.set_outcome(std::move(row.outcome_bytes));
      place_.seq = row.seq;
      bytes_ += entry.ByteSizeLong();
    }
    if (rows.empty()) return absl::DataLossError("the log ends before its head");
    return absl::OkStatus();
  }

  absl::StatusOr<bool> AddLinks(v1::ListLogResponse& response) {
    VIGIL_ASSIGN_OR_RETURN(
        const std::vector<store::ChainLink> links,
        snapshot_.UnjudgedLinks({place_.head, place_.device, place_.device_seq}, kRowsAtOnce));
    for (const store::ChainLink& link : links) {
      if (full()) return true;
      v1::LogEntry& entry = *response.add_entries();
      SetLink(link.device, link.device_seq, link.operation_hash, link.previous_hash, entry);
      VIGIL_RETURN_IF_ERROR(AddSignature(snapshot_, link.device, link.device_seq, entry));
      place_.device = link.device;
      place_.device_seq = link.device_seq;
      bytes_ += entry.ByteSizeLong();
    }
    return links.size() == kRowsAtOnce;
  }

  store::Snapshot& snapshot_;
  Place place_;
  const std::size_t page_bytes_;
  std::size_t bytes_ = 0;
};

}  // namespace

absl::StatusOr<v1::ListLogResponse> ListLog(store::Snapshot& snapshot,
                                            const v1::ListLogRequest& request) {
  VIGIL_ASSIGN_OR_RETURN(const store::Head head, snapshot.GetHead());
  std::optional<Place> place = Place{.head = head.seq, .seq = {}, .device = {}, .device_seq = {}};
  if (!request.page_token().empty()) place = Place::Parse(request.page_token());
  if (!place || place->head > head.seq) {
    return rules::Refuse(v1::REASON_INVALID_PAGE_TOKEN, "this page token is not of this list");
  }
  v1::ListLogResponse response;
  Sha256 root = head.audit_root;
  if (place->head != head.seq) {
    VIGIL_ASSIGN_OR_RETURN(const AuditTree tree, AuditTree::Load(snapshot, place->head.value()));
    root = tree.Root();
  }
  response.mutable_head()->set_epoch(head.epoch.id());
  response.mutable_head()->set_seq(place->head.value());
  response.mutable_head()->set_root(std::string(root.bytes()));
  const int page_bytes = request.page_bytes() == 0
                             ? kPageBytesDefault
                             : std::clamp(request.page_bytes(), kPageBytesMin, kPageBytesMax);
  VIGIL_RETURN_IF_ERROR(Pager(snapshot, *place, page_bytes).Fill(response));
  return response;
}

}  // namespace vigil::registry
