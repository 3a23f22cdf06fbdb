#include "tests/sim/acknowledged.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace vigil::sim {

void AcknowledgedWork::Answered(const v1::Outcome& outcome) {
  if (outcome.verdict() == v1::VERDICT_DEFERRED) return;
  if (outcome.seq() == 0) {
    return world_.Violation("acknowledged",
                            absl::StrCat(outcome.operation(), ": answered without a place"));
  }
  v1::Outcome stored = outcome;
  stored.clear_repeat();
  const Answer answer = {epochs_.current(), outcome.seq(), outcome.verdict(),
                         stored.SerializeAsString()};
  std::vector<Answer>& answers = answers_[outcome.operation()];
  for (const Answer& known : answers) {
    if (!epochs_.IsInForce(known.epoch, known.seq)) continue;
    if (known.bytes == answer.bytes) return;
    world_.Violation("acknowledged", absl::StrCat(outcome.operation(), ": answered as ",
                                                  outcome.seq(), " and before as ", known.seq));
  }
  answers.push_back(answer);
}

void AcknowledgedWork::Greeted(const v1::HelloResponse& hello) {
  std::uint64_t& archived = archived_[epochs_.current()];
  archived = std::max(archived, hello.archived_seq());
}

bool AcknowledgedWork::WasArchived(const std::string& operation) const {
  const auto answers = answers_.find(operation);
  if (answers == answers_.end()) return false;
  for (const Answer& answer : answers->second) {
    for (const auto& [epoch, seq] : archived_) {
      if (answer.seq <= seq && answer.seq <= epochs_.Shared(answer.epoch, epoch)) return true;
    }
  }
  return false;
}

v1::Verdict AcknowledgedWork::LastVerdict(const std::string& operation) const {
  const auto answers = answers_.find(operation);
  return answers == answers_.end() ? v1::VERDICT_UNSPECIFIED : answers->second.back().verdict;
}

void AcknowledgedWork::Check(store::Snapshot& snapshot) {
  for (const auto& [operation, answers] : answers_) {
    for (const Answer& answer : answers) {
      if (!epochs_.IsInForce(answer.epoch, answer.seq)) continue;
      const auto stored = snapshot.FindOutcome(*Uuid::Parse(operation));
      if (!stored.ok()) return;
      if (!stored->has_value()) {
        world_.Violation("acknowledged", absl::StrCat(operation, ": was answered as seq ",
                                                      answer.seq, " and is not in the register"));
      } else if ((*stored)->outcome_bytes != answer.bytes) {
        world_.Violation("acknowledged",
                         absl::StrCat(operation, ": the register's outcome is another one"));
      }
    }
  }
}

// What rests on something that is not there waits for it, and so does what its author must decide
// on: visibly.
bool AcknowledgedWork::MayWait(const replica::OutboxItem& item) {
  return item.state != replica::OutboxState::kPending && item.state != replica::OutboxState::kSent;
}

void AcknowledgedWork::CheckRegained(store::Snapshot& snapshot, Phone& phone) {
  const auto outbox = phone.replica().Outbox();
  const auto attention = phone.replica().Attention();
  if (!outbox.ok() || !attention.ok()) return;
  for (const auto& [id, made] : book_.entries()) {
    if (!made.phone || !made.kept || made.operation.device() != phone.user().device) continue;
    const auto is_it = [&, operation = id](const auto& item) {
      return item.operation.id() == operation;
    };
    const auto complain = [&, operation = id](std::string_view what) {
      const bool answered = answers_.contains(operation);
      world_.Violation("acknowledged", absl::StrCat(phone.name(), ": ", operation,
                                                    answered ? ", which was acknowledged, " : ", ",
                                                    std::string(what)));
    };
    const auto stored = snapshot.FindOutcome(*Uuid::Parse(id));
    const auto known = phone.replica().FindOutcome(id);
    if (!stored.ok() || !known.ok()) return;
    const auto waits = std::find_if(outbox->begin(), outbox->end(), is_it);
    if (!stored->has_value()) {
      if (waits == outbox->end() || !MayWait(*waits)) complain("is not in the register");
      continue;
    }
    v1::Outcome outcome;
    (void)outcome.ParseFromString((*stored)->outcome_bytes);
    if (known->has_value() && (*known)->seq() != outcome.seq()) {
      complain("has another outcome on the phone than in the register");
    }
    if (outcome.verdict() != v1::VERDICT_REFUSED) continue;
    if (outcome.error().reason() == v1::REASON_UNSPECIFIED)
      complain("was refused without a reason");
    if (std::none_of(attention->begin(), attention->end(), is_it)) {
      complain("was refused, and its author does not see it");
    }
  }
}

}  // namespace vigil::sim
