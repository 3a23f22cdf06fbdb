#include "tests/sim/people.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "sync/base/status.h"
#include "sync/rules/judge.h"
#include "sync/rules/schema.h"

namespace vigil::sim {
namespace {

class ReplicaSight final : public Sight {
 public:
  explicit ReplicaSight(replica::Replica& replica) : replica_(replica) {}
  std::vector<v1::Record> Records(std::string_view kind) override {
    std::vector<v1::Record> records;
    auto views = replica_.List({.kind = std::string(kind)});
    if (!views.ok()) return records;
    for (replica::RecordView& view : *views) records.push_back(std::move(view.record));
    return records;
  }

 private:
  replica::Replica& replica_;
};

}  // namespace

Deed DrawDeed(World& world) {
  double sum = 0;
  for (const double weight : world.plan().weights) sum += weight;
  double draw = world.random().Unit() * sum;
  for (std::size_t i = 0; i < kDeeds; ++i) {
    draw -= world.plan().weights[i];
    if (draw < 0) return static_cast<Deed>(i);
  }
  return Deed::kReport;
}

// --- Phones --------------------------------------------------------------------------------------

void PhoneUser::Begin() { ActLater(); }

void PhoneUser::ActLater() {
  const absl::Duration pause =
      world_.Between(absl::ZeroDuration(), world_.plan().pause * 2) + absl::Seconds(1);
  world_.executor().PostAt(world_.now() + pause, [this] {
    if (world_.calm()) return;
    phone_.Enter([this] { Act(); });
    ActLater();
  });
}

void PhoneUser::Act() {
  if (world_.random().Chance(0.05)) return SaveDraft();
  if (world_.random().Chance(0.05)) return LookAtAttention();
  std::optional<Form> form = OpenForm();
  if (!form) return;
  if (!world_.Draw(Fault::kOldForm)) return SendForm(*form);
  const absl::Duration open = world_.Between(absl::Minutes(1), absl::Hours(1));
  // The phone may die meanwhile: whoever filled it in has its content as a draft.
  world_.executor().PostAt(world_.now() + open,
                           [this, form = *std::move(form), user = &phone_.user()] {
                             if (world_.calm() || user != &phone_.user()) return;
                             phone_.Enter([&] {
                               world_.Note(Fault::kOldForm, phone_.name());
                               SendForm(form);
                             });
                           });
}

std::optional<PhoneUser::Form> PhoneUser::OpenForm() {
  ReplicaSight sight(phone_.replica());
  DeedContext context = {sight, world_.random(), phone_.Now(), [this] { return world_.NewId(); }};
  std::optional<v1::Operation> command = MakeDeed(DrawDeed(world_), context);
  if (!command) return std::nullopt;
  Form form{*std::move(command), {}, EpochOfPhone()};
  for (const std::string& id : rules::RecordsNamed(form.command)) {
    const auto view = phone_.replica().Find(id);
    if (view.ok() && view->has_value()) form.shown.push_back(**view);
  }
  return form;
}

std::string PhoneUser::EpochOfPhone() {
  const auto state = phone_.replica().GetSyncState();
  return state.ok() ? state->epoch : "";
}

void PhoneUser::SendForm(const Form& form) {
  Book::Entry entry;
  entry.phone = true;
  for (const replica::RecordView& view : form.shown) {
    entry.knew[view.record.id()] = {view.version, form.epoch};
  }
  const std::string epoch = EpochOfPhone();
  // What it rests on beside that counts as shown now.
  std::vector<std::string> named = rules::RecordsNamed(form.command);
  for (std::size_t i = 0; i < named.size(); ++i) {
    const auto view = phone_.replica().Find(named[i]);
    if (!view.ok() || !view->has_value()) continue;
    entry.knew.try_emplace(named[i], Book::Known{(*view)->version, epoch});
    if (!(*view)->record.parent().empty()) named.push_back((*view)->record.parent());
  }
  replica::Replica::MakeOptions options;
  options.shown = form.shown;
  options.unchecked = world_.Draw(Fault::kHostile);
  auto made = phone_.replica().Make(form.command, options);
  if (!made.ok()) {
    world_.Trace(phone_.name(), absl::StrCat("cannot make: ", made.status().ToString()));
    entry.operation = form.command;
    entry.operation.set_device(phone_.user().device);
    return book_.AddAttempt(std::move(entry));
  }
  if (options.unchecked) world_.Note(Fault::kHostile, phone_.name());
  entry.operation = std::move(made->operation);
  // A phone that is dying told nobody anything.
  entry.kept = phone_.CanSend();
  ++world_.operations;
  world_.Trace(
      phone_.name(),
      absl::StrCat("makes ", entry.operation.id(), " ",
                   rules::Schema::Get().FindCommand(entry.operation.command_case())->name));
  book_.Add(std::move(entry));
  phone_.engine().NoteLocalChange();
}

void PhoneUser::SaveDraft() {
  const absl::Status status = world_.random().Chance(0.7)
                                  ? phone_.replica().PutDraft("form", "half of a form")
                                  : phone_.replica().DeleteDraft("form");
  world_.Trace(phone_.name(), absl::StrCat("draft: ", status.ToString()));
}

void PhoneUser::LookAtAttention() {
  const auto items = phone_.replica().Attention();
  if (!items.ok() || items->empty()) return;
  const auto& item = (*items)[world_.random().Below(items->size())];
  const std::string& id = item.operation.id();
  if (!item.quarantined) {
    (void)phone_.replica().SettleAttention(id);
  } else if (world_.random().Chance(0.5)) {
    const absl::Status status = phone_.replica().Release(id);
    world_.Trace(phone_.name(), absl::StrCat("releases ", id, ": ", status.ToString()));
    phone_.engine().NoteLocalChange();
  } else {
    const absl::Status status = phone_.replica().Discard(id);
    world_.Trace(phone_.name(), absl::StrCat("gives up ", id, ": ", status.ToString()));
    if (status.ok() && phone_.CanSend()) book_.Discard(id);
  }
}

// Loses nothing and doubles nothing: all of it is known here.
void PhoneUser::ExportOutbox() {
  const auto file = phone_.replica().ExportOutbox();
  if (!file.ok()) return;
  world_.Note(Fault::kOutboxByFile, phone_.name());
  world_.executor().PostAt(
      world_.now() + world_.Between(absl::Seconds(1), absl::Minutes(30)),
      [this, bytes = *file, user = &phone_.user()] {
        if (user != &phone_.user()) return;
        phone_.Enter([&] {
          const auto imported = phone_.replica().ImportOutbox(bytes);
          world_.Trace(phone_.name(), absl::StrCat("import: ", imported.status().ToString()));
          if (imported.ok() && imported->added > 0) {
            world_.Violation("conservation", absl::StrCat(phone_.name(), ": the file held ",
                                                          imported->added, " lost operations"));
          }
        });
      });
}

// --- The office ----------------------------------------------------------------------------------

std::vector<v1::Record> RegisterSight::Records(std::string_view kind) {
  std::vector<v1::Record> records;
  const auto snapshot = server_.store().Read();
  if (!snapshot.ok()) return records;
  const rules::EntityInfo* info = rules::Schema::Get().FindEntity(kind);
  const auto page =
      (*snapshot)->Records(info->number, Uuid(), 1000, "", store::RecordScope::Everything());
  if (!page.ok()) return records;
  for (const store::StoredRecord& stored : page->records) {
    (void)records.emplace_back().ParseFromString(stored.bytes);
  }
  return records;
}

void Clerk::Begin() { ActLater(); }

void Clerk::ActLater() {
  const absl::Duration pause =
      world_.Between(absl::ZeroDuration(), world_.plan().pause) + absl::Seconds(1);
  world_.executor().PostAt(world_.now() + pause, [this] {
    if (world_.calm()) return;
    server_.Enter([this] { Act(); });
    ActLater();
  });
}

void Clerk::Act() {
  RegisterSight sight(server_);
  DeedContext context = {sight, world_.random(), server_.Now(), [this] { return world_.NewId(); }};
  std::optional<v1::Operation> command = MakeDeed(DrawDeed(world_), context);
  if (!command) return;
  const Book::Knowledge seen = SeenBy(*command);
  // He reads for a while before he decides.
  world_.executor().PostAt(world_.now() + world_.Between(absl::ZeroDuration(), absl::Minutes(5)),
                           [this, command = *std::move(command), seen] {
                             if (world_.calm()) return;
                             server_.Enter([&] { SendAsSeen(command, seen); });
                           });
}

Book::Knowledge Clerk::SeenBy(const v1::Operation& command) {
  Book::Knowledge seen;
  const auto snapshot = server_.store().Read();
  if (!snapshot.ok()) return seen;
  std::vector<std::string> named = rules::RecordsNamed(command);
  for (std::size_t i = 0; i < named.size(); ++i) {
    const std::optional<Uuid> id = Uuid::Parse(named[i]);
    if (!id) continue;
    const auto stored = (*snapshot)->FindRecord(*id);
    if (!stored.ok() || !stored->has_value()) continue;
    seen[named[i]] = {(*stored)->version.value(), server_.epoch()};
    if (!(*stored)->parent.is_nil()) named.push_back((*stored)->parent.ToString());
  }
  return seen;
}

void Clerk::Send(v1::Operation command) { SendAsSeen(command, SeenBy(command)); }

void Clerk::SendAsSeen(v1::Operation command, const Book::Knowledge& seen) {
  const absl::StatusOr<rules::Author> author = server_.AuthorOf(account_);
  if (!author.ok()) return;
  command.set_id(world_.NewId());
  command.set_device(account_.device);
  command.set_person(account_.person);
  *command.mutable_made_at() =
      google::protobuf::util::TimeUtil::MillisecondsToTimestamp(absl::ToUnixMillis(server_.Now()));
  command.set_epoch(seen.empty() ? server_.epoch() : seen.begin()->second.epoch);
  for (const auto& [record, known] : seen) {
    v1::Seen& entry = *command.add_seen();
    entry.set_record(record);
    entry.set_version(known.version);
  }
  book_.Add({.operation = command, .phone = false, .kept = false, .knew = seen});
  ++world_.operations;
  world_.Trace(account_.name,
               absl::StrCat("sends ", command.id(), " ",
                            rules::Schema::Get().FindCommand(command.command_case())->name));
  server_.Submit(*author, command, [this, id = command.id()](absl::StatusOr<v1::Outcome> outcome) {
    world_.Trace(account_.name,
                 absl::StrCat(id, ": ",
                              outcome.ok() ? v1::Verdict_Name(outcome->verdict()) + " " +
                                                 v1::Reason_Name(outcome->error().reason())
                                           : outcome.status().ToString()));
  });
}

}  // namespace vigil::sim
