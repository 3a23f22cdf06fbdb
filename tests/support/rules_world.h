#ifndef VIGIL_TESTS_SUPPORT_RULES_WORLD_H_
#define VIGIL_TESTS_SUPPORT_RULES_WORLD_H_

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "sync/rules/judge.h"
#include "sync/rules/ladder.h"
#include "sync/rules/work_calendar.h"
#include "vigil/v1/entity.pb.h"
#include "vigil/v1/operation.pb.h"
#include "vigil/v1/policy.pb.h"
#include "vigil/v1/record.pb.h"
#include "vigil/v1/view.pb.h"

// A register in memory over sync/rules alone: every version of every record, judgement on what an
// author saw, merge, and nothing else: no store, no queue, no clock but its own. Copying it is
// cheap, so that a test can let the same operations arrive in several orders.

namespace vigil::testing {

// The same name gives the same id, in every run.
std::string IdOf(std::string_view name);

// A record as it is compared between registers that took the same operations in different orders:
// every field's values with their authors and what was covered; without seq, versions, the numbers
// that the register hands out and the order of siblings.
std::string Canonical(const v1::Record& record);

// Somebody who acts: a phone, a clerk at the office, the escalation clock, an import.
struct RulesActor {
  rules::Author author;
  // Last used.
  std::uint64_t device_seq = 0;
};

class RulesWorld {
 public:
  // Holds the units, persons and risk sources named below.
  RulesWorld();

  // bureau ⊃ {department ⊃ landfill, other_department ⊃ other_unit, district}.
  const std::string bureau = IdOf("bureau");
  const std::string department = IdOf("department");
  const std::string landfill = IdOf("landfill");
  const std::string other_department = IdOf("other department");
  const std::string other_unit = IdOf("other unit");
  const std::string district = IdOf("district");
  // The landfill's and the other unit's.
  const std::string source = IdOf("source");
  const std::string other_source = IdOf("other source");

  // A person of this name with the roles, each over `unit` (empty: everywhere), and his device.
  RulesActor Phone(std::string_view name, const std::vector<v1::Role>& roles,
                   std::string_view unit);
  RulesActor Clerk(std::string_view name, const std::vector<v1::Role>& roles,
                   std::string_view unit);
  RulesActor Clock();
  RulesActor Importer();

  // An operation of the actor's, numbered and dated now, who has been shown the current versions
  // of the records. Its time passes.
  v1::Operation Begin(RulesActor& actor, const std::vector<std::string>& seen);
  // Adds one record to what the operation's author was shown.
  void See(v1::Operation& operation, const std::string& record) const;

  // Takes the operation as the register does: checks, judges at `seen`, merges. APPLIED, MERGED
  // (some field that it wrote is in conflict), REFUSED, or DEFERRED (nothing changed, no seq).
  v1::Outcome Apply(const v1::Operation& operation, const RulesActor& actor);

  // The judgement alone.
  absl::StatusOr<rules::Decision> Judge(const v1::Operation& operation,
                                        const RulesActor& actor) const;

  // Makes a record without a judgement, as an import does.
  void Put(const std::string& id, const v1::Entity& entity, const std::string& parent = "");
  // Writes single fields without a judgement: the ones set in `changes`.
  void Set(const std::string& id, const v1::Entity& changes);

  // Null: there is none.
  const v1::Record* Find(std::string_view id) const;
  const v1::Hazard& Hazard(std::string_view id) const;
  const v1::SupervisionOrder& Order(std::string_view id) const;
  v1::HazardState StateOf(std::string_view hazard) const;
  // Of the hazard and what hangs on it.
  std::vector<rules::LadderStep> StepsOf(std::string_view hazard, const v1::Ladder& ladder,
                                         absl::CivilDay today) const;

  // All records but units, persons and risk sources, for comparison; and what is derived.
  std::string Canonical() const;

  // The time that the next operation is made at and received at.
  absl::Time now() const { return now_; }
  void Advance(absl::Duration by) { now_ += by; }
  v1::Date Today() const;
  // By which working days are counted.
  rules::WorkCalendar work_calendar;

 private:
  friend class SeenWorld;
  class Source;

  // One version of a record, and the one before.
  struct Version {
    v1::Record record;
    v1::RecordWrite write;
    v1::Stamp stamp;
    std::shared_ptr<const Version> before;
  };
  struct Refusal {
    std::string device;
    std::uint64_t seq;
    std::vector<std::string> records;
  };

  RulesActor Make(std::string_view name, const std::vector<v1::Role>& roles, std::string_view unit,
                  v1::Channel channel);
  void Commit(const v1::RecordWrite& write, const v1::Stamp& stamp);
  void Number(rules::Decision& decision, std::uint64_t seq) const;

  std::map<std::string, std::shared_ptr<const Version>, std::less<>> records_;
  std::vector<Refusal> refused_;
  std::set<std::string> scenery_;
  std::uint64_t seq_ = 0;
  absl::Time now_;
};

}  // namespace vigil::testing

#endif  // VIGIL_TESTS_SUPPORT_RULES_WORLD_H_
