#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sync/base/status.h"
#include "sync/cli/console/error_text.h"
#include "sync/cli/console/json.h"
#include "sync/cli/console/names.h"
#include "sync/cli/console/table.h"
#include "sync/cli/field/photos.h"
#include "sync/cli/field/program.h"
#include "sync/rules/evidence.h"

// Photos and documents on this phone, and on their way.

namespace vigil::field {

using console::Arguments;
using console::Console;
using console::Table;
using replica::EvidenceItem;

namespace {

constexpr std::size_t kDigitsShown = 12;

bool IsRefused(const EvidenceItem& item) { return item.error.reason() != v1::REASON_UNSPECIFIED; }

std::string StateOf(const EvidenceItem& item, Console& console) {
  if (IsRefused(item)) return console::ReasonText(item.error.reason(), console.language());
  if (item.complete) return std::string(console.In({"sent", "已发送"}));
  if (item.sent_bytes == 0) return std::string(console.In({"not sent", "未发送"}));
  return console.Filled({"$0 % sent", "已发送 $0 %"},
                        {std::to_string(item.sent_bytes * 100 / item.size_bytes)});
}

std::string ToJson(const EvidenceItem& item) {
  console::JsonObject object;
  object.Set("sha256", item.sha256)
      .Set("media_type", item.media_type)
      .Set("size_bytes", item.size_bytes)
      .Set("sent_bytes", item.complete ? item.size_bytes : item.sent_bytes)
      .Set("complete", item.complete)
      .SetRaw("error", console::ProtoJson(item.error));
  return object.ToString();
}

absl::Status List(Phone& phone, const Arguments&) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<EvidenceItem> items, phone.replica().Evidence());
  Console& console = phone.console();
  Table table({{"SHA-256"},
               {std::string(console.In({"kind", "类型"}))},
               {std::string(console.In({"bytes", "字节"})), Table::Align::kRight},
               {std::string(console.In({"kept", "存入时间"}))},
               {std::string(console.In({"state", "状态"}))}});
  console::JsonArray array;
  for (const EvidenceItem& item : items) {
    array.AddRaw(ToJson(item));
    table.AddRow(
        {item.sha256.substr(0, kDigitsShown), item.media_type, std::to_string(item.size_bytes),
         absl::FormatTime("%Y-%m-%d %H:%M", item.kept_at, phone.zone()), StateOf(item, console)});
  }
  console.Json(array.ToString());
  console.Show(table, {"no photos are kept here", "本机没有保存的照片"});
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<PhotoCounts> CountPhotos(Phone& phone) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<EvidenceItem> items, phone.replica().Evidence());
  PhotoCounts counts;
  for (const EvidenceItem& item : items) {
    if (IsRefused(item)) {
      ++counts.refused;
    } else if (!item.complete) {
      ++counts.waiting;
      counts.bytes += item.size_bytes;
      counts.sent_bytes += item.sent_bytes;
    }
  }
  return counts;
}

absl::Status SayPhotos(Phone& phone) {
  VIGIL_ASSIGN_OR_RETURN(const PhotoCounts counts, CountPhotos(phone));
  if (counts.waiting > 0) {
    phone.console().Say({"photos waiting to be sent: $0 ($1 of $2 bytes sent)",
                         "待发送照片：$0（已发送 $1 / $2 字节）"},
                        {std::to_string(counts.waiting), std::to_string(counts.sent_bytes),
                         std::to_string(counts.bytes)});
  }
  if (counts.refused > 0) {
    phone.console().Say({"photos that the register does not take: $0 (see `photo list`)",
                         "登记库不接受的照片：$0（请看 photo list）"},
                        {std::to_string(counts.refused)});
  }
  return absl::OkStatus();
}

absl::Status SayPhotosOf(Phone& phone, const v1::Record& record) {
  for (const v1::Evidence& evidence : rules::EvidenceOf(record)) {
    VIGIL_ASSIGN_OR_RETURN(const std::optional<EvidenceItem> item,
                           phone.replica().FindEvidence(evidence.sha256()));
    Console& console = phone.console();
    const bool here = phone.photos().Has(evidence.sha256());
    console.Say({"photo $0: $1$2", "照片 $0：$1$2"},
                {evidence.sha256().substr(0, kDigitsShown),
                 here ? console.In({"on this phone", "在本机"})
                      : console.In({"not on this phone", "不在本机"}),
                 item ? absl::StrCat(", ", StateOf(*item, console)) : std::string()});
  }
  return absl::OkStatus();
}

std::vector<Command> PhotoCommands() {
  return {
      {{"photo list",
        {"photos and documents that this phone keeps, and how far they are sent",
         "本机保存的照片和材料及其发送进度"},
        {},
        {"", "--json"}},
       List},
  };
}

}  // namespace vigil::field
