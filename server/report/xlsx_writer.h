#ifndef VIGIL_SERVER_REPORT_XLSX_WRITER_H_
#define VIGIL_SERVER_REPORT_XLSX_WRITER_H_

#include <memory>
#include <string>

#include "server/report/table.h"
#include "sync/base/file.h"

namespace vigil::report {

// A workbook with a sheet for each section: real dates and numbers, a heading that stays, filters,
// set up for A4 landscape. Text is never a formula. It grows in files; no more than a row of it is
// in memory. The bytes go to the sink at the end.
//
// REASON_TOO_LARGE where a sheet would have more than 1,048,575 rows; STORAGE_UNAVAILABLE where its
// files cannot be written.
class XlsxWriter final : public TableWriter {
 public:
  // `path` is a file that this may make, and removes; its directory takes others.
  XlsxWriter(ByteSink& sink, FileSystem& files, std::string path);
  ~XlsxWriter() override;

  absl::Status Begin(const Heading& heading) override;
  absl::Status BeginSection(const Section& section) override;
  absl::Status Add(const Row& row) override;
  absl::Status End() override;

 private:
  class Workbook;

  ByteSink& sink_;
  FileSystem& files_;
  const std::string path_;
  std::unique_ptr<Workbook> workbook_;
};

}  // namespace vigil::report

#endif  // VIGIL_SERVER_REPORT_XLSX_WRITER_H_
