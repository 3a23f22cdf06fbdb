#include "server/service/ladder_check.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "server/register/open_steps.h"
#include "server/register/working_set.h"
#include "server/service/deadlines.h"
#include "server/service/record_cache.h"
#include "server/store/page_token.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/rules/ladder.h"

namespace vigil::service {
namespace {

using google::protobuf::util::TimeUtil;
using registry::OpenStep;

constexpr int kPageDefault = 100;
// Risk sources come after the hazards: their page tokens begin with this.
constexpr std::string_view kSources = "risk-sources/";

// The same step by the two ladders.
struct Pair {
  const OpenStep* now = nullptr;
  const OpenStep* then = nullptr;
};

google::protobuf::Timestamp TimestampOf(absl::Time time) {
  return TimeUtil::MicrosecondsToTimestamp(ToMicros(time));
}

class Comparison {
 public:
  Comparison(store::Snapshot& snapshot, const rules::LadderRules& now,
             const rules::LadderRules& then)
      : cache_(snapshot), records_(snapshot), now_(now), then_(then) {}

  absl::Status Add(const Uuid& id, v1::CheckLadderResponse& response) {
    VIGIL_ASSIGN_OR_RETURN(const std::vector<OpenStep> now,
                           registry::OpenStepsOf(id, records_, now_));
    VIGIL_ASSIGN_OR_RETURN(const std::vector<OpenStep> then,
                           registry::OpenStepsOf(id, records_, then_));
    std::map<Uuid, Pair> pairs;
    for (const OpenStep& step : now) pairs[step.escalation].now = &step;
    for (const OpenStep& step : then) pairs[step.escalation].then = &step;
    for (const auto& [escalation, pair] : pairs) {
      if (pair.now != nullptr && pair.then != nullptr &&
          pair.now->falls_due == pair.then->falls_due) {
        response.set_unchanged(response.unchanged() + 1);
        continue;
      }
      const rules::LadderStep& step = (pair.now != nullptr ? pair.now : pair.then)->step;
      VIGIL_ASSIGN_OR_RETURN(const RecordCache::Description item, cache_.Describe(step.item));
      v1::LadderChange& change = *response.add_changes();
      change.set_step(step.step);
      change.set_item(step.item);
      change.set_item_number(item.key);
      change.set_item_text(item.text);
      if (pair.now != nullptr) *change.mutable_now_due_at() = TimestampOf(pair.now->falls_due);
      if (pair.then != nullptr) *change.mutable_then_due_at() = TimestampOf(pair.then->falls_due);
    }
    return absl::OkStatus();
  }

 private:
  RecordCache cache_;
  registry::WorkingSet records_;
  const rules::LadderRules now_;
  const rules::LadderRules then_;
};

}  // namespace

absl::StatusOr<v1::CheckLadderResponse> CheckLadder(registry::Register& target,
                                                    const v1::CheckLadderRequest& request) {
  const rules::LadderRules now = target.ladder_rules();
  v1::CheckLadderResponse response;
  *response.mutable_server_time() = TimestampOf(target.Now());
  const bool is_first = request.page_token().empty();
  if (is_first) *response.mutable_in_force() = now.deadlines->ladder;
  if (request.text().empty()) return response;

  VIGIL_ASSIGN_OR_RETURN(v1::Ladder proposed, ParseLadder(request.text(), request.name()));
  if (is_first) *response.mutable_proposed() = proposed;
  rules::LadderRules then = now;
  then.deadlines = std::make_shared<const rules::Deadlines>(
      rules::Deadlines{std::move(proposed), now.deadlines->working_days});

  const bool is_source = absl::StartsWith(request.page_token(), ToAbsl(kSources));
  const std::string token = request.page_token().substr(is_source ? kSources.size() : 0);
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, target.store().Read());
  VIGIL_ASSIGN_OR_RETURN(
      const store::RecordPage page,
      snapshot->Records(is_source ? v1::Entity::kRiskSource : v1::Entity::kHazard, Uuid(),
                        store::ClampPageSize(request.page_size(), kPageDefault), token,
                        store::RecordScope::Everything()));
  Comparison comparison(*snapshot, now, then);
  for (const store::StoredRecord& record : page.records) {
    VIGIL_RETURN_IF_ERROR(comparison.Add(record.id, response));
  }
  if (is_source) {
    if (!page.next_page_token.empty()) {
      response.set_next_page_token(absl::StrCat(ToAbsl(kSources), page.next_page_token));
    }
  } else {
    response.set_next_page_token(page.next_page_token.empty() ? std::string(kSources)
                                                              : page.next_page_token);
  }
  return response;
}

}  // namespace vigil::service
