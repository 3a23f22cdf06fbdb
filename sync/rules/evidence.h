#ifndef VIGIL_SYNC_RULES_EVIDENCE_H_
#define VIGIL_SYNC_RULES_EVIDENCE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "vigil/v1/common.pb.h"
#include "vigil/v1/record.pb.h"

// Photos and documents as records name them, and what a file must be to be one.

namespace vigil::rules {

// First bytes of a file that are enough to tell what it is.
inline constexpr std::size_t kMediaTypeBytes = 16;

// What a file is, as "image/jpeg", by its first bytes and not by its name; empty where it is none
// of the kinds that can be told.
std::string_view MediaTypeOf(std::string_view first_bytes);

// All kinds that MediaTypeOf knows.
const std::vector<std::string>& MediaTypes();

// What an unchanged register takes: photos and documents.
const std::vector<std::string>& UsualMediaTypes();

// What nobody takes more than of one content.
inline constexpr std::size_t kEvidenceBytesMax = std::size_t{1} << 30;

// What a record says of a content, without a caption; of at most `bytes_max`. TOO_LARGE,
// MEDIA_TYPE_REFUSED.
absl::StatusOr<v1::Evidence> DescribeEvidence(std::string_view content, std::size_t bytes_max);

// All that the message (an operation or a part of one) names, however deep, in the order of fields.
std::vector<v1::Evidence> EvidenceIn(const google::protobuf::Message& message);
// The same for a record, values in conflict among it. Each content once.
std::vector<v1::Evidence> EvidenceOf(const v1::Record& record);

}  // namespace vigil::rules

#endif  // VIGIL_SYNC_RULES_EVIDENCE_H_
