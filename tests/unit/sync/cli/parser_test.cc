#include "sync/cli/console/parser.h"

#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/status.h"
#include "sync/base/utf8.h"
#include "sync/cli/console/console.h"
#include "sync/cli/console/exit_code.h"

namespace vigil::console {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

ProgramSpec Program() {
  ProgramSpec program{.name = "tool",
                      .about = {"A tool.", "工具。"},
                      .options = CommonOptions(),
                      .commands = {},
                      .examples = {"paint wall"}};
  program.commands.push_back({"paint",
                              {"paint something", "粉刷"},
                              {{"WHAT", "", {"what to paint", "对象"}, Count::kRequired},
                               {"--colour", "NAME", {"its colour", "颜色"}, Count::kRequired},
                               {"--coat", "N", {"one coat", "一层"}, Count::kRepeated},
                               {"--wet", "", {"leave it wet", "不晾干"}}},
                              {"wall --colour red"}});
  program.commands.push_back({"tag", {"tag it", "挂牌"}, {{"WHAT", "", {"what", "对象"}}}, {}});
  program.commands.push_back({"tag issue",
                              {"issue it", "下达"},
                              {{"ORDER", "", {"which", "哪个"}, Count::kRequired}},
                              {}});
  program.commands.push_back(
      {"settle",
       {"settle it", "裁定"},
       {{"RECORD", "", {"which", "哪个"}, Count::kRequired}, {"FIELD", "", {"field", "字段"}}},
       {}});
  program.commands.push_back(
      {"box open", {"open it", "打开"}, {{"FILES", "", {"all", "全部"}, Count::kRepeated}}, {}});
  return program;
}

absl::StatusOr<Parsed> Parse(const std::vector<std::string>& words) {
  return ParseCommandLine(Program(), words, Language::kEnglish);
}

TEST(ParserTest, ReadsPositionalsOptionsFlagsAndRepetitions) {
  const auto parsed =
      Parse({"paint", "wall", "--colour=red", "--coat", "1", "--coat", "two words", "--wet"});
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->what, Parsed::What::kRun);
  EXPECT_EQ(parsed->command, 0U);
  EXPECT_EQ(parsed->arguments.Value("WHAT"), "wall");
  EXPECT_EQ(parsed->arguments.Value("--colour"), "red");
  EXPECT_THAT(parsed->arguments.All("--coat"), ElementsAre("1", "two words"));
  EXPECT_TRUE(parsed->arguments.Has("--wet"));
  EXPECT_FALSE(parsed->arguments.Has("--json"));
}

TEST(ParserTest, TakesTheProgramsOptionsOnBothSidesOfTheCommand) {
  for (const auto& words :
       {std::vector<std::string>{"--lang", "zh", "paint", "x", "--colour", "y"},
        std::vector<std::string>{"paint", "x", "--colour", "y", "--lang", "zh"}}) {
    const auto parsed = Parse(words);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(parsed->arguments.Value("--lang"), "zh");
    EXPECT_EQ(parsed->arguments.Value("WHAT"), "x");
  }
}

TEST(ParserTest, ACommandMayHaveCommandsBelowIt) {
  const auto step = Parse({"tag", "issue", "o1"});
  ASSERT_TRUE(step.ok()) << step.status();
  EXPECT_EQ(step->command, 2U);
  EXPECT_EQ(step->arguments.Value("ORDER"), "o1");
  const auto whole = Parse({"tag", "hazard-7"});
  ASSERT_TRUE(whole.ok()) << whole.status();
  EXPECT_EQ(whole->command, 1U);
  EXPECT_EQ(whole->arguments.Value("WHAT"), "hazard-7");
}

TEST(ParserTest, TheLastOfSeveralPositionalsMayBeLeftOut) {
  const auto both = Parse({"settle", "r", "f"});
  ASSERT_TRUE(both.ok()) << both.status();
  EXPECT_EQ(both->arguments.Value("RECORD"), "r");
  EXPECT_EQ(both->arguments.Value("FIELD"), "f");
  const auto one = Parse({"settle", "r"});
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_FALSE(one->arguments.Has("FIELD"));
}

TEST(ParserTest, AListOfPositionalsTakesAllThatAreLeft) {
  const auto parsed = Parse({"box", "open", "a", "b", "c"});
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_THAT(parsed->arguments.All("FILES"), ElementsAre("a", "b", "c"));
}

TEST(ParserTest, WrongCommandLinesAreUsageErrorsThatNameTheFault) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{}, "which command"},
      {{"box"}, "which command"},
      {{"pain"}, "pain"},
      {{"paint", "--colour", "red"}, "WHAT is missing"},
      {{"paint", "wall"}, "--colour is missing"},
      {{"paint", "wall", "--colour", "red", "--colour", "blue"}, "--colour is given twice"},
      {{"paint", "wall", "--colour", "red", "--shine"}, "--shine"},
      {{"paint", "wall", "--colour"}, "--colour"},
      {{"paint", "wall", "floor", "--colour", "red"}, "floor"},
  };
  for (const auto& [words, fault] : cases) {
    const auto parsed = Parse(words);
    ASSERT_FALSE(parsed.ok()) << fault;
    EXPECT_EQ(ExitCodeOf(parsed.status()), kUsage);
    EXPECT_THAT(ToStd(parsed.status().message()), HasSubstr(fault));
  }
}

TEST(ParserTest, HelpNeedsNothingElse) {
  const auto parsed = Parse({"paint", "--help"});
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->what, Parsed::What::kHelp);
  EXPECT_EQ(parsed->path, "paint");
}

TEST(HelpTest, ShowsUsageOptionsAndExamples) {
  const std::string help = HelpText(Program(), "paint", Language::kEnglish);
  EXPECT_THAT(help, HasSubstr("Usage: tool paint WHAT [options]"));
  EXPECT_THAT(help, HasSubstr("--colour NAME  its colour (required)"));
  EXPECT_THAT(help, HasSubstr("  tool paint wall --colour red\n"));
  EXPECT_THAT(HelpText(Program(), "paint", Language::kChinese), HasSubstr("颜色（必填）"));
}

TEST(HelpTest, TheProgramsHelpListsCommandsAndExitCodes) {
  const std::string help = HelpText(Program(), "", Language::kEnglish);
  EXPECT_THAT(help, HasSubstr("  box open   open it\n"));
  EXPECT_THAT(help, HasSubstr("  3  no answer from the server"));
  const std::string group = HelpText(Program(), "box", Language::kEnglish);
  EXPECT_THAT(group, HasSubstr("box open"));
  EXPECT_THAT(group, Not(HasSubstr("paint")));
}

int RunWords(const std::vector<std::string>& words, std::string& out, std::string& err,
             const absl::Status& result = absl::OkStatus()) {
  std::istringstream in;
  std::ostringstream out_stream;
  std::ostringstream err_stream;
  const int code = RunProgram(Program(), words, {in, out_stream, err_stream},
                              [&](std::size_t, const Arguments&, Console& console) {
                                console.Say({"painted $0", "已粉刷 $0"}, {"it"});
                                console.Json(R"({"painted":true})");
                                return result;
                              });
  out = out_stream.str();
  err = err_stream.str();
  return code;
}

TEST(ProgramTest, SpeaksTheLanguageOrJson) {
  std::string out;
  std::string err;
  EXPECT_EQ(RunWords({"tag", "x", "--lang=zh"}, out, err), 0);
  EXPECT_EQ(out, "已粉刷 it\n");
  EXPECT_EQ(RunWords({"tag", "x", "--json"}, out, err), 0);
  EXPECT_EQ(out, "{\"painted\":true}\n");
  EXPECT_EQ(err, "");
}

TEST(ProgramTest, ErrorsGoToTheErrorStreamAndSetTheExitCode) {
  std::string out;
  std::string err;
  EXPECT_EQ(RunWords({"tag", "x", "--lang", "en"}, out, err, absl::UnavailableError("no route")),
            3);
  EXPECT_EQ(err, "error: no route\n");
  EXPECT_EQ(RunWords({"tag", "x", "--json"}, out, err, absl::UnavailableError("no route")), 3);
  EXPECT_THAT(err, HasSubstr(R"("exit_code":3)"));
  EXPECT_EQ(RunWords({"nonsense"}, out, err), 2);
  EXPECT_EQ(RunWords({"--version"}, out, err), 0);
  EXPECT_THAT(out, HasSubstr("tool "));
}

}  // namespace
}  // namespace vigil::console
