// vigil_bench: how fast Vigil is beside what transport and disk cost by themselves.

#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sync/base/status.h"
#include "tests/bench/bench.h"
#include "tests/support/temp_dir.h"

namespace vigil::bench {
namespace {

constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;

constexpr char kExamples[] = R"(Examples:
  vigil_bench                        all workloads; takes a while
  vigil_bench --quick                the same, small and once: whether they run
  vigil_bench --only push-single --repetitions 5
  vigil_bench --only push-batched --keep kept
  vigilctl audit verify --data kept

A missed target is no error: figures are for people to read. Exit: 0 it ran, 1 it failed, 2 wrong
command line.)";

struct Arguments {
  std::vector<std::string> only;
  int repetitions = 3;
  bool quick = false;
  bool json = false;
  bool list = false;
  std::string keep;
};

std::vector<Workload> AllWorkloads() {
  std::vector<Workload> all;
  for (std::vector<Workload>& some : std::vector{PushWorkloads(), PullWorkloads(), PhoneWorkloads(),
                                                 WatchWorkloads(), OfficeWorkloads()}) {
    for (Workload& workload : some) all.push_back(std::move(workload));
  }
  return all;
}

int Complain(const std::string& text, int exit_code) {
  std::fprintf(stderr, "vigil_bench: %s\n", text.c_str());
  return exit_code;
}

std::vector<Workload> Chosen(const Arguments& arguments, std::string& unknown) {
  std::vector<Workload> all = AllWorkloads();
  if (arguments.only.empty()) return all;
  std::vector<Workload> chosen;
  for (const std::string& name : arguments.only) {
    bool found = false;
    for (const Workload& workload : all) {
      if (workload.name != name) continue;
      chosen.push_back(workload);
      found = true;
    }
    if (!found) unknown = name;
  }
  return chosen;
}

int Run(const Arguments& arguments) {
  std::string unknown;
  const std::vector<Workload> workloads = Chosen(arguments, unknown);
  if (!unknown.empty()) {
    return Complain(absl::StrCat("no workload ", unknown, "; --list shows them"), kExitUsage);
  }
  if (arguments.list) {
    for (const Workload& workload : workloads) {
      std::printf("%-20s %s\n", workload.name.c_str(), workload.what.c_str());
    }
    return 0;
  }
  std::error_code error;
  // What somebody has there is not ours to remove.
  if (!arguments.keep.empty() && std::filesystem::exists(arguments.keep, error)) {
    return Complain(absl::StrCat(arguments.keep, " is there already; name another directory"),
                    kExitUsage);
  }
  const testing::TempDir directory;
  Bench bench({.directory = directory.path(),
               .repetitions = arguments.repetitions,
               .quick = arguments.quick,
               .keep = arguments.keep,
               .say = [](const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); },
               .on_row =
                   [&](const Row& row) {
                     if (!arguments.json) return;
                     std::printf("%s\n", FormatJson(row).c_str());
                     std::fflush(stdout);
                   }});
  for (const Workload& workload : workloads) {
    if (const absl::Status status = workload.run(bench); !status.ok()) {
      return Complain(absl::StrCat(workload.name, ": ", status.message()), kExitFailure);
    }
  }
  if (!arguments.json) std::printf("%s", FormatTable(bench.rows()).c_str());
  std::fprintf(arguments.json ? stderr : stdout, "%s\n", Summary(bench.rows()).c_str());
  return 0;
}

int Main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("How fast Vigil is, beside a floor that does nothing but transport and durability.",
               "vigil_bench");
  app.footer(kExamples);
  app.add_option("--only", arguments.only, "these workloads alone")->type_name("NAME");
  app.add_option("--repetitions", arguments.repetitions, "of each side, in turn")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  app.add_flag("--quick", arguments.quick, "small registers, one repetition");
  app.add_flag("--json", arguments.json, "one object a line");
  app.add_flag("--list", arguments.list, "names and what they do");
  app.add_option("--keep", arguments.keep, "leave the register of the last push here")
      ->type_name("DIR");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  return Run(arguments);
}

}  // namespace
}  // namespace vigil::bench

int main(int argc, char** argv) { return vigil::bench::Main(argc, argv); }
