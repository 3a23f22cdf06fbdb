#include "sync/rules/evidence.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/descriptor.h"
#include "sync/base/hash.h"
#include "sync/rules/reason.h"
#include "sync/rules/record.h"
#include "sync/rules/schema.h"

namespace vigil::rules {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

namespace {

// A kind of file: these bytes at this place, and what stands at its beginning.
struct Mark {
  std::string_view type;
  std::string_view begins;
  std::size_t offset = 0;
  std::string_view bytes = {};
};

// Of ISO base media files (HEIC, MP4) the brand tells, of RIFF files the form.
constexpr std::array kMarks = {
    Mark{"image/jpeg", "\xff\xd8\xff"},    Mark{"image/png", "\x89PNG\r\n\x1a\n"},
    Mark{"image/webp", "RIFF", 8, "WEBP"}, Mark{"application/pdf", "%PDF-"},
    Mark{"image/heic", "", 4, "ftypheic"}, Mark{"image/heic", "", 4, "ftypheix"},
    Mark{"image/heic", "", 4, "ftypmif1"}, Mark{"image/heic", "", 4, "ftypmsf1"},
    Mark{"video/mp4", "", 4, "ftypisom"},  Mark{"video/mp4", "", 4, "ftypiso2"},
    Mark{"video/mp4", "", 4, "ftypmp41"},  Mark{"video/mp4", "", 4, "ftypmp42"},
    Mark{"video/mp4", "", 4, "ftypavc1"},
};

bool Fits(const Mark& mark, std::string_view first) {
  return first.starts_with(mark.begins) && first.size() >= mark.offset + mark.bytes.size() &&
         first.substr(mark.offset, mark.bytes.size()) == mark.bytes;
}

// By type of message: its fields that are evidence or hold some.
using Ways = absl::flat_hash_map<const Descriptor*, std::vector<const FieldDescriptor*>>;

// Whether there are any.
bool AddWays(const Descriptor& type, Ways& ways) {
  if (&type == v1::Evidence::descriptor()) return true;
  if (const auto known = ways.find(&type); known != ways.end()) return !known->second.empty();
  std::vector<const FieldDescriptor*> fields;
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* const field = type.field(i);
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (AddWays(*field->message_type(), ways)) fields.push_back(field);
  }
  std::sort(fields.begin(), fields.end(),
            [](const auto* a, const auto* b) { return a->number() < b->number(); });
  return !(ways[&type] = std::move(fields)).empty();
}

const Ways& AllWays() {
  static const Ways* const ways = [] {
    auto* const added = new Ways;
    AddWays(*v1::Operation::descriptor(), *added);
    return added;
  }();
  return *ways;
}

void Collect(const Message& message, std::vector<v1::Evidence>& found) {
  if (const auto* evidence = dynamic_cast<const v1::Evidence*>(&message)) {
    found.push_back(*evidence);
    return;
  }
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  for (const FieldDescriptor* field : AllWays().at(message.GetDescriptor())) {
    if (!field->is_repeated()) {
      if (!reflection.HasField(message, field)) continue;
      Collect(reflection.GetMessage(message, field), found);
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      Collect(reflection.GetRepeatedMessage(message, field, i), found);
    }
  }
}

}  // namespace

std::string_view MediaTypeOf(std::string_view first_bytes) {
  for (const Mark& mark : kMarks) {
    if (Fits(mark, first_bytes)) return mark.type;
  }
  return {};
}

const std::vector<std::string>& MediaTypes() {
  static const auto& types = *new std::vector<std::string>{
      "image/jpeg", "image/png", "image/webp", "image/heic", "application/pdf", "video/mp4"};
  return types;
}

const std::vector<std::string>& UsualMediaTypes() {
  static const auto& types = *new std::vector<std::string>{"image/jpeg", "image/png", "image/webp",
                                                           "image/heic", "application/pdf"};
  return types;
}

absl::StatusOr<v1::Evidence> DescribeEvidence(std::string_view content, std::size_t bytes_max) {
  if (content.size() > bytes_max) {
    return Refuse(v1::REASON_TOO_LARGE, absl::StrCat("a photo or document may have ", bytes_max,
                                                     " bytes; this file has ", content.size()))
        .With("bytes_max", static_cast<std::int64_t>(bytes_max));
  }
  v1::Evidence evidence;
  evidence.set_media_type(std::string(MediaTypeOf(content)));
  if (evidence.media_type().empty()) {
    return Refuse(v1::REASON_MEDIA_TYPE_REFUSED,
                  absl::StrCat("this file is none of the kinds that are taken: ",
                               absl::StrJoin(MediaTypes(), ", ")));
  }
  evidence.set_sha256(Sha256Of(content).ToHex());
  evidence.set_size_bytes(static_cast<std::int64_t>(content.size()));
  return evidence;
}

std::vector<v1::Evidence> EvidenceIn(const Message& message) {
  std::vector<v1::Evidence> found;
  Collect(message, found);
  return found;
}

std::vector<v1::Evidence> EvidenceOf(const v1::Record& record) {
  std::vector<v1::Evidence> found = EvidenceIn(record.entity());
  const EntityInfo* info = InfoOf(record);
  for (const v1::FieldState& state : record.states()) {
    const FieldInfo* field =
        info == nullptr ? nullptr : info->Find(static_cast<int>(state.field()));
    if (field == nullptr || field->descriptor->message_type() == nullptr) continue;
    for (const v1::Write& write : state.writes()) {
      v1::Entity alone;
      if (SetFieldBytes(*field, write.value(), MutableBodyOf(alone, *info))) Collect(alone, found);
    }
  }
  std::vector<v1::Evidence> once;
  for (v1::Evidence& evidence : found) {
    const bool is_new = std::none_of(once.begin(), once.end(), [&](const v1::Evidence& other) {
      return other.sha256() == evidence.sha256();
    });
    if (is_new) once.push_back(std::move(evidence));
  }
  return once;
}

}  // namespace vigil::rules
