#ifndef VIGIL_SERVER_SERVICE_IMPORT_JOB_H_
#define VIGIL_SERVER_SERVICE_IMPORT_JOB_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "server/import/importer.h"
#include "server/import/tables.h"
#include "server/register/register.h"
#include "sync/base/random.h"
#include "sync/rules/judge.h"
#include "vigil/v1/admin_service.pb.h"

namespace vigil::service {

// One import: files in, a plan, one transaction, and what became of it.
class ImportJob : public std::enable_shared_from_this<ImportJob> {
 public:
  struct Sink {
    // Progress, problems, changes and, as the last one, the summary. Any thread, one after the
    // other.
    std::function<void(v1::ImportResponse)> emit;
    // The end; an error where the register could not be read or written.
    std::function<void(absl::Status)> done;
  };

  // `author` is the office's; the operations go in as an import of his. Both references must
  // outlive the job.
  ImportJob(registry::Register& target, Random& random, rules::Author author, Sink sink);

  void set_options(const v1::ImportOptions& options) { options_ = options; }
  // Adds a file, or a further part of one. TOO_LARGE, INVALID_VALUE for a name with directories.
  absl::Status AddPart(const v1::ImportFile& part);

  // Plans on the caller's thread, then submits. Without a rejected plan's good rows, or on a dry
  // run, nothing is submitted.
  void Run();

 private:
  absl::Status Plan();
  void Submit();
  void OnOutcomes(const registry::Register::Outcomes& outcomes);
  void EmitProgress(std::string_view stage, std::int64_t done, std::int64_t total);
  void EmitSummary(bool applied);

  registry::Register& register_;
  Random& random_;
  rules::Author author_;
  const Sink sink_;
  v1::ImportOptions options_;
  std::vector<importer::InputFile> files_;
  std::size_t bytes_ = 0;
  importer::ImportPlan plan_;
};

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_IMPORT_JOB_H_
