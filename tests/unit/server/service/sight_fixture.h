#ifndef VIGIL_TESTS_UNIT_SERVER_SERVICE_SIGHT_FIXTURE_H_
#define VIGIL_TESTS_UNIT_SERVER_SERVICE_SIGHT_FIXTURE_H_

#include <map>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "server/service/register_core.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_register.h"
#include "tests/support/two_parks.h"

namespace vigil::testing {

// Two parks and callers who see one of them, both, or neither.
class SightFixture : public ::testing::Test {
 protected:
  SightFixture()
      : core_(reg_.target(), "Asia/Shanghai"),
        parks_(reg_),
        empty_core_(empty_.target(), "Asia/Shanghai"),
        own_(parks_.Caller(v1::ROLE_INSPECTOR, reg_.unit)),
        above_(parks_.Caller(v1::ROLE_INSPECTOR, reg_.department)),
        everywhere_(parks_.Caller(v1::ROLE_INSPECTOR, "")),
        receiver_(parks_.Caller(v1::ROLE_RECEIVER, reg_.district)),
        office_(parks_.Caller(v1::ROLE_SAFETY_OFFICE, "")),
        nobody_(parks_.Nobody()) {}

  const TwoParks::Park& here() const { return parks_.here(); }
  const TwoParks::Park& there() const { return parks_.there(); }

  static absl::StatusOr<v1::SubmitResponse> Submit(TestRegister& reg, service::RegisterCore& core,
                                                   const rules::Author& caller,
                                                   const v1::Operation& operation) {
    v1::SubmitRequest request;
    request.set_operation(operation.SerializeAsString());
    absl::StatusOr<v1::SubmitResponse> answer = absl::UnknownError("not answered");
    core.Submit(caller, request,
                [&](absl::StatusOr<v1::SubmitResponse> response) { answer = std::move(response); });
    reg.executor().RunUntilIdle();
    return answer;
  }
  absl::StatusOr<v1::SubmitResponse> Submit(const rules::Author& caller,
                                            const v1::Operation& operation) {
    return Submit(reg_, core_, caller, operation);
  }

  v1::Operation Edit(const rules::Author& caller, const std::string& record,
                     const std::string& description) {
    v1::Operation operation = parks_.Begin(caller, {record});
    operation.mutable_edit_record()->set_record(record);
    operation.mutable_edit_record()->mutable_entity()->mutable_hazard()->set_description(
        description);
    operation.mutable_edit_record()->mutable_update_mask()->add_paths("description");
    return operation;
  }

  absl::StatusOr<v1::GetRecordResponse> Get(const rules::Author& caller, const std::string& record,
                                            std::uint64_t version = 0) {
    v1::GetRecordRequest request;
    request.set_record(record);
    request.set_version(version);
    return core_.GetRecord(caller, request);
  }

  void Apply(const rules::Author& caller, const v1::Operation& operation) {
    parks_.Apply(Actor{.author = caller}, operation);
  }

  // The office gives the hazard to another unit.
  void Move(const std::string& hazard, const std::string& unit) {
    v1::Operation operation = parks_.Begin(office_, {hazard});
    operation.mutable_edit_record()->set_record(hazard);
    operation.mutable_edit_record()->mutable_entity()->mutable_hazard()->set_responsible_unit(unit);
    operation.mutable_edit_record()->mutable_update_mask()->add_paths("responsible_unit");
    VIGIL_ASSERT_OK_AND_ASSIGN(const v1::SubmitResponse moved, Submit(office_, operation));
    ASSERT_EQ(moved.outcome().verdict(), v1::VERDICT_APPLIED) << moved.ShortDebugString();
  }

  std::map<std::string, std::string> Figures(const rules::Author& caller) {
    std::map<std::string, std::string> figures;
    const auto stats = core_.GetStats(caller, v1::GetStatsRequest());
    EXPECT_THAT(stats, IsOk());
    for (const v1::Figure& figure : stats->figures()) figures[figure.name()] = figure.value();
    return figures;
  }

  TestRegister reg_;
  service::RegisterCore core_;
  TwoParks parks_;
  // A register with the same units, in which none of the parks' records exists.
  TestRegister empty_;
  service::RegisterCore empty_core_;
  rules::Author own_, above_, everywhere_, receiver_, office_, nobody_;
};

}  // namespace vigil::testing

#endif  // VIGIL_TESTS_UNIT_SERVER_SERVICE_SIGHT_FIXTURE_H_
