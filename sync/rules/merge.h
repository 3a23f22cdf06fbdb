#ifndef VIGIL_SYNC_RULES_MERGE_H_
#define VIGIL_SYNC_RULES_MERGE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "sync/rules/schema.h"
#include "vigil/v1/operation.pb.h"
#include "vigil/v1/record.pb.h"

// The generic merge. It has one law: the siblings of a field are the writes that no later write
// covered. A write covers what its author knew (see Knew); what it does not cover stays beside it,
// and the field's policy says which sibling is in force. Nothing here depends on the order in
// which writes of equal knowledge arrive. Whatever is written covers what the maker left open.
//
// For a status one refinement: writes of the same openness-lowering event made from the same seen
// status (equal, non-empty event keys) are one write with several stamps. It is covered as soon as
// one of its stamps is, so that forty late accepts do not reopen a finished hazard.
//
// Writes from returned copies bring their own stamps, and cover nothing that somebody wrote.

namespace vigil::rules {

// Applies `write` to `record`, which is empty where the write creates it. The record's version
// becomes the stamp's seq (unless that is 0: a pending write on a phone). A write whose stamp is
// already there changes nothing; where it was known from a copy alone, it becomes the author's own.
// DATA_LOSS where the write is not of this record's kind.
absl::Status Merge(const v1::RecordWrite& write, const v1::Stamp& stamp, v1::Record& record);

// Brings `seen`, a record as somebody was shown it, up to what `later`, the same record since,
// still holds of writes by the phone `device`: an author knows his own work. Of what others have
// covered since, a status alone is still there. Nothing happens where `later` is of an unknown
// kind.
absl::Status MergeOwn(const v1::Record& later, std::string_view device, v1::Record& seen);

// Which of two values of a ranked field (gravest, earliest, most open) is the more vigilant: below
// 0 where it is `b`, above 0 where it is `a`. Both as FieldBytes makes them.
int CompareVigilance(const EntityInfo& info, const FieldInfo& field, const std::string& a,
                     const std::string& b);

// The live writes of a field (more than one with unequal values: it is in conflict), each with
// its value filled in. For a set: its elements.
std::vector<v1::Write> LiveWrites(const v1::Record& record, const FieldInfo& field);

// Every write of a status that the record has had, the covered ones too.
std::vector<v1::Write> StatusTrail(const v1::Record& record, const FieldInfo& field);

bool InConflict(const v1::Record& record, const FieldInfo& field);

// Fields in conflict, in the order of their numbers.
std::vector<const FieldInfo*> ConflictsOf(const v1::Record& record);

// The stamp of the write in force of a field; the record's own where the field has no state.
v1::Stamp StampInForce(const v1::Record& record, const FieldInfo& field);

}  // namespace vigil::rules

#endif  // VIGIL_SYNC_RULES_MERGE_H_
