#include "server/service/deadlines.h"

#include <optional>
#include <utility>
#include <vector>

#include "server/service/shipped.h"
#include "server/service/text_file.h"
#include "sync/base/status.h"

namespace vigil::service {
namespace {

constexpr std::size_t kBytesMax = 1024 * 1024;

// The file's text, or what ships with the program.
absl::StatusOr<std::string> ReadOr(FileSystem& files, const std::string& path,
                                   std::string_view shipped) {
  if (path.empty()) return std::string(shipped);
  return files.Read(path, kBytesMax);
}

std::string NameOf(const std::string& path, const char* shipped) {
  return path.empty() ? std::string(shipped) : path;
}

}  // namespace

absl::StatusOr<v1::WorkingDayLists> ParseWorkingDays(std::string_view text,
                                                     const std::string& name) {
  TextFile file(name);
  v1::WorkingDayLists lists;
  VIGIL_RETURN_IF_ERROR(file.Parse(text, lists));
  if (const std::optional<rules::WorkingDayFault> fault = rules::FindFault(lists)) {
    return file.FaultAt(lists, {{"list", fault->list}, {fault->field, fault->index}},
                        fault->reason);
  }
  return lists;
}

absl::StatusOr<v1::Ladder> ParseLadder(std::string_view text, const std::string& name) {
  TextFile file(name);
  v1::Ladder ladder;
  VIGIL_RETURN_IF_ERROR(file.Parse(text, ladder));
  if (const std::optional<rules::LadderFault> fault = rules::FindFault(ladder)) {
    std::vector<TextFile::Part> path;
    if (fault->rung >= 0) path.push_back({"rung", fault->rung});
    path.push_back({fault->field, fault->index});
    return file.FaultAt(ladder, path, fault->reason);
  }
  return ladder;
}

absl::StatusOr<DeadlineFiles::Texts> DeadlineFiles::ReadTexts() {
  Texts texts;
  VIGIL_ASSIGN_OR_RETURN(texts.working_days, ReadOr(files_, working_days_, ShippedWorkingDays()));
  VIGIL_ASSIGN_OR_RETURN(texts.ladder, ReadOr(files_, ladder_, ShippedLadder()));
  return texts;
}

absl::StatusOr<std::shared_ptr<const rules::Deadlines>> DeadlineFiles::Refresh() {
  absl::StatusOr<Texts> texts = ReadTexts();
  if (!texts.ok()) {
    if (texts.status() == fault_) return nullptr;
    fault_ = texts.status();
    return fault_;
  }
  fault_ = absl::OkStatus();
  if (seen_ == *texts) return nullptr;
  seen_ = *std::move(texts);
  auto deadlines = std::make_shared<rules::Deadlines>();
  VIGIL_ASSIGN_OR_RETURN(
      v1::WorkingDayLists lists,
      ParseWorkingDays(seen_->working_days, NameOf(working_days_, "working_days.textproto")));
  deadlines->working_days = rules::WorkCalendar(std::move(lists));
  VIGIL_ASSIGN_OR_RETURN(deadlines->ladder,
                         ParseLadder(seen_->ladder, NameOf(ladder_, "ladder.textproto")));
  return std::shared_ptr<const rules::Deadlines>(std::move(deadlines));
}

}  // namespace vigil::service
