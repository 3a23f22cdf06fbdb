#include "sync/base/status.h"

#include <algorithm>
#include <charconv>
#include <cstddef>

#include "absl/strings/cord.h"

namespace vigil {
namespace {

constexpr absl::string_view kPayloadUrl = "vigil/reason";

// The payload is a list of texts, each behind its length in decimal and a colon: the reason's
// number, its name, then keys and values.
void Append(std::string_view text, std::string& payload) {
  payload += std::to_string(text.size());
  payload += ':';
  payload += text;
}

// Takes one text off the front; false at the end and on anything that Append did not write.
bool Take(std::string_view& payload, std::string_view& text) {
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(payload.data(), payload.data() + payload.size(), size);
  if (error != std::errc()) return false;
  payload.remove_prefix(static_cast<std::size_t>(end - payload.data()));
  if (payload.empty() || payload.front() != ':' || payload.size() - 1 < size) return false;
  text = payload.substr(1, size);
  payload.remove_prefix(1 + size);
  return true;
}

struct Payload {
  int number = 0;
  std::string name;
  Metadata metadata;
};

Payload ReadPayload(const absl::Status& status) {
  Payload result;
  const absl::optional<absl::Cord> cord = status.GetPayload(kPayloadUrl);
  if (!cord) return result;
  const std::string bytes(*cord);
  std::string_view rest = bytes;
  std::string_view number;
  std::string_view name;
  if (!Take(rest, number) || !Take(rest, name)) return result;
  std::from_chars(number.data(), number.data() + number.size(), result.number);
  result.name = name;
  std::string_view key;
  std::string_view value;
  while (Take(rest, key) && Take(rest, value)) result.metadata.emplace_back(key, value);
  return result;
}

}  // namespace

ErrorBuilder::ErrorBuilder(absl::StatusCode code, ReasonTag reason, std::string_view message)
    : code_(code), reason_number_(reason.number), reason_name_(reason.name), message_(message) {
  VIGIL_CHECK(code != absl::StatusCode::kOk);
}

ErrorBuilder& ErrorBuilder::With(std::string_view key, std::string_view value) & {
  const auto place = std::lower_bound(
      metadata_.begin(), metadata_.end(), key,
      [](const auto& entry, std::string_view wanted) { return entry.first < wanted; });
  if (place != metadata_.end() && place->first == key) {
    place->second = value;
  } else {
    metadata_.emplace(place, key, value);
  }
  return *this;
}

ErrorBuilder&& ErrorBuilder::With(std::string_view key, std::string_view value) && {
  return std::move(With(key, value));
}

ErrorBuilder& ErrorBuilder::With(std::string_view key, std::int64_t value) & {
  return With(key, std::string_view(std::to_string(value)));
}

ErrorBuilder&& ErrorBuilder::With(std::string_view key, std::int64_t value) && {
  return std::move(With(key, value));
}

ErrorBuilder::operator absl::Status() const {
  absl::Status status(code_, ToAbsl(message_));
  if (reason_number_ == 0 && reason_name_.empty() && metadata_.empty()) return status;
  std::string payload;
  Append(std::to_string(reason_number_), payload);
  Append(reason_name_, payload);
  for (const auto& entry : metadata_) {
    Append(entry.first, payload);
    Append(entry.second, payload);
  }
  status.SetPayload(kPayloadUrl, absl::Cord(std::move(payload)));
  return status;
}

ErrorBuilder Error(absl::StatusCode code, ReasonTag reason, std::string_view message) {
  return ErrorBuilder(code, reason, message);
}

ErrorBuilder Error(absl::StatusCode code, std::string_view message) {
  return ErrorBuilder(code, ReasonTag(), message);
}

std::string ReasonOf(const absl::Status& status) { return ReadPayload(status).name; }

int ReasonNumberOf(const absl::Status& status) { return ReadPayload(status).number; }

Metadata MetadataOf(const absl::Status& status) { return ReadPayload(status).metadata; }

std::optional<std::string> MetadataValueOf(const absl::Status& status, std::string_view key) {
  for (auto& entry : ReadPayload(status).metadata) {
    if (entry.first == key) return std::move(entry.second);
  }
  return std::nullopt;
}

absl::Status Annotate(const absl::Status& status, std::string_view context) {
  if (status.ok()) return status;
  std::string message(context);
  message += ": ";
  message += ToStd(status.message());
  absl::Status annotated(status.code(), message);
  status.ForEachPayload([&annotated](absl::string_view url, const absl::Cord& payload) {
    annotated.SetPayload(url, payload);
  });
  return annotated;
}

}  // namespace vigil
