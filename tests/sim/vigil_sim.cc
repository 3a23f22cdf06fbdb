// The simulator: vigil_sim --seeds A..B, or --seed N to repeat one.

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "sync/base/status.h"
#include "tests/sim/faults.h"
#include "tests/sim/fleet.h"

namespace {

using vigil::sim::AllFaults;
using vigil::sim::Fault;
using vigil::sim::FaultCounts;
using vigil::sim::FaultSet;
using vigil::sim::Fleet;
using vigil::sim::kFaults;

constexpr char kHelp[] = R"(vigil_sim: a fleet of phones and their register, in virtual time.

  vigil_sim --seeds 1..2000      runs these seeds
  vigil_sim --seed 17 --trace    repeats one and prints the hash of its trace
  vigil_sim --seed 17 --verbose  prints everything that happens
  vigil_sim --file FILE          runs the seeds that stand in a file, one a line

  --faults LIST   only these kinds of faults, by name, with commas
  --without LIST  all kinds but these
  --list          prints the kinds of faults
  --json          prints the result as one line of JSON
  --quiet         no progress
A kind of fault that may strike and never did is a failure of --seeds.
)";

volatile std::sig_atomic_t interrupted = 0;
void OnSignal(int /*signal*/) { interrupted = 1; }

struct Options {
  std::vector<std::uint64_t> seeds;
  FaultSet faults = AllFaults();
  // As given, for the command that repeats a run.
  std::string fault_options;
  bool must_strike = false;
  bool trace = false;
  bool verbose = false;
  bool json = false;
  bool quiet = false;
};

[[noreturn]] void Usage(std::string_view problem) {
  std::fprintf(stderr, "vigil_sim: %s\n%s", std::string(problem).c_str(), kHelp);
  std::exit(2);
}

void AddRange(const std::string& text, Options& options) {
  const std::vector<std::string> ends = absl::StrSplit(text, "..");
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  if (ends.size() != 2 || !absl::SimpleAtoi(ends[0], &first) || !absl::SimpleAtoi(ends[1], &last) ||
      last < first) {
    Usage("--seeds takes a range such as 1..2000");
  }
  for (std::uint64_t seed = first; seed <= last; ++seed) options.seeds.push_back(seed);
}

void AddFile(const std::string& path, Options& options) {
  std::FILE* const file = std::fopen(path.c_str(), "r");
  if (file == nullptr) Usage(absl::StrCat("cannot read ", path).c_str());
  char line[1000];
  while (std::fgets(line, sizeof line, file) != nullptr) {
    if (line[0] == '#' || line[0] == '\n') continue;
    options.seeds.push_back(std::strtoull(line, nullptr, 10));
  }
  std::fclose(file);
}

void SetFaults(std::string_view option, const std::string& list, Options& options) {
  options.fault_options = absl::StrCat(" ", vigil::ToAbsl(option), " ", list);
  const bool only = option == "--faults";
  options.faults = only ? FaultSet() : AllFaults();
  for (const auto name : absl::StrSplit(list, ',')) {
    const auto kind = vigil::sim::FindFault(vigil::ToStd(name));
    if (!kind) Usage("an unknown kind of fault; see --list");
    options.faults.set(static_cast<std::size_t>(*kind), only);
  }
}

Options Parse(const std::vector<std::string>& words) {
  Options options;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const auto value = [&]() -> const std::string& {
      if (i + 1 == words.size()) Usage("a value is missing");
      return words[++i];
    };
    if (word == "--seeds") {
      AddRange(value(), options);
      options.must_strike = true;
    } else if (word == "--seed") {
      options.seeds.push_back(std::strtoull(value().c_str(), nullptr, 10));
    } else if (word == "--file") {
      AddFile(value(), options);
    } else if (word == "--faults" || word == "--without") {
      SetFaults(word, value(), options);
    } else if (word == "--trace") {
      options.trace = true;
    } else if (word == "--verbose") {
      options.verbose = true;
    } else if (word == "--json") {
      options.json = true;
    } else if (word == "--quiet") {
      options.quiet = true;
    } else if (word == "--list") {
      for (std::size_t kind = 0; kind < kFaults; ++kind) {
        std::printf("%-24s %s\n", std::string(NameOf(static_cast<Fault>(kind))).c_str(),
                    std::string(TextOf(static_cast<Fault>(kind))).c_str());
      }
      std::exit(0);
    } else if (word == "--help") {
      std::fputs(kHelp, stdout);
      std::exit(0);
    } else {
      Usage(absl::StrCat("what is ", word, "?").c_str());
    }
  }
  if (options.seeds.empty()) Usage("which seeds?");
  return options;
}

struct Total {
  std::int64_t seeds = 0;
  std::int64_t operations = 0;
  std::int64_t violations = 0;
  std::int64_t struck = 0;
  FaultCounts faults = {};
  std::vector<std::uint64_t> failed;
};

void RunSeed(std::uint64_t seed, const Options& options, Total& total) {
  Fleet fleet({.seed = seed, .allowed = options.faults, .verbose = options.verbose});
  const Fleet::Result result = fleet.Run();
  ++total.seeds;
  total.operations += result.operations;
  total.violations += static_cast<std::int64_t>(result.violations.size());
  for (std::size_t kind = 0; kind < kFaults; ++kind) {
    total.faults[kind] += result.faults[kind];
    total.struck += result.faults[kind];
  }
  if (options.trace) {
    std::printf("trace: seed=%llu hash=%s\n", static_cast<unsigned long long>(seed),
                result.trace_hash.c_str());
  }
  if (result.violations.empty()) return;
  total.failed.push_back(seed);
  for (const std::string& violation : result.violations) {
    std::printf("violation: %s\n", violation.c_str());
  }
  std::printf("repeat it with: vigil_sim --seed %llu%s --verbose\n",
              static_cast<unsigned long long>(seed), options.fault_options.c_str());
  std::fflush(stdout);
}

void Progress(const Options& options, const Total& total) {
  constexpr std::int64_t kEach = 50;
  if (options.quiet || options.verbose || total.seeds % kEach != 0) return;
  std::fprintf(stderr, "%lld of %zu seeds, %lld violations\n", static_cast<long long>(total.seeds),
               options.seeds.size(), static_cast<long long>(total.violations));
}

// Returns the number of kinds that should have struck and did not.
int PrintFaults(const Options& options, const Total& total) {
  int missing = 0;
  for (std::size_t kind = 0; kind < kFaults; ++kind) {
    if (!options.faults.test(kind)) continue;
    if (options.must_strike && total.faults[kind] == 0) ++missing;
    std::printf("fault: %-24s %lld\n", std::string(NameOf(static_cast<Fault>(kind))).c_str(),
                static_cast<long long>(total.faults[kind]));
  }
  return missing;
}

void PrintJson(const Total& total) {
  std::vector<std::string> faults;
  for (std::size_t kind = 0; kind < kFaults; ++kind) {
    faults.push_back(absl::StrCat("\"", vigil::ToAbsl(NameOf(static_cast<Fault>(kind))),
                                  "\":", total.faults[kind]));
  }
  std::printf(
      "{\"seeds\":%lld,\"operations\":%lld,\"faults\":{%s},\"violations\":%lld,\"failed\":[%s]}\n",
      static_cast<long long>(total.seeds), static_cast<long long>(total.operations),
      absl::StrJoin(faults, ",").c_str(), static_cast<long long>(total.violations),
      absl::StrJoin(total.failed, ",").c_str());
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = Parse(std::vector<std::string>(argv + 1, argv + argc));
  std::signal(SIGINT, &OnSignal);
  Total total;
  for (const std::uint64_t seed : options.seeds) {
    if (interrupted != 0) break;
    RunSeed(seed, options, total);
    Progress(options, total);
  }
  int missing = 0;
  if (options.json) {
    PrintJson(total);
  } else {
    missing = PrintFaults(options, total);
    if (missing > 0) std::printf("failed: %d kinds of faults never struck\n", missing);
  }
  std::printf("sim: seeds=%lld operations=%lld faults=%lld violations=%lld\n",
              static_cast<long long>(total.seeds), static_cast<long long>(total.operations),
              static_cast<long long>(total.struck), static_cast<long long>(total.violations));
  return total.violations > 0 || missing > 0 || interrupted != 0 ? 1 : 0;
}
