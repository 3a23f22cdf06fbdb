// Every event has a command; what the tables of commands say is what the commands do.

#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/cli/program.h"
#include "sync/base/random.h"
#include "sync/base/time.h"
#include "sync/cli/console/parser.h"
#include "sync/cli/field/program.h"
#include "sync/rules/schema.h"
#include "tests/unit/server/cli/fake_office.h"
#include "vigil/v1/operation.pb.h"

namespace vigil::office {
namespace {

using console::CommandSpec;
using console::Language;
using console::ProgramSpec;
using Op = v1::Operation;

std::vector<ProgramSpec> Programs() { return {Program(), field::Program()}; }

// As a shell does, for single quotes.
std::vector<std::string> Words(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  bool quoted = false;
  bool begun = false;
  for (const char c : line) {
    if (c == '\'') {
      quoted = !quoted;
      begun = true;
    } else if (c == ' ' && !quoted) {
      if (begun) words.push_back(word);
      word.clear();
      begun = false;
    } else {
      word += c;
      begun = true;
    }
  }
  if (begun) words.push_back(word);
  return words;
}

TEST(CommandsTest, EveryEventOfTheContractHasACommandInOneOfThePrograms) {
  std::set<std::string> made;
  for (const ProgramSpec& program : Programs()) {
    for (const CommandSpec& command : program.commands) {
      for (const Op::CommandCase event : command.makes) {
        made.insert(rules::Schema::Get().FindCommand(event)->name);
      }
    }
  }
  const google::protobuf::OneofDescriptor* events = Op::descriptor()->FindOneofByName("command");
  ASSERT_GT(events->field_count(), 30);
  for (int i = 0; i < events->field_count(); ++i) {
    // What phones return after a restore: the register's own doing.
    if (events->field(i)->number() == Op::kWitnessRecord) continue;
    EXPECT_EQ(made.count(events->field(i)->name()), 1U)
        << "no command makes " << events->field(i)->name();
  }
}

TEST(CommandsTest, WhatAPhoneMayNotDoIsNotAmongItsCommands) {
  for (const CommandSpec& command : field::Program().commands) {
    for (const Op::CommandCase event : command.makes) {
      EXPECT_TRUE(rules::Schema::Get().FindCommand(event)->Allows(v1::CHANNEL_PHONE))
          << command.path;
    }
  }
}

TEST(CommandsTest, EveryCommandHasExamplesThatParse) {
  for (const ProgramSpec& program : Programs()) {
    std::set<std::string> paths;
    for (const CommandSpec& command : program.commands) {
      EXPECT_TRUE(paths.insert(command.path).second) << command.path << " stands there twice";
      EXPECT_FALSE(command.examples.empty()) << command.path;
      for (const std::string_view example : command.examples) {
        std::vector<std::string> words = Words(command.path);
        for (std::string& word : Words(example)) words.push_back(std::move(word));
        const auto parsed = console::ParseCommandLine(program, words, Language::kEnglish);
        ASSERT_TRUE(parsed.ok()) << program.name << " " << command.path << " " << example << ": "
                                 << parsed.status();
        ASSERT_EQ(parsed->what, console::Parsed::What::kRun);
        EXPECT_EQ(program.commands[parsed->command].path, command.path);
      }
    }
    for (const std::string_view example : program.examples) {
      const auto parsed = console::ParseCommandLine(program, Words(example), Language::kEnglish);
      EXPECT_TRUE(parsed.ok()) << program.name << " " << example << ": " << parsed.status();
    }
  }
}

// Runs the words against a register that applies everything; gives what was sent.
struct Ran {
  int exit_code = 0;
  std::string out;
  std::string err;
  std::vector<v1::Operation> sent;
};
Ran RunWords(const std::vector<std::string>& words) {
  FakeOffice office;
  FakeFiles files;
  const SystemClock clock;
  SeededRandom random(1);
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  Ran ran;
  ran.exit_code = console::RunProgram(
      Program(), words, {in, out, err},
      [&](std::size_t command, const console::Arguments& arguments, console::Console& console) {
        Clerk clerk({.office = office,
                     .console = console,
                     .files = files,
                     .clock = clock,
                     .random = random});
        return RunCommand(command, arguments, clerk);
      });
  ran.out = out.str();
  ran.err = err.str();
  ran.sent = office.sent;
  return ran;
}

// There is no clerk yet.
bool ComesBeforeSignIn(const std::string& path) {
  for (const AccessCommand& command : AccessCommands()) {
    if (command.spec.path == path) return true;
  }
  for (const AccessCommand& command : RestoreCommands()) {
    if (command.spec.path == path) return true;
  }
  return false;
}

// These ask the server to make operations of its own, or what they make follows from who there is
// (people_test.cc).
bool NeedsMoreThanAFake(const std::string& path) {
  static const std::set<std::string> paths = {"import", "escalation tick", "person leave",
                                              "person delegate", "role revoke"};
  return paths.count(path) > 0 || ComesBeforeSignIn(path);
}

TEST(CommandsTest, ACommandMakesTheEventsThatItsTableSays) {
  int verbs = 0;
  for (const CommandSpec& command : Program().commands) {
    if (command.makes.empty() || NeedsMoreThanAFake(command.path)) continue;
    ++verbs;
    std::vector<std::string> words = Words(command.path);
    for (std::string& word : Words(command.examples.front())) words.push_back(std::move(word));
    const Ran ran = RunWords(words);
    EXPECT_EQ(ran.exit_code, 0) << command.path << ": " << ran.err;
    std::vector<Op::CommandCase> made;
    for (const v1::Operation& operation : ran.sent) made.push_back(operation.command_case());
    EXPECT_EQ(made, command.makes) << command.path;
    for (const v1::Operation& operation : ran.sent) {
      EXPECT_EQ(operation.device(), FakeOffice::IdOf("device"));
      EXPECT_EQ(operation.person(), FakeOffice::IdOf("person"));
      EXPECT_TRUE(operation.has_made_at());
    }
  }
  EXPECT_GT(verbs, 30);
}

TEST(CommandsTest, EveryOtherCommandRunsInBothLanguagesAndAsJson) {
  for (const CommandSpec& command : Program().commands) {
    if (!command.makes.empty() || ComesBeforeSignIn(command.path)) continue;
    // Takes a whole register (tests/integration/restore_test.py).
    if (command.path == "backup") continue;
    for (const char* style : {"--lang=en", "--lang=zh", "--json"}) {
      std::vector<std::string> words = Words(command.path);
      for (std::string& word : Words(command.examples.front())) words.push_back(std::move(word));
      words.emplace_back(style);
      const Ran ran = RunWords(words);
      EXPECT_EQ(ran.exit_code, 0) << command.path << " " << style << ": " << ran.err;
      EXPECT_FALSE(ran.out.empty()) << command.path << " " << style;
    }
  }
}

}  // namespace
}  // namespace vigil::office
