#include "tests/unit/server/store/ledger_maker.h"

#include "absl/strings/str_cat.h"
#include "sync/base/check.h"

namespace vigil::store::testing {
namespace {

struct HazardSpec {
  int number = 0;
  v1::HazardStatus status = v1::HAZARD_STATUS_UNSPECIFIED;
  std::uint64_t risk_source = 0;
  std::uint64_t unit = 0;
  std::string description = {};
  int due_day = 0;
  bool major = false;
  bool tagged = false;
  bool finished = false;
  bool in_conflict = false;
  v1::HazardOrigin origin = v1::HAZARD_ORIGIN_INSPECTION;
};

void AddHazard(const HazardSpec& spec, absl::Time found_at, GroupMaker& group) {
  HazardProjection hazard;
  hazard.id = Id(100 + static_cast<std::uint64_t>(spec.number));
  hazard.number = absl::StrCat("H-", spec.number);
  hazard.risk_source = Id(spec.risk_source);
  hazard.responsible_unit = Id(spec.unit);
  hazard.description = spec.description;
  hazard.found_at = found_at;
  hazard.origin = spec.origin;
  v1::HazardState& state = hazard.state;
  state.set_status(spec.status);
  state.set_grade(spec.major ? v1::HAZARD_GRADE_MAJOR : v1::HAZARD_GRADE_GENERAL);
  if (spec.due_day != 0) *state.mutable_due_date() = DateOf(2017, 7, spec.due_day);
  state.set_tagged(spec.tagged);
  state.set_rectified(spec.tagged && spec.status == v1::HAZARD_STATUS_VERIFIED);
  state.set_finished(spec.finished);
  if (spec.in_conflict) state.add_conflicts("description");
  group.Create({.id = hazard.id, .kind = 10, .key = hazard.number});
  group.writes().hazards.push_back(hazard);
}

void AddOrder(OrderProjection order, GroupMaker& group) {
  order.due_date = DateOf(2017, 9, 30);
  order.level = v1::SUPERVISION_LEVEL_CITY;
  group.Create({.id = order.id,
                .kind = 16,
                .parent = order.hazard,
                .root = order.hazard,
                .key = order.number});
  group.writes().orders.push_back(std::move(order));
}

void AddOrders(GroupMaker& group) {
  struct Order {
    std::uint64_t id;
    std::uint64_t hazard;
    v1::OrderStatus status;
    std::string ledger;
  };
  for (const Order& spec : {Order{201, 103, v1::ORDER_STATUS_IN_PROGRESS, "hazards"},
                            Order{202, 104, v1::ORDER_STATUS_PROPOSED, "hazards"},
                            Order{203, 104, v1::ORDER_STATUS_LIFTED, "park-slopes"},
                            Order{204, 104, v1::ORDER_STATUS_TRANSFERRED, "park-slopes"},
                            Order{205, 105, v1::ORDER_STATUS_SERVED, "park-slopes"}}) {
    OrderProjection order;
    order.id = Id(spec.id);
    order.hazard = Id(spec.hazard);
    order.number = absl::StrCat("字〔2017〕", spec.id - 200);
    order.status = spec.status;
    order.ledger = spec.ledger;
    order.tag_in_doubt = spec.id == 201;
    AddOrder(std::move(order), group);
  }
}

void AddSites(GroupMaker& group) {
  for (const std::uint64_t unit : {10, 11, 12, 13, 20, 21, 22}) {
    group.Create({.id = Id(unit), .kind = 1});
  }
  group.writes().units = {{Id(10), Uuid(), "D", "Department"}, {Id(11), Id(10), "U", "Unit"},
                          {Id(12), Id(11), "S", "Site"},       {Id(13), Id(11), "P", "Slope"},
                          {Id(20), Uuid(), "C", "City"},       {Id(21), Id(20), "L", "District"},
                          {Id(22), Id(21), "T", "Subdistrict"}};
  for (const std::uint64_t source : {31, 32, 33}) group.Create({.id = Id(source), .kind = 4});
  group.writes().risk_sources = {{Id(31), "RS-1", "下坪填埋场", v1::SITE_TYPE_LANDFILL,
                                  v1::RISK_LEVEL_RED, Id(11), Id(20), Id(12), false},
                                 {Id(32), "RS-2", "Slope 7", v1::SITE_TYPE_PARK_SLOPE,
                                  v1::RISK_LEVEL_BLUE, Id(10), Id(22), Id(13), false},
                                 {Id(33), "RS-3", "Old site", v1::SITE_TYPE_OTHER,
                                  v1::RISK_LEVEL_BLUE, Uuid(), Uuid(), Id(20), true}};
}

}  // namespace

absl::Time LedgerFixture::FoundAt(int day) {
  return absl::FromCivil(absl::CivilMinute(2017, 5, day, 16, 30), absl::UTCTimeZone());
}

LedgerFixture::LedgerFixture() {
  SqliteStoreOptions options = NewRegister();
  options.vfs = disk_.name();
  auto store = SqliteRegisterStore::Open("register.db", options);
  VIGIL_CHECK(store.ok()) << store.status();
  store_ = *std::move(store);

  GroupMaker group{Seq(0)};
  group.Operation();
  AddSites(group);
  const std::vector<HazardSpec> hazards = {{.number = 1,
                                            .status = v1::HAZARD_STATUS_REPORTED,
                                            .risk_source = 31,
                                            .unit = 12,
                                            .description = "100% full_drain"},
                                           {.number = 2,
                                            .status = v1::HAZARD_STATUS_CONFIRMED,
                                            .risk_source = 31,
                                            .unit = 11,
                                            .description = "it's at a\\b",
                                            .due_day = 30,
                                            .in_conflict = true},
                                           {.number = 3,
                                            .status = v1::HAZARD_STATUS_RECTIFYING,
                                            .risk_source = 32,
                                            .unit = 13,
                                            .description = "坝体裂缝",
                                            .due_day = 31,
                                            .major = true,
                                            .tagged = true},
                                           {.number = 4,
                                            .status = v1::HAZARD_STATUS_VERIFIED,
                                            .risk_source = 32,
                                            .unit = 20,
                                            .due_day = 29,
                                            .major = true,
                                            .tagged = true},
                                           {.number = 5,
                                            .status = v1::HAZARD_STATUS_VERIFIED,
                                            .risk_source = 31,
                                            .unit = 10,
                                            .due_day = 30,
                                            .finished = true},
                                           {.number = 6,
                                            .status = v1::HAZARD_STATUS_REJECTED,
                                            .risk_source = 33,
                                            .unit = 20,
                                            .finished = true,
                                            .origin = v1::HAZARD_ORIGIN_BULLETIN}};
  for (const HazardSpec& hazard : hazards) AddHazard(hazard, FoundAt(hazard.number), group);

  AddOrders(group);
  group.writes().conflicts = {{Id(102), {"description"}}};
  const absl::Status status = group.CommitTo(*store_);
  VIGIL_CHECK(status.ok()) << status;
}

std::unique_ptr<Snapshot> LedgerFixture::Read() {
  auto snapshot = store_->Read();
  VIGIL_CHECK(snapshot.ok()) << snapshot.status();
  return *std::move(snapshot);
}

LedgerPage LedgerFixture::Page(const v1::HazardFilter& filter) {
  v1::ListHazardsRequest request;
  *request.mutable_filter() = filter;
  auto page = Read()->Hazards(request, today_, RecordScope::Everything());
  EXPECT_TRUE(page.ok()) << page.status();
  return page.ok() ? *std::move(page) : LedgerPage();
}

std::vector<std::string> LedgerFixture::Numbers(const v1::HazardFilter& filter) {
  std::vector<std::string> numbers;
  const LedgerPage page = Page(filter);
  for (const v1::HazardRow& row : page.rows) numbers.push_back(row.number());
  EXPECT_EQ(page.total, static_cast<std::int64_t>(numbers.size()));
  return numbers;
}

}  // namespace vigil::store::testing
