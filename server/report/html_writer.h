#ifndef VIGIL_SERVER_REPORT_HTML_WRITER_H_
#define VIGIL_SERVER_REPORT_HTML_WRITER_H_

#include "server/report/table.h"

namespace vigil::report {

// A page to print on A4, landscape; the headings of a table stand on each sheet.
class HtmlWriter final : public TableWriter {
 public:
  explicit HtmlWriter(ByteSink& sink) : sink_(sink) {}

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

}  // namespace vigil::report

#endif  // VIGIL_SERVER_REPORT_HTML_WRITER_H_
