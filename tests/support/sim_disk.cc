#include "tests/support/sim_disk.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace vigil::testing {
namespace {

constexpr std::size_t kSectorBytes = 512;

void WriteInto(std::size_t offset, std::string_view bytes, std::string& content) {
  if (content.size() < offset + bytes.size()) content.resize(offset + bytes.size());
  std::copy(bytes.begin(), bytes.end(), content.begin() + static_cast<std::ptrdiff_t>(offset));
}

}  // namespace

void SimFile::Apply(const Step& step, std::string& content) {
  if (step.truncates) {
    content.resize(step.offset);
  } else {
    WriteInto(step.offset, step.bytes, content);
  }
}

void SimFile::Write(std::size_t offset, std::string_view bytes) {
  WriteInto(offset, bytes, current_);
  unsynced_.push_back({offset, std::string(bytes), false});
}

void SimFile::Truncate(std::size_t size) {
  current_.resize(size);
  unsynced_.push_back({size, "", true});
}

void SimFile::Sync() {
  for (const Step& step : unsynced_) Apply(step, durable_);
  unsynced_.clear();
}

void SimFile::FailSync(Random& random) {
  durable_ = Survivor(random);
  unsynced_.clear();
}

std::string SimFile::Survivor(Random& random) const {
  std::string content = durable_;
  // Some crashes lose nearly all, some nearly nothing: both ends find other faults than the middle.
  const double kept = random.Unit();
  for (const Step& step : unsynced_) {
    if (random.Chance(kept)) {
      Apply(step, content);
    } else if (!step.truncates && step.bytes.size() > kSectorBytes && random.Chance(0.5)) {
      // Torn where the sectors of the disk are.
      const std::size_t sectors = (step.bytes.size() - 1) / kSectorBytes;
      const std::size_t size =
          kSectorBytes * (1 + random.Below(sectors)) - step.offset % kSectorBytes;
      WriteInto(step.offset, std::string_view(step.bytes).substr(0, size), content);
    }
  }
  return content;
}

SimDisk::FilePtr SimDisk::Find(std::string_view path) const {
  const auto found = names_.find(path);
  return found == names_.end() ? nullptr : found->second;
}

SimDisk::FilePtr SimDisk::Create(std::string_view path) {
  auto file = std::make_shared<SimFile>();
  names_.insert_or_assign(std::string(path), file);
  return file;
}

bool SimDisk::Remove(std::string_view path, bool durably) {
  const auto found = names_.find(path);
  if (found == names_.end()) return false;
  names_.erase(found);
  if (durably) durable_names_.erase(std::string(path));
  return true;
}

bool SimDisk::Rename(std::string_view from, std::string_view to, bool durably) {
  const FilePtr file = Find(from);
  if (file == nullptr) return false;
  names_.erase(std::string(from));
  names_.insert_or_assign(std::string(to), file);
  if (durably) durable_names_ = names_;
  return true;
}

bool SimDisk::Link(std::string_view path, std::string_view also, bool durably) {
  const FilePtr file = Find(path);
  if (file == nullptr || Find(also) != nullptr) return false;
  names_.insert_or_assign(std::string(also), file);
  if (durably) durable_names_ = names_;
  return true;
}

void SimDisk::Sync(const FilePtr& file, std::string_view path) {
  file->Sync();
  const auto durable = durable_names_.find(path);
  const bool is_new = durable == durable_names_.end() || durable->second != file;
  if (is_new && Find(path) == file) durable_names_ = names_;
}

void SimDisk::SetContent(std::string_view path, std::string_view content) {
  auto file = std::make_shared<SimFile>(content);
  names_.insert_or_assign(std::string(path), file);
  durable_names_.insert_or_assign(std::string(path), file);
}

std::vector<std::string> SimDisk::Paths() const {
  std::vector<std::string> paths;
  for (const auto& entry : names_) paths.push_back(entry.first);
  return paths;
}

void SimDisk::Crash() {
  Names before = std::move(names_);
  Names durable = std::move(durable_names_);
  names_.clear();
  durable_names_.clear();
  for (const auto& entry : before) durable.try_emplace(entry.first, nullptr);
  // Two names of one file are so afterwards, too.
  std::map<FilePtr, FilePtr> survivors;
  for (const auto& entry : durable) {
    const auto current = before.find(entry.first);
    const FilePtr newer = current == before.end() ? nullptr : current->second;
    // A name that was made or removed since the last sync may be as before or as after.
    const FilePtr& file = newer == entry.second || random_.Chance(0.5) ? newer : entry.second;
    if (file == nullptr) continue;
    FilePtr& survivor = survivors[file];
    if (survivor == nullptr) survivor = std::make_shared<SimFile>(file->Survivor(random_));
    names_.insert_or_assign(entry.first, survivor);
    durable_names_.insert_or_assign(entry.first, survivor);
  }
}

void SimDisk::Restart() {
  // The machine goes on: what was not synced is still not synced, names as well.
  std::map<FilePtr, FilePtr> restarted;
  for (Names* const names : {&names_, &durable_names_}) {
    for (auto& entry : *names) {
      FilePtr& next = restarted[entry.second];
      if (next == nullptr) next = std::make_shared<SimFile>(*entry.second);
      entry.second = next;
    }
  }
}

std::int64_t SimDisk::bytes_used() const {
  std::size_t bytes = 0;
  std::set<const SimFile*> counted;
  for (const auto& entry : names_) {
    if (counted.insert(entry.second.get()).second) bytes += entry.second->current().size();
  }
  return static_cast<std::int64_t>(bytes);
}

}  // namespace vigil::testing
