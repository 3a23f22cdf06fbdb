#ifndef VIGIL_TESTS_UNIT_SERVER_IMPORT_IMPORT_FILES_H_
#define VIGIL_TESTS_UNIT_SERVER_IMPORT_IMPORT_FILES_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/import/importer.h"
#include "sync/base/status.h"

// Small sets of files, and a register that holds nothing.

namespace vigil::importer {

class EmptyView final : public RegisterView {
 public:
  absl::StatusOr<std::optional<v1::Record>> Find(const Uuid& /*id*/) override {
    return std::optional<v1::Record>();
  }
  absl::StatusOr<std::optional<Uuid>> FindByKey(const rules::EntityInfo& /*kind*/,
                                                std::string_view /*key*/) override {
    return std::optional<Uuid>();
  }
  absl::StatusOr<std::vector<Uuid>> FindByName(const rules::EntityInfo& /*kind*/,
                                               std::string_view /*name*/) override {
    return std::vector<Uuid>();
  }
  absl::StatusOr<std::vector<PastWrite>> History(const Uuid& /*id*/) override {
    return std::vector<PastWrite>();
  }
};

// A bureau with a department, one risk source with two measures and one hazard.
inline std::vector<InputFile> SmallSet() {
  return {
      {"org_units.csv",
       "code,name,kind,parent_unit,head\n"
       "D,Department,industry_department,B,p1\n"
       "B,Bureau,bureau,,\n"},
      {"persons.csv",
       "code,name,unit,roles\n"
       "p1,Person 1,D,inspector@D;verifier@B\n"},
      {"risk_sources.csv",
       "code,name,site_type,responsible_unit,level,rating_method,rating_l,rating_e,rating_c,"
       "rating_d,position_latitude,position_longitude,position_datum\n"
       "R1,Slope,park_slope,D,orange,lec,3,6,15,270,22.5,114.05,wgs84\n"},
      {"control_measures.csv",
       "risk_source,text\n"
       "R1,drains clear; every month\n"
       "R1,fence\n"},
      {"hazards.csv",
       "number,risk_source,description,grade,found_at,due_date,responsible_unit,status\n"
       "H1,R1,\"crack,\n3 mm\",general,2017-03-01T08:30:00+08:00,2017-04-01,D,rectifying\n"},
  };
}

inline std::string& Content(std::vector<InputFile>& files, std::string_view name) {
  for (InputFile& file : files) {
    if (file.name == name) return file.content;
  }
  return files.emplace_back(InputFile{std::string(name), ""}).content;
}

// The text must be there, so that a test cannot pass by changing nothing.
inline void Replace(std::vector<InputFile>& files, std::string_view name, std::string_view from,
                    std::string_view to) {
  std::string& content = Content(files, name);
  const std::size_t at = content.find(from);
  ASSERT_NE(at, std::string::npos) << name << ": " << from;
  content.replace(at, from.size(), to);
}

inline ImportPlan PlanOrDie(const std::vector<InputFile>& files, RegisterView& view,
                            const PlanOptions& options = {}) {
  absl::StatusOr<ImportPlan> plan = PlanImport(files, view, options);
  EXPECT_TRUE(plan.ok()) << plan.status();
  return plan.ok() ? *std::move(plan) : ImportPlan();
}

inline std::string Describe(const ImportPlan& plan) {
  std::string text;
  for (const v1::ImportProblem& problem : plan.problems) {
    text += problem.ShortDebugString() + "\n";
  }
  return text;
}

inline const v1::ImportFileCount& CountOf(const ImportPlan& plan, std::string_view file) {
  static const v1::ImportFileCount none;
  for (const v1::ImportFileCount& count : plan.files) {
    if (count.file() == file) return count;
  }
  ADD_FAILURE() << "no count of " << file;
  return none;
}

}  // namespace vigil::importer

#endif  // VIGIL_TESTS_UNIT_SERVER_IMPORT_IMPORT_FILES_H_
