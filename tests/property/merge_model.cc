#include "tests/property/merge_model.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sync/base/check.h"
#include "sync/rules/merge.h"
#include "sync/rules/record.h"
#include "tests/support/rules_world.h"

namespace vigil::testing {
namespace {

constexpr std::string_view kPhotoNames[] = {"p", "q", "r"};
constexpr int kPhotos = 3;

int NumberOf(Which field) {
  switch (field) {
    case Which::kText:
      return v1::Hazard::kDescriptionFieldNumber;
    case Which::kGrade:
      return v1::Hazard::kGradeFieldNumber;
    case Which::kDue:
      return v1::Hazard::kDueDateFieldNumber;
    case Which::kStatus:
      return v1::Hazard::kStatusFieldNumber;
    case Which::kPhotos:
      return v1::Hazard::kPhotosFieldNumber;
  }
  return 0;
}

const rules::EntityInfo& Info() { return *rules::Schema::Get().FindEntity("hazard"); }
const rules::FieldInfo& FieldOf(Which field) { return *Info().Find(NumberOf(field)); }

std::string NameOf(const OpId& id) {
  return id.device < 0 ? "maker:1" : absl::StrCat("d", id.device, ":", id.number);
}

// Of a set: which elements a number adds and removes; an element may be in neither.
bool Adds(int value, int element) { return (value >> element & 1) != 0; }
bool Removes(int value, int element) {
  return !Adds(value, element) && (value >> (kPhotos + element) & 1) != 0;
}

// How vigilant a value is, said here once more and without the schema.
int Vigilance(Which field, int value) {
  switch (field) {
    case Which::kGrade:
      return value % 3;
    case Which::kDue:
      return value % 4 == 0 ? 0 : 100 - value % 4;
    case Which::kStatus:
      return 9 - value % 9;
    default:
      return 0;
  }
}

v1::Hazard Body(Which field, int value) {
  v1::Hazard body;
  switch (field) {
    case Which::kText:
      body.set_description(absl::StrCat("text ", value));
      break;
    case Which::kGrade:
      if (value % 3 != 0) body.set_grade(static_cast<v1::HazardGrade>(value % 3));
      break;
    case Which::kDue:
      if (value % 4 != 0) {
        body.mutable_due_date()->set_year(2017);
        body.mutable_due_date()->set_month(7);
        body.mutable_due_date()->set_day(value % 4);
      }
      break;
    case Which::kStatus:
      body.set_status(static_cast<v1::HazardStatus>(1 + value % 9));
      break;
    case Which::kPhotos:
      for (int i = 0; i < kPhotos; ++i) {
        if (Adds(value, i)) body.add_photos()->set_sha256(std::string(kPhotoNames[i]));
      }
      break;
  }
  return body;
}

v1::Hazard Removed(int value) {
  v1::Hazard body;
  for (int i = 0; i < kPhotos; ++i) {
    if (Removes(value, i)) body.add_photos()->set_sha256(std::string(kPhotoNames[i]));
  }
  return body;
}

// The numbers stand for few values, and these are asked for millions of times.
const std::string& Shown(Which field, int value) {
  static auto& shown = *new std::map<std::pair<Which, int>, std::string>;
  const auto [found, added] = shown.try_emplace({field, value});
  if (added) found->second = rules::ValueText(Body(field, value), FieldOf(field));
  return found->second;
}

// A record begins with a text, reported, and one photo.
const std::map<Which, int>& MadeWith() {
  static const std::map<Which, int> made = {
      {Which::kText, 0}, {Which::kStatus, 0}, {Which::kPhotos, 1}};
  return made;
}

v1::Stamp StampOf(const ModelOp& op, int record, std::uint64_t seq) {
  v1::Stamp stamp;
  stamp.set_seq(seq);
  stamp.set_device(absl::StrCat("d", op.id.device));
  stamp.set_device_seq(static_cast<std::uint64_t>(op.id.number));
  stamp.set_seen(op.seen[static_cast<std::size_t>(record)]);
  stamp.set_covers_own(op.phone);
  stamp.mutable_observed_at()->set_seconds(1498874400 + op.observed);
  return stamp;
}

}  // namespace

std::vector<MergeOracle::Seen> MergeOracle::WritesOf(int record, Which field) const {
  static const ModelOp maker;
  std::vector<Seen> writes;
  const auto made = MadeWith().find(field);
  if (field != Which::kPhotos || made != MadeWith().end()) {
    // A field that the maker left unset counts as cleared by him.
    writes.push_back({&maker, made == MadeWith().end() ? 0 : made->second});
  }
  for (const ModelOp& op : ops_) {
    for (const Change& change : op.changes[static_cast<std::size_t>(record)]) {
      if (change.field == field) writes.push_back({&op, change.value});
    }
  }
  return writes;
}

bool MergeOracle::IsCovered(int record, Which field, const Seen& write, int element) const {
  const auto index = static_cast<std::size_t>(record);
  const std::vector<Seen> all = WritesOf(record, field);
  // Writes with equal keys are one write.
  std::set<OpId> same = {write.op->id};
  for (const Seen& other : all) {
    const bool twin = field == Which::kStatus && !write.op->key[index].empty() &&
                      other.op->key[index] == write.op->key[index];
    if (twin) same.insert(other.op->id);
  }
  return std::any_of(all.begin(), all.end(), [&](const Seen& other) {
    const bool touches =
        field != Which::kPhotos || Adds(other.value, element) || Removes(other.value, element);
    return touches && std::any_of(same.begin(), same.end(), [&](const OpId& id) {
             return other.op->knew[index].contains(id);
           });
  });
}

std::vector<std::string> MergeOracle::Siblings(int record, Which field) const {
  std::vector<std::string> siblings;
  for (const Seen& write : WritesOf(record, field)) {
    if (field != Which::kPhotos) {
      if (IsCovered(record, field, write, 0)) continue;
      siblings.push_back(absl::StrCat(NameOf(write.op->id), "=", Shown(field, write.value)));
      continue;
    }
    for (int i = 0; i < kPhotos; ++i) {
      if (!Adds(write.value, i) || IsCovered(record, field, write, i)) continue;
      siblings.push_back(absl::StrCat(NameOf(write.op->id), "=", Shown(field, 1 << i)));
    }
  }
  std::sort(siblings.begin(), siblings.end());
  return siblings;
}

std::string MergeOracle::InForce(int record, Which field) const {
  if (field == Which::kPhotos) {
    std::set<std::string> elements;
    for (const std::string& sibling : Siblings(record, field)) {
      elements.insert(sibling.substr(sibling.find('=') + 1));
    }
    return absl::StrJoin(elements, "; ");
  }
  const Seen* best = nullptr;
  const std::vector<Seen> all = WritesOf(record, field);
  const auto key = [&](const Seen& write) {
    const OpId& id = write.op->id;
    return std::make_tuple(Vigilance(field, write.value), id.device < 0 ? -1 : write.op->observed,
                           id.device, id.number);
  };
  for (const Seen& write : all) {
    if (IsCovered(record, field, write, 0)) continue;
    if (best == nullptr || key(write) > key(*best)) best = &write;
  }
  VIGIL_CHECK(best != nullptr) << "every write is covered";
  return Shown(field, best->value);
}

std::string MergeOracle::KeyFor(int record, const std::set<OpId>& knew) const {
  MergeOracle known;
  for (const ModelOp& op : ops_) {
    if (knew.contains(op.id)) known.Add(op);
  }
  std::set<std::string> seen;
  for (const Seen& write : known.WritesOf(record, Which::kStatus)) {
    if (known.IsCovered(record, Which::kStatus, write, 0)) continue;
    const std::string& key = write.op->key[static_cast<std::size_t>(record)];
    seen.insert(key.empty() ? NameOf(write.op->id) : absl::StrCat("(", key, ")"));
  }
  return absl::StrCat("lower<", absl::StrJoin(seen, ","));
}

MergedRegister::MergedRegister() {
  for (int i = 0; i < kRecords; ++i) {
    v1::RecordWrite write;
    write.set_record(absl::StrCat("record ", i));
    write.set_kind(static_cast<std::uint32_t>(Info().number));
    write.set_creates(true);
    for (const auto& [field, value] : MadeWith()) {
      v1::FieldWrite& added = *write.add_fields();
      added.set_field(static_cast<std::uint32_t>(NumberOf(field)));
      added.set_value(rules::FieldBytes(Body(field, value), FieldOf(field)));
    }
    v1::Stamp stamp;
    stamp.set_seq(1);
    stamp.set_device("maker");
    stamp.set_device_seq(1);
    const absl::Status made = rules::Merge(write, stamp, records_[static_cast<std::size_t>(i)]);
    VIGIL_CHECK(made.ok()) << made.ToString();
  }
  seq_ = 1;
}

void MergedRegister::Take(const ModelOp& op) {
  ++seq_;
  for (int i = 0; i < kRecords; ++i) {
    const auto index = static_cast<std::size_t>(i);
    if (op.changes[index].empty()) continue;
    v1::RecordWrite write;
    write.set_record(absl::StrCat("record ", i));
    write.set_kind(static_cast<std::uint32_t>(Info().number));
    for (const Change& change : op.changes[index]) {
      v1::FieldWrite& added = *write.add_fields();
      added.set_field(static_cast<std::uint32_t>(NumberOf(change.field)));
      added.set_value(rules::FieldBytes(Body(change.field, change.value), FieldOf(change.field)));
      if (change.field == Which::kPhotos) {
        added.set_removed(rules::FieldBytes(Removed(change.value), FieldOf(change.field)));
      }
      if (change.field == Which::kStatus) added.set_event_key(op.key[index]);
    }
    const absl::Status merged = rules::Merge(write, StampOf(op, i, seq_), records_[index]);
    VIGIL_CHECK(merged.ok()) << merged.ToString();
  }
}

std::string MergedRegister::Differences(const MergeOracle& oracle) const {
  std::string faults;
  for (int i = 0; i < kRecords; ++i) {
    for (const Which field : kAllFields) faults += Difference(oracle, i, field);
  }
  return faults;
}

std::string MergedRegister::DifferencesAfter(const ModelOp& op, const MergeOracle& oracle) const {
  std::string faults;
  for (int i = 0; i < kRecords; ++i) {
    for (const Change& change : op.changes[static_cast<std::size_t>(i)]) {
      faults += Difference(oracle, i, change.field);
    }
  }
  return faults;
}

std::string MergedRegister::Difference(const MergeOracle& oracle, int index, Which which) const {
  const v1::Record& record = this->record(index);
  const rules::FieldInfo& field = FieldOf(which);
  std::vector<std::string> siblings;
  for (const v1::Write& write : rules::LiveWrites(record, field)) {
    v1::Hazard body;
    VIGIL_CHECK(body.ParseFromString(write.value()));
    siblings.push_back(
        absl::StrCat(rules::IdentityOf(write.stamp()), "=", rules::ValueText(body, field)));
  }
  std::sort(siblings.begin(), siblings.end());
  const std::vector<std::string> expected = oracle.Siblings(index, which);
  if (siblings != expected) {
    return absl::StrCat("record ", index, " ", field.name(), ": siblings are [",
                        absl::StrJoin(siblings, " | "), "], the oracle says [",
                        absl::StrJoin(expected, " | "), "]\n");
  }
  std::string shown = rules::ValueText(record.entity().hazard(), field);
  if (which == Which::kPhotos) {
    std::set<std::string> elements;
    for (const v1::Evidence& photo : record.entity().hazard().photos()) {
      v1::Hazard alone;
      *alone.add_photos() = photo;
      elements.insert(rules::ValueText(alone, field));
    }
    shown = absl::StrJoin(elements, "; ");
  }
  if (shown == oracle.InForce(index, which)) return "";
  return absl::StrCat("record ", index, " ", field.name(), ": in force is [", shown,
                      "], the oracle says [", oracle.InForce(index, which), "]\n");
}

std::string MergedRegister::Canonical() const {
  return absl::StrCat(testing::Canonical(records_[0]), testing::Canonical(records_[1]));
}

MergeModel::MergeModel(const std::vector<bool>& phones) {
  for (const bool phone : phones) devices_.emplace_back().phone = phone;
}

bool MergeModel::PullPage(int device) {
  Device& puller = At(device);
  int next = -1;
  for (int i = 0; i < kRecords; ++i) {
    const std::uint64_t version = merged_.record(i).version();
    if (version <= puller.cursor) continue;
    if (next < 0 || version < merged_.record(next).version()) next = i;
  }
  if (next < 0) return false;
  const auto index = static_cast<std::size_t>(next);
  // A page never splits a seq: what the same operation changed comes with it.
  const std::uint64_t version = merged_.record(next).version();
  for (std::size_t i = 0; i < kRecords; ++i) {
    if (i != index && merged_.record(static_cast<int>(i)).version() != version) continue;
    puller.held[i] = {.version = version, .knew = arrived_ids_[i]};
  }
  puller.cursor = version;
  return true;
}

void MergeModel::PullAll(int device) {
  while (PullPage(device)) {
  }
}

void MergeModel::Make(int device, const std::array<std::vector<Change>, kRecords>& changes,
                      int observed) {
  Device& maker = At(device);
  ModelOp op;
  op.id = {.device = device, .number = ++maker.made};
  op.phone = maker.phone;
  op.observed = observed;
  op.changes = changes;
  MergeOracle everything;
  for (const auto& [id, other] : all_) everything.Add(other);
  for (int i = 0; i < kRecords; ++i) {
    const auto index = static_cast<std::size_t>(i);
    op.knew[index] = maker.held[index].knew;
    if (maker.phone) op.knew[index].insert(maker.own[index].begin(), maker.own[index].end());
    op.seen[index] = maker.held[index].version;
    for (const Change& change : changes[index]) {
      const bool lowers = change.field == Which::kStatus && change.value % 9 >= 4;
      if (lowers) op.key[index] = everything.KeyFor(i, op.knew[index]);
    }
    if (!changes[index].empty()) maker.own[index].insert(op.id);
  }
  all_[op.id] = op;
  maker.unsent.push_back(std::move(op));
}

void MergeModel::Push(int device) {
  Device& pusher = At(device);
  const ModelOp op = pusher.unsent.front();
  pusher.unsent.erase(pusher.unsent.begin());
  merged_.Take(op);
  oracle_.Add(op);
  for (std::size_t i = 0; i < kRecords; ++i) {
    if (!op.changes[i].empty()) arrived_ids_[i].insert(op.id);
  }
  arrived_.push_back(op);
}

bool Rearrange(std::vector<ModelOp>& ops) {
  for (std::size_t at = 0; at < ops.size(); ++at) {
    ModelOp& op = ops[at];
    for (std::size_t record = 0; record < kRecords; ++record) {
      std::set<OpId> own;
      for (std::size_t i = 0; i < ops.size(); ++i) {
        const bool earlier = ops[i].id.device == op.id.device && ops[i].id.number < op.id.number;
        if (earlier && i > at) return false;
        if (earlier && op.phone && !ops[i].changes[record].empty()) own.insert(ops[i].id);
      }
      bool found = false;
      std::set<OpId> prefix = {OpId{}};
      for (std::size_t length = 0; length <= at && !found; ++length) {
        if (length > 0 && !ops[length - 1].changes[record].empty()) {
          prefix.insert(ops[length - 1].id);
        }
        std::set<OpId> knew = prefix;
        knew.insert(own.begin(), own.end());
        if (knew != op.knew[record]) continue;
        // The first operation has seq 2: the records were made before.
        op.seen[record] = 1 + length;
        found = true;
      }
      if (!found) return false;
    }
  }
  return true;
}

}  // namespace vigil::testing
