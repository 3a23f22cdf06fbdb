#include "tests/sim/fleet.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/rules/reason.h"

namespace vigil::sim {
namespace {

// Longer than the longest pause of an engine (backoff, poll, or deferred work) with what may have
// to be waited for twice.
constexpr absl::Duration kSettleMax = absl::Hours(3);

}  // namespace

Fleet::Fleet(const World::Options& options)
    : world_(options),
      epochs_(world_),
      acknowledged_(world_, book_, epochs_),
      confirmed_(world_, epochs_),
      log_(world_, book_, epochs_, confirmed_),
      conservation_(world_, book_, acknowledged_),
      same_(world_),
      siblings_(world_, book_, epochs_),
      regained_(world_, book_, epochs_, confirmed_),
      waits_(world_),
      server_(world_) {}

Fleet::Result Fleet::Run() {
  Connect();
  server_.Start();
  // What it does first is done before anybody comes.
  world_.executor().RunFor(absl::Seconds(1));
  cast_ = std::make_unique<Cast>(server_);
  safe_ = std::make_unique<Safe>(server_, epochs_, cast_->administrator);
  safe_->before_restore = [this] { CheckRegister(); };
  MakePhones();
  Busy();
  Calm();
  CheckEnd();
  Result result;
  result.operations = world_.operations;
  result.faults = world_.counts();
  result.violations = world_.violations();
  result.trace_hash = world_.TraceHash().ToHex();
  // What waits holds machines that go first.
  world_.executor().DropAll();
  return result;
}

void Fleet::Connect() {
  server_.on_start = [this](const std::vector<v1::Epoch>& lineage) { epochs_.Told(lineage); };
  server_.on_answer = [this](const v1::Outcome& outcome) { acknowledged_.Answered(outcome); };
  server_.on_hello = [this](const v1::HelloResponse& hello) {
    acknowledged_.Greeted(hello);
    log_.Shown(hello.head());
  };
}

void Fleet::MakePhones() {
  for (const Account& account : cast_->phones) {
    Phone::Options options;
    options.number = static_cast<int>(phones_.size()) + 1;
    if (world_.Draw(Fault::kClockOff)) {
      world_.Note(Fault::kClockOff, account.name);
      options.clock_error = world_.Between(-absl::Hours(72), absl::Hours(72));
    }
    auto phone = std::make_unique<Phone>(world_, server_, account, options);
    if (world_.Draw(Fault::kOldClient)) {
      world_.Note(Fault::kOldClient, phone->name());
      phone->link().SetOldClient();
    }
    phone->link().on_page = [this](const v1::PullResponse& page) { log_.Shown(page.head()); };
    // It goes back in its greeting, or not at all.
    phone->link().on_greeting = [this, one = phone.get()] { confirmed_.Check(*one); };
    phone->on_session = [this, one = phone.get()](const engine::SessionReport&) {
      confirmed_.Check(*one);
    };
    phone->on_start = [this, one = phone.get()] { CheckPhone(*one); };
    users_.push_back(std::make_unique<PhoneUser>(*phone, book_));
    phones_.push_back(std::move(phone));
  }
}

void Fleet::CheckPhone(Phone& phone) {
  confirmed_.Check(phone);
  conservation_.Check(phone);
}

void Fleet::Busy() {
  for (const Account& account : cast_->clerks) {
    clerks_.push_back(std::make_unique<Clerk>(server_, account, book_));
  }
  administrator_ = std::make_unique<Clerk>(server_, cast_->administrator, book_);
  mischief_ = std::make_unique<Mischief>(
      Mischief::Parts{server_, *safe_, *cast_, phones_, users_, *administrator_, *clerks_.front()});
  for (const auto& phone : phones_) phone->Start();
  for (const auto& user : users_) user->Begin();
  for (const auto& clerk : clerks_) clerk->Begin();
  mischief_->Begin();
  world_.executor().RunFor(world_.plan().busy);
}

bool Fleet::IsBack(Phone& phone) {
  if (!phone.is_up() || !server_.AuthorOf(phone.user()).ok()) return false;
  const auto state = phone.replica().GetSyncState();
  const auto counts = phone.replica().Counts();
  return state.ok() && counts.ok() && phone.last_report().status.ok() &&
         state->epoch == epochs_.current() && counts->copies == 0;
}

bool Fleet::IsSettled(const std::vector<std::int64_t>& since) {
  if (!server_.is_up()) return false;
  const auto snapshot = server_.store().Read();
  if (!snapshot.ok()) return false;
  const auto head = (*snapshot)->GetHead();
  if (!head.ok()) return false;
  for (std::size_t i = 0; i < phones_.size(); ++i) {
    Phone& phone = *phones_[i];
    if (!phone.is_up()) return false;
    if (!server_.AuthorOf(phone.user()).ok()) continue;
    const engine::SessionReport& report = phone.last_report();
    if (phone.sessions() <= since[i] || phone.engine().in_session()) return false;
    if (!report.status.ok() || !report.complete) return false;
    const auto counts = phone.replica().Counts();
    if (!counts.ok() || counts->pending > counts->deferred || counts->copies > 0) return false;
    const auto state = phone.replica().GetSyncState();
    if (!state.ok() || state->head.seq() != head->seq.value()) return false;
    if (state->epoch != epochs_.current()) return false;
  }
  return true;
}

void Fleet::Calm() {
  world_.Calm();
  world_.Trace("world", "is calm");
  server_.DisarmAll();
  for (const auto& phone : phones_) phone->DisarmAll();
  // No clock jumps any more: what is due fires.
  world_.executor().RunFor(absl::Minutes(30));
  std::vector<std::int64_t> since;
  for (const auto& phone : phones_) since.push_back(phone->sessions());
  const absl::Time end = world_.now() + kSettleMax;
  while (!IsSettled(since)) {
    world_.executor().RunFor(absl::Minutes(1));
    if (world_.now() < end) continue;
    for (std::size_t i = 0; i < phones_.size(); ++i) {
      Phone& phone = *phones_[i];
      const auto counts = phone.is_up() ? phone.replica().Counts() : replica::StatusCounts();
      world_.Violation("stuck", absl::StrCat(phone.name(), ": up ", phone.is_up(), ", sessions ",
                                             phone.sessions() - since[i], ", last ",
                                             phone.last_report().status.ToString(), ", push ",
                                             phone.last_report().push_status.ToString(),
                                             ", pending ", counts.ok() ? counts->pending : -1));
    }
    return;
  }
}

// What a restore is about to take back is looked at now or never.
void Fleet::CheckRegister() {
  const auto snapshot = server_.store().Read();
  if (!snapshot.ok()) return world_.Violation("register", snapshot.status().ToString());
  acknowledged_.Check(**snapshot);
  log_.Check(server_);
  siblings_.Check(server_);
}

void Fleet::CheckEnd() {
  if (!server_.is_up()) return;
  CheckRegister();
  const auto snapshot = server_.store().Read();
  if (!snapshot.ok()) return world_.Violation("register", snapshot.status().ToString());
  std::set<const Phone*> back;
  for (const auto& phone : phones_) {
    if (!phone->is_up()) continue;
    CheckPhone(*phone);
    same_.Check(server_, *phone);
    if (!IsBack(*phone)) continue;
    back.insert(phone.get());
    acknowledged_.CheckRegained(**snapshot, *phone);
  }
  regained_.Check(server_, back);
  // A report that came late may have been due when it came: the clock has had its tick then.
  world_.executor().RunFor(absl::Minutes(11));
  if (server_.is_up()) waits_.Check(server_);
}

}  // namespace vigil::sim
