#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/import/importer.h"
#include "tests/unit/server/import/import_files.h"

// Bad rows of every kind: each is reported with file, line, column and reason.

namespace vigil::importer {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

MATCHER_P4(ProblemIs, file, line, column, reason, "") {
  return arg.file() == file && arg.line() == line && arg.column() == column &&
         arg.reason() == reason && !arg.message().empty();
}

struct BadCell {
  const char* name;
  const char* file;
  // What is replaced in the small set, and by what.
  std::string from;
  std::string to;
  int line;
  const char* column;
  v1::Reason reason;
};

class BadCellTest : public ::testing::TestWithParam<BadCell> {};

TEST_P(BadCellTest, IsReportedAndStopsTheImport) {
  const BadCell& bad = GetParam();
  EmptyView view;
  std::vector<InputFile> files = SmallSet();
  Replace(files, bad.file, bad.from, bad.to);
  const ImportPlan plan = PlanOrDie(files, view);
  EXPECT_THAT(plan.problems, ElementsAre(ProblemIs(bad.file, bad.line, bad.column, bad.reason)))
      << Describe(plan);
  EXPECT_TRUE(plan.rejected);
  EXPECT_THAT(plan.operations, IsEmpty());
}

const std::string kLongText(5000, 'x');

INSTANTIATE_TEST_SUITE_P(
    Cells, BadCellTest,
    ::testing::Values(BadCell{"UnknownEnum", "risk_sources.csv", "park_slope", "slope", 2,
                              "site_type", v1::REASON_INVALID_VALUE},
                      BadCell{"EnumInCapitals", "risk_sources.csv", "orange", "ORANGE", 2, "level",
                              v1::REASON_INVALID_VALUE},
                      BadCell{"UnspecifiedEnum", "risk_sources.csv", "orange", "unspecified", 2,
                              "level", v1::REASON_INVALID_VALUE},
                      BadCell{"DateOfAnotherForm", "hazards.csv", "2017-04-01", "4/1/2017", 2,
                              "due_date", v1::REASON_INVALID_DATE},
                      BadCell{"NoSuchDay", "hazards.csv", "2017-04-01", "2017-02-29", 2, "due_date",
                              v1::REASON_INVALID_DATE},
                      BadCell{"YearTooFar", "hazards.csv", "2017-04-01", "2201-01-01", 2,
                              "due_date", v1::REASON_INVALID_DATE},
                      BadCell{"TimeOfAnotherForm", "hazards.csv", "08:30:00+08:00", "08:30 PM", 2,
                              "found_at", v1::REASON_INVALID_TIME},
                      BadCell{"NotANumber", "risk_sources.csv", "22.5,", "nan,", 2,
                              "position_latitude", v1::REASON_INVALID_NUMBER},
                      BadCell{"NumberWithUnit", "risk_sources.csv", "114.05", "114.05E°", 2,
                              "position_longitude", v1::REASON_INVALID_NUMBER},
                      BadCell{"LatitudeOffEarth", "risk_sources.csv", "22.5,", "225,", 2,
                              "position_latitude", v1::REASON_INVALID_POSITION},
                      BadCell{"ProductThatIsNone", "risk_sources.csv", ",270,", ",300,", 2,
                              "rating_d", v1::REASON_INVALID_VALUE},
                      BadCell{"UnknownUnit", "risk_sources.csv", "park_slope,D", "park_slope,X", 2,
                              "responsible_unit", v1::REASON_UNKNOWN_REFERENCE},
                      BadCell{"ReferenceToAnotherKind", "hazards.csv", "H1,R1", "H1,D", 2,
                              "risk_source", v1::REASON_UNKNOWN_REFERENCE},
                      BadCell{"UnknownUnitOfARole", "persons.csv", "verifier@B", "verifier@X", 2,
                              "roles", v1::REASON_UNKNOWN_REFERENCE},
                      BadCell{"RoleWithoutUnit", "persons.csv", "verifier@B", "verifier", 2,
                              "roles", v1::REASON_INVALID_VALUE},
                      BadCell{"RoleOfTheRegister", "persons.csv", "verifier@B",
                              "escalation_clock@B", 2, "roles", v1::REASON_INVALID_VALUE},
                      BadCell{"SameRoleTwice", "persons.csv", "verifier@B", "inspector@D", 2,
                              "roles", v1::REASON_INVALID_VALUE},
                      BadCell{"EmptyRequiredCell", "risk_sources.csv", "Slope", " ", 2, "name",
                              v1::REASON_REQUIRED_FIELD_MISSING},
                      BadCell{"NeitherUtf8NorGb18030", "hazards.csv", "crack", "\xB1\xDF\xFF", 2,
                              "", v1::REASON_INVALID_UTF8},
                      BadCell{"Nul", "hazards.csv", "crack", std::string(1, '\0'), 2, "description",
                              v1::REASON_INVALID_UTF8},
                      BadCell{"TextTooLong", "hazards.csv", "crack", kLongText, 2, "description",
                              v1::REASON_TEXT_TOO_LONG},
                      BadCell{"NameTooLong", "risk_sources.csv", "Slope", kLongText, 2, "name",
                              v1::REASON_TEXT_TOO_LONG},
                      BadCell{"ConfirmedWithoutDueDate", "hazards.csv", "2017-04-01", "", 2,
                              "due_date", v1::REASON_DUE_DATE_REQUIRED},
                      BadCell{"ElementOfNothing", "control_measures.csv", "R1,fence", "R9,fence", 3,
                              "risk_source", v1::REASON_UNKNOWN_REFERENCE},
                      BadCell{"ElementWithoutOwner", "control_measures.csv", "R1,fence", ",fence",
                              3, "risk_source", v1::REASON_REQUIRED_FIELD_MISSING},
                      BadCell{"EmptyElement", "control_measures.csv", "R1,fence", "R1,", 3, "text",
                              v1::REASON_REQUIRED_FIELD_MISSING},
                      BadCell{"ElementTooLong", "control_measures.csv", "fence", kLongText, 3,
                              "text", v1::REASON_TEXT_TOO_LONG},
                      BadCell{"ElementTwice", "control_measures.csv", "fence",
                              "drains clear; every month", 3, "", v1::REASON_ALREADY_EXISTS},
                      BadCell{"RowWithTooFewCells", "control_measures.csv", "R1,fence", "R1", 3, "",
                              v1::REASON_MALFORMED},
                      BadCell{"StrayQuote", "control_measures.csv", "R1,fence", "R1,fence\"", 3, "",
                              v1::REASON_MALFORMED},
                      BadCell{"OpenQuote", "control_measures.csv", "R1,fence", "R1,\"fence", 3, "",
                              v1::REASON_MALFORMED},
                      BadCell{"OtherSeparator", "control_measures.csv",
                              "risk_source,text\nR1,drains clear; every month\nR1,fence\n",
                              "risk_source\ttext\nR1\tfence\n", 1, "", v1::REASON_MALFORMED},
                      BadCell{"NoKeyAndNothingForIt", "hazards.csv", "H1,R1,\"crack,\n3 mm\"",
                              ",R1,", 2, "description", v1::REASON_REQUIRED_FIELD_MISSING},
                      BadCell{"ColumnTwiceInTwoLanguages", "org_units.csv", "parent_unit,head",
                              "parent_unit,上级单位", 1, "parent_unit", v1::REASON_ALREADY_EXISTS},
                      BadCell{"ColumnTwice", "org_units.csv", "parent_unit,head",
                              "parent_unit,parent_unit", 1, "parent_unit",
                              v1::REASON_ALREADY_EXISTS}),
    [](const ::testing::TestParamInfo<BadCell>& test) { return std::string(test.param.name); });

ImportPlan PlanWith(std::string_view file, std::string_view content) {
  EmptyView view;
  std::vector<InputFile> files = SmallSet();
  Content(files, file) = content;
  return PlanOrDie(files, view);
}

TEST(ProblemsTest, TheSameKeyTwiceNamesTheOtherLine) {
  const ImportPlan plan = PlanWith("persons.csv",
                                   "code,name,unit\n"
                                   "p1,Person 1,D\n"
                                   "p2,Person 2,D\n"
                                   "p1,Person 3,D\n");
  ASSERT_THAT(plan.problems,
              ElementsAre(ProblemIs("persons.csv", 4, "code", v1::REASON_ALREADY_EXISTS)))
      << Describe(plan);
  EXPECT_THAT(plan.problems[0].message(), ::testing::HasSubstr("line 2"));
}

TEST(ProblemsTest, AMissingColumnIsReportedOnceInTheHeading) {
  const ImportPlan plan =
      PlanWith("risk_sources.csv", "code,name,site_type\nR1,Slope,park\nR2,Slope 2,park\n");
  EXPECT_THAT(plan.problems, ElementsAre(ProblemIs("risk_sources.csv", 1, "responsible_unit",
                                                   v1::REASON_REQUIRED_FIELD_MISSING)))
      << Describe(plan);
}

TEST(ProblemsTest, AnEmptyKey) {
  EXPECT_THAT(
      PlanWith("duty_lists.csv", "code,unit,edition\n,D,1\n").problems,
      ElementsAre(ProblemIs("duty_lists.csv", 2, "code", v1::REASON_REQUIRED_FIELD_MISSING)));
}

TEST(ProblemsTest, AnUnknownColumnIsLeftOutWithAWarningUnlessAskedOtherwise) {
  EmptyView view;
  std::vector<InputFile> files = SmallSet();
  Replace(files, "persons.csv", "code,name,unit,roles", "code,name,unit,role");
  const ImportPlan plan = PlanOrDie(files, view);
  EXPECT_THAT(plan.problems,
              ElementsAre(ProblemIs("persons.csv", 1, "role", v1::REASON_FIELD_UNKNOWN)))
      << Describe(plan);
  EXPECT_TRUE(plan.problems.at(0).warning());
  EXPECT_FALSE(plan.rejected);
  EXPECT_THAT(plan.operations, SizeIs(5));
  PlanOptions options;
  options.tables.strict = true;
  const ImportPlan strict = PlanOrDie(files, view, options);
  ASSERT_THAT(strict.problems, SizeIs(1));
  EXPECT_FALSE(strict.problems[0].warning());
  EXPECT_TRUE(strict.rejected);
}

TEST(ProblemsTest, AMissingColumnIsNamedInBothLanguages) {
  const ImportPlan plan = PlanWith("persons.csv", "编码\np1\n");
  ASSERT_THAT(plan.problems,
              Contains(ProblemIs("persons.csv", 1, "name", v1::REASON_REQUIRED_FIELD_MISSING)));
  EXPECT_THAT(plan.problems[0].message(), ::testing::HasSubstr("name (姓名)"));
}

TEST(ProblemsTest, TheSameHazardTwiceWithoutANumberNamesTheOtherLine) {
  const ImportPlan plan = PlanWith("hazards.csv",
                                   "risk_source,description,found_at,status\n"
                                   "R1,crack,2017-03-01 08:30,reported\n"
                                   "R1,crack,2017/3/1 8:30,reported\n"
                                   "R1,crack,2017/3/1 8:31,reported\n");
  ASSERT_THAT(plan.problems,
              ElementsAre(ProblemIs("hazards.csv", 3, "number", v1::REASON_ALREADY_EXISTS)))
      << Describe(plan);
  EXPECT_THAT(plan.problems[0].message(), ::testing::HasSubstr("line 2"));
}

TEST(ProblemsTest, FilesThatAreNone) {
  EXPECT_THAT(PlanWith("notes.csv", "a\n").problems,
              ElementsAre(ProblemIs("notes.csv", 1, "", v1::REASON_FOREIGN_FILE)));
  EXPECT_THAT(PlanWith("campaigns.csv", "").problems,
              ElementsAre(ProblemIs("campaigns.csv", 1, "", v1::REASON_MALFORMED)));
  EXPECT_THAT(PlanWith("campaigns.csv",
                       "\xFF\xFE"
                       "c")
                  .problems,
              ElementsAre(ProblemIs("campaigns.csv", 1, "", v1::REASON_INVALID_UTF8)));
  // The next row is no heading.
  EXPECT_THAT(PlanWith("campaigns.csv", "co\"de,name\nc,d\n").problems,
              ElementsAre(ProblemIs("campaigns.csv", 1, "", v1::REASON_MALFORMED)));
  std::vector<InputFile> twice = SmallSet();
  twice.push_back(twice.front());
  EmptyView view;
  EXPECT_THAT(PlanOrDie(twice, view).problems,
              Contains(ProblemIs("org_units.csv", 1, "", v1::REASON_ALREADY_EXISTS)));
}

TEST(ProblemsTest, UnitsInACircleHaveNoTop) {
  const ImportPlan plan = PlanWith("org_units.csv",
                                   "code,name,kind,parent_unit\n"
                                   "B,Bureau,bureau,D\n"
                                   "D,Department,industry_department,B\n"
                                   "E,Alone,site,\n");
  EXPECT_THAT(plan.problems,
              ElementsAre(ProblemIs("org_units.csv", 2, "parent_unit", v1::REASON_INVALID_VALUE),
                          ProblemIs("org_units.csv", 3, "parent_unit", v1::REASON_INVALID_VALUE)))
      << Describe(plan);
}

TEST(ProblemsTest, EveryBadRowIsReportedByFileAndLine) {
  EmptyView view;
  std::vector<InputFile> files = SmallSet();
  Replace(files, "hazards.csv", "general", "grave");
  Replace(files, "hazards.csv", "2017-04-01", "soon");
  Content(files, "hazards.csv") += "H2,R1,x,general,never,2017-05-01,D,verified\n";
  Replace(files, "org_units.csv", "bureau", "office");
  const ImportPlan plan = PlanOrDie(files, view);
  EXPECT_THAT(plan.problems,
              ElementsAre(ProblemIs("org_units.csv", 3, "kind", v1::REASON_INVALID_VALUE),
                          ProblemIs("hazards.csv", 2, "grade", v1::REASON_INVALID_VALUE),
                          ProblemIs("hazards.csv", 2, "due_date", v1::REASON_INVALID_DATE),
                          // The cell with a line break makes the first row two lines long.
                          ProblemIs("hazards.csv", 4, "found_at", v1::REASON_INVALID_TIME)))
      << Describe(plan);
  EXPECT_EQ(CountOf(plan, "hazards.csv").bad(), 2);
}

TEST(ProblemsTest, CountsAreWholeAndNotNegative) {
  for (const std::string edition : {"-1", "1.5", "2147483648", "one"}) {
    EXPECT_THAT(PlanWith("duty_lists.csv", "code,unit,edition\nL1,D," + edition + "\n").problems,
                ElementsAre(ProblemIs("duty_lists.csv", 2, "edition", v1::REASON_INVALID_NUMBER)))
        << edition;
  }
}

TEST(ProblemsTest, ARowTooLargeForAnOperation) {
  EmptyView view;
  PlanOptions options;
  options.operation_bytes_max = 300;
  std::vector<InputFile> files = SmallSet();
  Replace(files, "hazards.csv", "crack", std::string(500, 'x'));
  EXPECT_THAT(PlanOrDie(files, view, options).problems,
              ElementsAre(ProblemIs("hazards.csv", 2, "", v1::REASON_TOO_LARGE)));
}

TEST(ProblemsTest, AListTooLong) {
  EmptyView view;
  std::vector<InputFile> files = SmallSet();
  for (int i = 0; i < 999; ++i) {
    Content(files, "control_measures.csv") += "R1,measure " + std::to_string(i) + "\n";
  }
  EXPECT_THAT(PlanOrDie(files, view).problems,
              ElementsAre(ProblemIs("control_measures.csv", 1002, "", v1::REASON_TOO_LARGE)));
}

TEST(KeepGoodRowsTest, TakesTheRowsThatRestOnNoBadOne) {
  EmptyView view;
  PlanOptions options;
  options.keep_good_rows = true;
  std::vector<InputFile> files = SmallSet();
  Content(files, "risk_sources.csv") += "R2,Slope 2,slope,D,,,,,,,,,\n";
  Content(files, "hazards.csv") +=
      "H2,R2,x,general,2017-03-01T08:30:00+08:00,2017-05-01,D,verified\n";
  const ImportPlan plan = PlanOrDie(files, view, options);
  EXPECT_THAT(plan.problems,
              ElementsAre(ProblemIs("risk_sources.csv", 3, "site_type", v1::REASON_INVALID_VALUE),
                          ProblemIs("hazards.csv", 4, "", v1::REASON_DEPENDENCY_MISSING)))
      << Describe(plan);
  EXPECT_FALSE(plan.rejected);
  EXPECT_THAT(plan.operations, SizeIs(5));
  EXPECT_EQ(CountOf(plan, "hazards.csv").created(), 1);
  EXPECT_EQ(CountOf(plan, "hazards.csv").bad(), 1);
}

TEST(KeepGoodRowsTest, ARecordDoesNotComeWithHalfItsList) {
  EmptyView view;
  PlanOptions options;
  options.keep_good_rows = true;
  std::vector<InputFile> files = SmallSet();
  Content(files, "control_measures.csv") += "R1," + kLongText + "\n";
  const ImportPlan plan = PlanOrDie(files, view, options);
  EXPECT_THAT(plan.problems,
              Contains(ProblemIs("risk_sources.csv", 2, "", v1::REASON_DEPENDENCY_MISSING)));
  EXPECT_THAT(plan.problems,
              Contains(ProblemIs("hazards.csv", 2, "", v1::REASON_DEPENDENCY_MISSING)));
  EXPECT_THAT(plan.operations, SizeIs(3)) << Describe(plan);
  EXPECT_EQ(CountOf(plan, "control_measures.csv").bad(), 3);
}

}  // namespace
}  // namespace vigil::importer
