#include "tests/sim/writes.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "sync/base/status.h"
#include "sync/rules/record.h"
#include "vigil/v1/operation.pb.h"

namespace vigil::sim {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

std::vector<std::string> Elements(const Message& like, const rules::FieldInfo& field,
                                  const std::string& bytes) {
  const std::unique_ptr<Message> message(like.New());
  if (!message->ParseFromString(bytes)) return {};
  return rules::ElementBytes(*message, field);
}

// A form that was opened before the phone went back counts in the epoch in which it was opened, and
// so does what was shown later.
bool IsOfSeveralEpochs(const Book::Knowledge& knew) {
  return std::any_of(knew.begin(), knew.end(), [&](const auto& known) {
    return known.second.epoch != knew.begin()->second.epoch;
  });
}

void SetKnowledge(const Book::Entry& made, const std::string& record, const Epochs& epochs,
                  Write& write) {
  const auto found = made.knew.find(record);
  if (found == made.knew.end()) return;
  const Book::Known& known = found->second;
  const std::string judged_in = epochs.EpochOf(write.seq);
  const std::uint64_t shared = epochs.Shared(known.epoch, judged_in);
  write.knew_most = std::min(known.version, shared);
  // The office brings no epochs: the register may not know where a lost one branched off.
  const bool is_unsure = known.version > shared || IsOfSeveralEpochs(made.knew) ||
                         (!made.phone && known.epoch != judged_in);
  write.knew_least = is_unsure ? 0 : write.knew_most;
}

// Of what stands under a stamp of its own.
Write AuthorOf(const Write& taken, const v1::Stamp& stamp) {
  Write author;
  author.seq = taken.seq;
  author.device = stamp.device();
  author.device_seq = stamp.device_seq();
  author.witnessed = true;
  return author;
}

void AddValue(const v1::FieldWrite& change, const Write& author, const Message& like,
              const rules::FieldInfo& field, std::vector<Value>& values) {
  if (field.policy != v1::MERGE_POLICY_UNION) {
    values.push_back({.write = author, .bytes = change.value(), .event_key = change.event_key()});
    return;
  }
  for (std::string& element : Elements(like, field, change.removed())) {
    values.push_back(
        {.write = author, .bytes = std::move(element), .is_element = true, .adds = false});
  }
  for (std::string& element : Elements(like, field, change.value())) {
    values.push_back({.write = author, .bytes = std::move(element), .is_element = true});
  }
}

bool Covers(const Write& later, const Write& earlier, Coverage coverage) {
  if (later.witnessed) return false;
  const bool most = coverage == Coverage::kMost;
  if (earlier.seq <= (most ? later.knew_most : later.knew_least)) return true;
  // A phone's own come in their order; a copy of one may come after what followed it.
  const bool in_order = !earlier.witnessed || later.seq > earlier.seq;
  return later.phone && later.device == earlier.device && later.device_seq > earlier.device_seq &&
         (most || in_order);
}

}  // namespace

absl::StatusOr<std::vector<Write>> WritesOf(store::Snapshot& snapshot, const Uuid& record,
                                            const Book& book, const Epochs& epochs) {
  constexpr int kVersionsMax = 1000;
  VIGIL_ASSIGN_OR_RETURN(const std::vector<store::VersionRow> rows,
                         snapshot.History(record, Seq(0), kVersionsMax));
  std::vector<Write> writes;
  for (const store::VersionRow& row : rows) {
    v1::Stamp stamp;
    v1::Operation operation;
    Write& write = writes.emplace_back();
    if (!write.content.ParseFromString(row.write_bytes) ||
        !stamp.ParseFromString(row.stamp_bytes) ||
        !operation.ParseFromString(row.operation_bytes)) {
      return absl::DataLossError("a version cannot be read");
    }
    write.seq = row.version.value();
    write.device = stamp.device();
    write.device_seq = stamp.device_seq();
    write.witnessed = operation.has_witness_record();
    const Book::Entry* made = book.Find(operation.id());
    if (made == nullptr) made = book.FindAttempt(operation);
    if (made == nullptr) continue;
    write.phone = made->phone;
    SetKnowledge(*made, record.ToString(), epochs, write);
  }
  return writes;
}

std::vector<Value> ValuesOf(const std::vector<Write>& writes, const Message& like,
                            const rules::FieldInfo& field) {
  std::vector<Value> values;
  for (const Write& write : writes) {
    Write author = write;
    author.content.Clear();
    if (write.content.has_maker()) author = AuthorOf(write, write.content.maker());
    bool written = false;
    for (const v1::FieldWrite& change : write.content.fields()) {
      if (static_cast<int>(change.field()) != field.number()) continue;
      written = true;
      AddValue(change, change.has_stamp() ? AuthorOf(write, change.stamp()) : author, like, field,
               values);
    }
    if (!written && field.policy != v1::MERGE_POLICY_UNION && write.content.creates()) {
      values.push_back({.write = author, .bytes = "", .left_open = true});
    }
  }
  return values;
}

bool IsCovered(const Value& value, const std::vector<Value>& all, Coverage coverage) {
  return std::any_of(all.begin(), all.end(), [&](const Value& other) {
    if (value.is_element && other.bytes != value.bytes) return false;
    return std::any_of(all.begin(), all.end(), [&](const Value& same) {
      const bool one =
          &same == &value || (!value.event_key.empty() && same.event_key == value.event_key);
      return one && Covers(other.write, same.write, coverage);
    });
  });
}

bool IsRanked(v1::MergePolicy policy) {
  return policy == v1::MERGE_POLICY_GRAVEST || policy == v1::MERGE_POLICY_EARLIEST ||
         policy == v1::MERGE_POLICY_MOST_OPEN;
}

std::int64_t VigilanceOf(const Message& like, const rules::FieldInfo& field,
                         const std::string& bytes) {
  constexpr std::int64_t kNever = 100'000'000;
  const std::unique_ptr<Message> body(like.New());
  (void)body->ParseFromString(bytes);
  const auto& in = *body->GetReflection();
  const bool has = in.HasField(*body, field.descriptor);
  if (field.policy == v1::MERGE_POLICY_EARLIEST) {
    if (!has) return -kNever;
    v1::Date date;
    date.CopyFrom(in.GetMessage(*body, field.descriptor));
    return -(date.year() * 10'000 + date.month() * 100 + date.day());
  }
  if (!has) return -1;
  if (field.descriptor->cpp_type() == FieldDescriptor::CPPTYPE_BOOL) {
    return in.GetBool(*body, field.descriptor) ? 1 : 0;
  }
  return rules::Schema::RankOf(*field.descriptor->enum_type(),
                               in.GetEnumValue(*body, field.descriptor));
}

}  // namespace vigil::sim
