#include "tests/sim/world.h"

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "tests/support/sim_vfs.h"

namespace vigil::sim {

namespace {

Plan PlanOf(const World::Options& options, Random& random) {
  constexpr std::uint64_t kApart = 0x9e3779b97f4a7c15;
  Plan plan = DrawPlan(random, options.allowed);
  SeededRandom apart(options.seed ^ kApart);
  DrawRestores(apart, options.allowed, plan);
  return plan;
}

}  // namespace

World::World(const Options& options)
    : options_(options),
      random_(options.seed),
      plan_(PlanOf(options, random_)),
      executor_({.seed = random_.Next()}) {
  testing::SeedSqliteRandom(random_.Next());
}

void World::Note(Fault kind, std::string_view who) {
  ++counts_[static_cast<std::size_t>(kind)];
  Trace(who, NameOf(kind));
}

void World::Trace(std::string_view who, std::string_view what) {
  const std::string line =
      absl::StrCat(FormatInstant(now()), " ", ToAbsl(who), ": ", ToAbsl(what), "\n");
  trace_.Update(line);
  if (options_.verbose) std::fputs(line.c_str(), stdout);
}

void World::Violation(std::string_view checker, std::string_view what) {
  constexpr std::size_t kViolationsMax = 20;
  std::string line = absl::StrCat(ToAbsl(checker), ": ", ToAbsl(what));
  Trace("VIOLATION", line);
  if (violations_.size() < kViolationsMax) violations_.push_back(std::move(line));
}

}  // namespace vigil::sim
