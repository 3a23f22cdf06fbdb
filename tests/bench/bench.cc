#include "tests/bench/bench.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/base/status.h"
#include "tests/bench/floor_service.h"

namespace vigil::bench {
namespace {

constexpr int kQuickShare = 50;

}  // namespace

int Bench::Sized(int full, int least) const {
  return options_.quick ? std::max(full / kQuickShare, std::min(full, least)) : full;
}

void Bench::Add(Row row) {
  if (options_.on_row) options_.on_row(row);
  rows_.push_back(std::move(row));
}

absl::StatusOr<Seed*> Bench::SeedOf(const SeedSpec& spec) {
  std::unique_ptr<Seed>& seed = seeds_[spec];
  if (seed == nullptr) {
    VIGIL_ASSIGN_OR_RETURN(
        const std::string directory,
        FreshDirectory(absl::StrCat("seed-", spec.records, spec.hazards_only ? "-hazards-" : "-",
                                    spec.phones)));
    VIGIL_ASSIGN_OR_RETURN(seed, Seed::Make(spec, directory, options_.say));
  }
  return seed.get();
}

absl::StatusOr<const Identity*> Bench::ServerIdentity() {
  if (identity_ == nullptr) {
    VIGIL_ASSIGN_OR_RETURN(const std::string directory, FreshDirectory("identity"));
    VIGIL_ASSIGN_OR_RETURN(Identity made, Identity::Make(directory));
    identity_ = std::make_unique<Identity>(std::move(made));
  }
  return identity_.get();
}

absl::Status Bench::Keep(const std::string& data_dir, std::uint64_t seq, int pushed) const {
  if (options_.keep.empty()) return absl::OkStatus();
  std::error_code error;
  std::filesystem::remove_all(options_.keep, error);
  std::filesystem::copy(data_dir, options_.keep, std::filesystem::copy_options::recursive, error);
  if (error) {
    return Error(
        absl::StatusCode::kUnavailable,
        absl::StrCat("cannot leave the register in ", options_.keep, ": ", error.message()));
  }
  Say(absl::StrCat("kept: ", options_.keep,
                   " operations=", seq + static_cast<std::uint64_t>(pushed), " pushed=", pushed));
  return absl::OkStatus();
}

absl::StatusOr<std::string> Bench::FreshDirectory(const std::string& name) const {
  const std::string path = JoinPath(options_.directory, name);
  std::error_code error;
  std::filesystem::remove_all(path, error);
  std::filesystem::create_directories(path, error);
  if (!error) return path;
  return Error(absl::StatusCode::kUnavailable,
               absl::StrCat("cannot make ", path, ": ", error.message()));
}

absl::Status AddRepeated(Bench& bench, Row row, const Measure& once) {
  for (int i = 0; i < bench.repetitions(); ++i) {
    bench.Say(absl::StrCat(row.name, ": ", i + 1, " of ", bench.repetitions()));
    VIGIL_ASSIGN_OR_RETURN(const Measured measured, once());
    row.ours.Add(measured.ours);
    row.floor.Add(measured.floor);
  }
  bench.Add(std::move(row));
  return absl::OkStatus();
}

absl::StatusOr<Measured> MediansOf(int times, const Measure& once) {
  Figures ours;
  Figures floor;
  for (int i = 0; i < times; ++i) {
    VIGIL_ASSIGN_OR_RETURN(const Measured measured, once());
    ours.Add(measured.ours);
    floor.Add(measured.floor);
  }
  return Measured{ours.Median(), floor.Median()};
}

absl::StatusOr<ServerPair> StartBoth(Bench& bench, const Seed& seed, const Identity* identity) {
  VIGIL_ASSIGN_OR_RETURN(const std::string directory, bench.FreshDirectory("both"));
  ServerPair servers;
  const std::string data_dir = JoinPath(directory, "reg");
  VIGIL_RETURN_IF_ERROR(seed.CopyTo(data_dir));
  VIGIL_ASSIGN_OR_RETURN(servers.ours, Server::StartVigild(data_dir, identity));
  const std::string file = JoinPath(directory, "floor.db");
  {
    VIGIL_ASSIGN_OR_RETURN(sqlite::Database database, OpenFloorFile(file));
    VIGIL_RETURN_IF_ERROR(AddFloorRecords(database, seed.stored()));
  }
  VIGIL_ASSIGN_OR_RETURN(servers.floor, Server::StartFloor(file, identity));
  return servers;
}

}  // namespace vigil::bench
