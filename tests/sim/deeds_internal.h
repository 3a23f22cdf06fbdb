#ifndef VIGIL_TESTS_SIM_DEEDS_INTERNAL_H_
#define VIGIL_TESTS_SIM_DEEDS_INTERNAL_H_

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "sync/base/hash.h"
#include "tests/sim/deeds.h"

// What the files of deeds share.

namespace vigil::sim::internal {

using Made = std::optional<v1::Operation>;

inline google::protobuf::Timestamp Stamp(absl::Time time) {
  return google::protobuf::util::TimeUtil::MillisecondsToTimestamp(absl::ToUnixMillis(time));
}

inline v1::Date DayFrom(absl::Time now, std::int64_t days) {
  const absl::CivilDay day =
      absl::ToCivilDay(now + absl::Hours(8), absl::UTCTimeZone()) + static_cast<int>(days);
  v1::Date date;
  date.set_year(static_cast<std::int32_t>(day.year()));
  date.set_month(day.month());
  date.set_day(day.day());
  return date;
}

inline std::string Words(DeedContext& c, std::string_view about) {
  return absl::StrCat(std::string(about), " ", c.random.Below(1000), " cm");
}

inline const v1::Record* Pick(DeedContext& c, const std::vector<v1::Record>& records) {
  return records.empty() ? nullptr : &records[c.random.Below(records.size())];
}

// One of those that satisfy the condition; now and then any.
template <typename Condition>
std::optional<v1::Record> PickWhere(DeedContext& c, std::string_view kind, Condition condition) {
  constexpr double kAny = 0.1;
  std::vector<v1::Record> records = c.sight.Records(kind);
  if (!c.random.Chance(kAny)) {
    std::erase_if(records, [&](const v1::Record& record) { return !condition(record); });
  }
  const v1::Record* record = Pick(c, records);
  if (record == nullptr) return std::nullopt;
  return *record;
}

inline std::optional<v1::Record> AnyOf(DeedContext& c, std::string_view kind) {
  return PickWhere(c, kind, [](const v1::Record&) { return true; });
}

inline std::optional<v1::Record> HazardIn(DeedContext& c,
                                          std::initializer_list<v1::HazardStatus> in) {
  return PickWhere(c, "hazard", [&](const v1::Record& record) {
    return std::find(in.begin(), in.end(), record.entity().hazard().status()) != in.end();
  });
}

inline std::optional<v1::Record> OrderIn(DeedContext& c,
                                         std::initializer_list<v1::OrderStatus> in) {
  return PickWhere(c, "supervision_order", [&](const v1::Record& record) {
    const v1::OrderStatus status = record.entity().supervision_order().status();
    return std::find(in.begin(), in.end(), status) != in.end();
  });
}

inline v1::Evidence Photo(DeedContext& c, std::string_view caption) {
  v1::Evidence photo;
  photo.set_sha256(Sha256Of(absl::StrCat(c.random.Below(4))).ToHex());
  photo.set_media_type("image/jpeg");
  photo.set_size_bytes(1000);
  photo.set_caption(std::string(caption));
  return photo;
}

inline void FillPlan(DeedContext& c, v1::RectificationPlan& plan) {
  plan.set_goal("safe");
  plan.set_measures(Words(c, "wall"));
  plan.set_responsible_person("Engineer 01");
  plan.mutable_funds()->set_fen(100);
  *plan.mutable_starts_on() = DayFrom(c.now, 0);
  *plan.mutable_due_on() = DayFrom(c.now, 20);
  plan.set_contingency_plan("close the path");
}

Made ProposeTransfer(DeedContext& c);
Made DecideTransfer(DeedContext& c);
Made ProposeOrder(DeedContext& c);
Made IssueOrder(DeedContext& c);
Made ReceiveOrder(DeedContext& c);
Made FilePlan(DeedContext& c);
Made ApplyAcceptance(DeedContext& c);
Made DecideAcceptance(DeedContext& c);
Made LiftTag(DeedContext& c);
Made ReinstateTag(DeedContext& c);

}  // namespace vigil::sim::internal

#endif  // VIGIL_TESTS_SIM_DEEDS_INTERNAL_H_
