#ifndef VIGIL_SYNC_CLI_CONSOLE_VALUE_TEXT_H_
#define VIGIL_SYNC_CLI_CONSOLE_VALUE_TEXT_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "google/protobuf/timestamp.pb.h"
#include "sync/cli/console/text.h"
#include "vigil/v1/common.pb.h"
#include "vigil/v1/record.pb.h"
#include "vigil/v1/view.pb.h"

// Values of the contract as people read them.

namespace vigil::console {

struct Display {
  Language language = Language::kEnglish;
  // The register's.
  absl::TimeZone zone;
  // A record, by its id, in a few words ("LFU-01 一号填埋场运营单位"). Unset, or an empty answer:
  // the id itself is shown.
  std::function<std::string(std::string_view)> name_of;
};

// "2017-06-30"; empty for an unset date.
std::string DateText(const v1::Date& date);
// "2017-06-30 09:15" in the zone; empty for an unset time.
std::string TimeText(const google::protobuf::Timestamp& time, const absl::TimeZone& zone);

// "verifier @ LFU-01 until 2017-09-30 for inspector-07".
std::string GrantText(const v1::RoleGrant& grant, const Display& display);

// One field of an entity; a repeated one's elements are joined with "; ". Empty where it is unset.
std::string FieldText(const google::protobuf::Message& body,
                      const google::protobuf::FieldDescriptor& field, const Display& display);

// What is set in a command or a part of a record: "reason: no hazard, due date: 2017-06-30".
std::string BodyText(const google::protobuf::Message& body, const Display& display);

// "rectifying", "closed" …: how a hazard stands, derived states first, and tagging.
std::string StateText(const v1::HazardState& state, Language language);

// A hash over the 256 sums of a digest, by which people compare replicas.
std::string DigestText(const std::vector<std::uint64_t>& sums);

// A record with all that is set, one field on a line, aligned; fields in conflict with all their
// values. Values longer than a line stay whole.
std::string RecordText(const v1::Record& record, const Display& display);

// The record in a few words: its key, or kind and the first digits of its id.
std::string RecordName(const v1::Record& record, Language language);
// Its key and name, as people call it; empty where it has neither.
std::string RecordTitle(const v1::Record& record);
// The few words by which a record is told from its siblings.
std::string RecordGist(const v1::Record& record, const Display& display);
// "018f3b1c": the first eight characters of an id. Ids made within a minute share them.
std::string ShortId(std::string_view id);

}  // namespace vigil::console

#endif  // VIGIL_SYNC_CLI_CONSOLE_VALUE_TEXT_H_
