#include "server/service/import_job.h"

#include <algorithm>
#include <string>
#include <utility>

#include "google/protobuf/util/time_util.h"
#include "server/import/snapshot_view.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/rules/reason.h"

namespace vigil::service {

using registry::Incoming;
using registry::Register;
using rules::Refuse;

namespace {

constexpr std::size_t kFilesMax = 100;
constexpr std::size_t kNameBytesMax = 255;
constexpr std::size_t kBytesMax = 128 * 1024 * 1024;

bool IsApplied(const v1::Outcome& outcome) {
  return outcome.verdict() == v1::VERDICT_APPLIED || outcome.verdict() == v1::VERDICT_MERGED;
}

bool IsFileName(const std::string& name) {
  return !name.empty() && name.size() <= kNameBytesMax && name != "." && name != ".." &&
         std::none_of(name.begin(), name.end(), [](char c) {
           return c == '/' || static_cast<unsigned char>(c) < ' ' || c == '\x7f';
         });
}

}  // namespace

ImportJob::ImportJob(Register& target, Random& random, rules::Author author, Sink sink)
    : register_(target), random_(random), author_(std::move(author)), sink_(std::move(sink)) {
  author_.channel = v1::CHANNEL_IMPORT;
}

absl::Status ImportJob::AddPart(const v1::ImportFile& part) {
  bytes_ += part.content().size();
  if (bytes_ > kBytesMax) {
    return Refuse(v1::REASON_TOO_LARGE, "the files of one import are too large together")
        .With("bytes_max", static_cast<std::int64_t>(kBytesMax));
  }
  if (!IsFileName(part.name())) {
    return Refuse(
        v1::REASON_INVALID_VALUE,
        "a file's name has no directory in it, no control characters, and 1 to 255 bytes");
  }
  for (importer::InputFile& file : files_) {
    if (file.name != part.name()) continue;
    file.content += part.content();
    return absl::OkStatus();
  }
  if (files_.size() == kFilesMax) {
    return Refuse(v1::REASON_TOO_LARGE, "too many files in one import")
        .With("files_max", static_cast<std::int64_t>(kFilesMax));
  }
  files_.push_back({part.name(), part.content()});
  return absl::OkStatus();
}

void ImportJob::Run() {
  if (absl::Status status = Plan(); !status.ok()) return sink_.done(std::move(status));
  for (v1::ImportProblem& problem : plan_.problems) {
    v1::ImportResponse response;
    *response.mutable_problem() = std::move(problem);
    sink_.emit(std::move(response));
  }
  plan_.problems.clear();
  for (v1::ImportChange& change : plan_.changes) {
    v1::ImportResponse response;
    *response.mutable_change() = std::move(change);
    sink_.emit(std::move(response));
  }
  plan_.changes.clear();
  if (plan_.rejected || options_.dry_run() || plan_.operations.empty()) {
    EmitSummary(!plan_.rejected && !options_.dry_run());
    return sink_.done(absl::OkStatus());
  }
  Submit();
}

absl::Status ImportJob::Plan() {
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, register_.store().Read());
  VIGIL_ASSIGN_OR_RETURN(const store::Head head, snapshot->GetHead());
  importer::SnapshotView view(*snapshot);
  importer::PlanOptions options;
  options.keep_good_rows = options_.keep_good_rows();
  options.today = register_.Today();
  options.zone = register_.zone();
  options.tables.strict = options_.strict();
  if (!options_.encoding().empty()) {
    options.tables.encoding = importer::ParseEncoding(options_.encoding());
    if (!options.tables.encoding) {
      return Refuse(v1::REASON_INVALID_VALUE, "the encoding is one of utf-8 and gb18030")
          .With("field", "encoding");
    }
  }
  options.progress = [this](std::string_view stage, std::int64_t done, std::int64_t total) {
    EmitProgress(stage, done, total);
  };
  VIGIL_ASSIGN_OR_RETURN(plan_, importer::PlanImport(files_, view, options));
  files_.clear();
  const absl::Time now = register_.Now();
  for (v1::Operation& operation : plan_.operations) {
    operation.set_id(MakeUuidV7(now, random_).ToString());
    operation.set_device(author_.device);
    operation.set_person(author_.person);
    operation.set_epoch(head.epoch.id());
    *operation.mutable_made_at() =
        google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(ToMicros(now));
  }
  return absl::OkStatus();
}

void ImportJob::Submit() {
  EmitProgress("applying", 0, static_cast<std::int64_t>(plan_.operations.size()));
  std::vector<Incoming> operations;
  operations.reserve(plan_.operations.size());
  for (const v1::Operation& operation : plan_.operations) {
    operations.emplace_back().bytes = operation.SerializeAsString();
  }
  register_.SubmitAll(
      author_, std::move(operations),
      [self = shared_from_this()](const absl::StatusOr<Register::Outcomes>& outcomes) {
        if (outcomes.ok()) {
          self->OnOutcomes(*outcomes);
        } else {
          self->sink_.done(outcomes.status());
        }
      });
}

void ImportJob::OnOutcomes(const Register::Outcomes& outcomes) {
  std::vector<v1::Operation> good;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (IsApplied(outcomes[i])) {
      good.push_back(std::move(plan_.operations[i]));
      continue;
    }
    const v1::ImportSource& source = plan_.operations[i].import_record().source();
    v1::ImportResponse response;
    v1::ImportProblem& problem = *response.mutable_problem();
    problem.set_file(source.file());
    problem.set_line(source.line());
    problem.set_reason(outcomes[i].error().reason());
    problem.set_message(outcomes[i].error().message());
    sink_.emit(std::move(response));
  }
  const bool all_good = good.size() == outcomes.size();
  plan_.operations = std::move(good);
  if (!all_good && options_.keep_good_rows() && !plan_.operations.empty()) return Submit();
  if (all_good) {
    const auto count = static_cast<std::int64_t>(plan_.operations.size());
    EmitProgress("applying", count, count);
  }
  EmitSummary(all_good);
  sink_.done(absl::OkStatus());
}

void ImportJob::EmitProgress(std::string_view stage, std::int64_t done, std::int64_t total) {
  v1::ImportResponse response;
  response.mutable_progress()->set_stage(std::string(stage));
  response.mutable_progress()->set_done(done);
  response.mutable_progress()->set_total(total);
  sink_.emit(std::move(response));
}

void ImportJob::EmitSummary(bool applied) {
  v1::ImportResponse response;
  v1::ImportSummary& summary = *response.mutable_summary();
  for (const v1::ImportFileCount& file : plan_.files) *summary.add_files() = file;
  summary.set_applied(applied);
  summary.set_operations(static_cast<std::int64_t>(plan_.operations.size()));
  sink_.emit(std::move(response));
}

}  // namespace vigil::service
