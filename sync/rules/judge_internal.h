#ifndef VIGIL_SYNC_RULES_JUDGE_INTERNAL_H_
#define VIGIL_SYNC_RULES_JUDGE_INTERNAL_H_

#include <initializer_list>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "sync/rules/judge.h"
#include "sync/rules/lifecycle.h"
#include "sync/rules/schema.h"

// One judgement under way; for the files judge_*.cc alone.

namespace vigil::rules::internal {

class Case {
 public:
  Case(const v1::Operation& operation, const Author& author, World& world,
       const CommandInfo& command)
      : operation_(operation), author_(author), world_(world), command_(command) {}

  const v1::Operation& operation() const { return operation_; }
  const Author& author() const { return author_; }
  World& world() { return world_; }
  const CommandInfo& command() const { return command_; }
  Decision& decision() { return decision_; }

  // The record as its author saw it. Refusal: he did not know it (NOT_SEEN), it rests on a refused
  // operation of his own, or it is of another kind. Deferral: the register does not know it yet.
  absl::StatusOr<const v1::Record*> Seen(std::string_view id, std::string_view kind);
  // The same for a reference: it must exist and be of that kind.
  absl::Status CheckReference(std::string_view id, std::string_view kind);
  // Every reference in the body.
  absl::Status CheckReferences(const EntityInfo& info, const google::protobuf::Message& body);
  // `id` is free for a new record.
  absl::Status CheckNew(std::string_view id);
  // The body's key for people is no other record's than this one's. Of two that are given the same
  // at the same time the first to arrive keeps it, as with every number.
  absl::Status CheckKeyIsFree(const EntityInfo& info, const google::protobuf::Message& body,
                              std::string_view id);

  // The org unit in whose scope the record lives (by its root); empty: everybody's.
  absl::StatusOr<std::string> ScopeOf(const v1::Record& record);
  // The author has one of the roles over the unit.
  absl::StatusOr<bool> IsAtTheTop(const std::string& unit);
  absl::StatusOr<bool> HasRole(const google::protobuf::RepeatedField<int>& roles,
                               const std::string& unit);
  absl::StatusOr<bool> InScope(const std::string& unit);
  // The command's authority over the record: a decision without it is refused, a fact is marked.
  absl::Status RequireAuthority(const v1::Record& record);
  absl::Status RequireAuthorityOver(const std::string& unit,
                                    const google::protobuf::RepeatedField<int>& roles);
  absl::Status NotPermitted(const google::protobuf::RepeatedField<int>& roles);

  // Writes fields of an existing record; `changes` holds the new values of the fields listed.
  // Returns the write for additions.
  v1::RecordWrite& Write(const v1::Record& record, const google::protobuf::Message& changes,
                         std::initializer_list<int> fields);
  // Makes a record with all set fields of the body.
  v1::RecordWrite& Create(std::string_view id, std::string_view kind, std::string_view parent,
                          const google::protobuf::Message& body);

  // Brings the event to the hazard or order: checks what the author named and saw, and writes the
  // status unless it stays. `before` is where a refused transfer returns to.
  absl::Status HazardEvent(const v1::Record& hazard, v1::HazardStatus named, Event event,
                           v1::HazardStatus before = v1::HAZARD_STATUS_UNSPECIFIED);
  absl::Status OrderEvent(const v1::Record& order, v1::OrderStatus named, Event event);

  absl::Status CheckPlan(const v1::RectificationPlan& plan);
  // The plan that a command brings or names, complete where `must_be_complete`; empty id: none.
  struct PlanPart {
    std::string plan_id;
    const v1::RectificationPlan* plan = nullptr;
    std::string existing;
    std::string hazard;
    bool must_be_complete = false;
  };
  absl::StatusOr<std::string> TakePlan(const PlanPart& part);

 private:
  // An earlier operation of the author's phone on the record was refused.
  absl::StatusOr<bool> RestsOnRefused(std::string_view record);
  absl::Status CheckInnerReferences(const FieldInfo& field, const google::protobuf::Message& value);
  template <typename Body, typename Status>
  absl::Status TakeEvent(const v1::Record& record, Status named, Event event, Status before);
  absl::Status StatusNotSeen(const v1::Record& record, std::string_view named,
                             std::string_view seen);
  std::string EventKey(const v1::Record& record, Event event, bool lowers);

  const v1::Operation& operation_;
  const Author& author_;
  World& world_;
  const CommandInfo& command_;
  Decision decision_;
};

// A text that says nothing: blanks alone, the wide ones too.
bool IsBlank(std::string_view text);
// A text that must say something.
absl::Status RequireText(std::string_view text, v1::Reason reason, std::string_view field);

v1::FieldWrite& AddField(v1::RecordWrite& write, const FieldInfo& field,
                         const google::protobuf::Message& changes);

// Whatever lifts a tag: the hazard must be VERIFIED as seen; and its status is written too, so that
// what reopens the hazard without having seen the lift stands beside it.
absl::Status LeaveMarkOfLift(Case& judged, const std::string& hazard_id);

absl::Status JudgeRecordCommand(Case& judged);
absl::Status WitnessRecord(Case& judged);
absl::Status JudgeHazardCommand(Case& judged);
absl::Status JudgeSupervisionCommand(Case& judged);

}  // namespace vigil::rules::internal

#endif  // VIGIL_SYNC_RULES_JUDGE_INTERNAL_H_
