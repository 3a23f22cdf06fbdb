#include "tests/support/sim_files.h"

#include <limits>

#include "sync/base/status.h"

namespace vigil::testing {
namespace {

absl::Status Failed() { return absl::UnavailableError("the simulated disk fails"); }

}  // namespace

SimFiles::Effect SimFiles::Next() {
  ++effects_;
  if (effects_left_ == -2) return Effect::kNone;
  if (effects_left_ < 0) return Effect::kWhole;
  if (effects_left_ == 0) {
    // Once only: then nothing works any more.
    effects_left_ = -2;
    return Effect::kHalf;
  }
  --effects_left_;
  return Effect::kWhole;
}

void SimFiles::Crash() {
  disk_.Crash();
  effects_left_ = -1;
}

absl::StatusOr<SimDisk::FilePtr> SimFiles::Find(const std::string& path) const {
  SimDisk::FilePtr file = disk_.Find(path);
  if (file == nullptr) return absl::NotFoundError(path);
  return file;
}

absl::StatusOr<std::string> SimFiles::Read(const std::string& path, std::size_t bytes_max) {
  VIGIL_ASSIGN_OR_RETURN(const SimDisk::FilePtr file, Find(path));
  if (file->current().size() > bytes_max) return absl::OutOfRangeError(path);
  return file->current();
}

absl::StatusOr<std::string> SimFiles::ReadRange(const std::string& path, std::int64_t offset,
                                                std::size_t bytes_max) {
  VIGIL_ASSIGN_OR_RETURN(const SimDisk::FilePtr file, Find(path));
  const auto from = static_cast<std::size_t>(offset);
  if (from >= file->current().size()) return std::string();
  return file->current().substr(from, bytes_max);
}

absl::Status SimFiles::WriteAtomic(const std::string& path, std::string_view bytes,
                                   const WriteOptions& options) {
  if (options.must_be_new && disk_.Find(path) != nullptr) return absl::AlreadyExistsError(path);
  if (Next() != Effect::kWhole) return Failed();
  disk_.SetContent(path, bytes);
  return absl::OkStatus();
}

absl::Status SimFiles::Append(const std::string& path, std::string_view bytes) {
  const Effect effect = Next();
  if (effect == Effect::kNone) return Failed();
  SimDisk::FilePtr file = disk_.Find(path);
  if (file == nullptr) file = disk_.Create(path);
  const std::size_t size = effect == Effect::kHalf ? bytes.size() / 2 : bytes.size();
  file->Write(file->current().size(), bytes.substr(0, size));
  return effect == Effect::kHalf ? Failed() : absl::OkStatus();
}

absl::Status SimFiles::Rename(const std::string& from, const std::string& to) {
  const Effect effect = Next();
  if (effect == Effect::kNone) return Failed();
  if (!disk_.Rename(from, to, effect == Effect::kWhole)) return absl::NotFoundError(from);
  return effect == Effect::kHalf ? Failed() : absl::OkStatus();
}

absl::Status SimFiles::Link(const std::string& path, const std::string& also) {
  const Effect effect = Next();
  if (effect == Effect::kNone) return Failed();
  VIGIL_RETURN_IF_ERROR(Find(path).status());
  if (!disk_.Link(path, also, effect == Effect::kWhole)) return absl::AlreadyExistsError(also);
  return effect == Effect::kHalf ? Failed() : absl::OkStatus();
}

bool SimFiles::Exists(const std::string& path) {
  return disk_.Find(path) != nullptr || directories_.count(path) > 0;
}

absl::StatusOr<std::int64_t> SimFiles::Size(const std::string& path) {
  VIGIL_ASSIGN_OR_RETURN(const SimDisk::FilePtr file, Find(path));
  return static_cast<std::int64_t>(file->current().size());
}

absl::Status SimFiles::Remove(const std::string& path) {
  const Effect effect = Next();
  if (effect == Effect::kNone) return Failed();
  disk_.Remove(path, false);
  return effect == Effect::kHalf ? Failed() : absl::OkStatus();
}

absl::Status SimFiles::MakeDirectories(const std::string& path, unsigned) {
  if (Next() != Effect::kWhole) return Failed();
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    directories_.insert(path.substr(0, slash));
  }
  directories_.insert(path);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> SimFiles::List(const std::string& path) {
  if (directories_.count(path) == 0) return absl::NotFoundError(path);
  std::set<std::string> names;
  const std::string prefix = path + "/";
  const auto add = [&](const std::string& whole) {
    if (!whole.starts_with(prefix)) return;
    names.insert(whole.substr(prefix.size(), whole.find('/', prefix.size()) - prefix.size()));
  };
  for (const std::string& file : disk_.Paths()) add(file);
  for (const std::string& directory : directories_) add(directory);
  return std::vector<std::string>(names.begin(), names.end());
}

absl::Status SimFiles::Sync(const std::string& path) {
  const Effect effect = Next();
  if (effect != Effect::kWhole) return Failed();
  if (directories_.count(path) > 0) {
    disk_.SyncNames();
    return absl::OkStatus();
  }
  VIGIL_ASSIGN_OR_RETURN(const SimDisk::FilePtr file, Find(path));
  disk_.Sync(file, path);
  return absl::OkStatus();
}

absl::StatusOr<std::int64_t> SimFiles::FreeBytes(const std::string&) {
  return std::numeric_limits<std::int64_t>::max();
}

}  // namespace vigil::testing
