#ifndef VIGIL_SERVER_REPORT_JSON_WRITER_H_
#define VIGIL_SERVER_REPORT_JSON_WRITER_H_

#include <string>

#include "server/report/table.h"

namespace vigil::report {

// A value as JSON: instants are RFC 3339 with the zone's offset, empty ones null.
std::string JsonValue(const Value& value, const absl::TimeZone& zone);

// One object: what the report is, then each section by its name as an array of objects; figures as
// one object.
class JsonWriter final : public TableWriter {
 public:
  explicit JsonWriter(ByteSink& sink) : sink_(sink) {}

  absl::Status Begin(const Heading& heading) override;
  absl::Status BeginSection(const Section& section) override;
  absl::Status Add(const Row& row) override;
  absl::Status End() override;

 private:
  std::string EndSection();

  ByteSink& sink_;
  Heading heading_;
  Section section_;
  bool in_section_ = false;
  bool has_rows_ = false;
};

// RFC 7946: a feature for each row with its columns as properties; without a position its geometry
// is null.
class GeoJsonWriter final : public TableWriter {
 public:
  explicit GeoJsonWriter(ByteSink& sink) : sink_(sink) {}

  absl::Status Begin(const Heading& heading) override;
  absl::Status BeginSection(const Section& section) override;
  absl::Status Add(const Row& row) override;
  absl::Status End() override;

 private:
  ByteSink& sink_;
  Heading heading_;
  Section section_;
  bool has_rows_ = false;
};

}  // namespace vigil::report

#endif  // VIGIL_SERVER_REPORT_JSON_WRITER_H_
