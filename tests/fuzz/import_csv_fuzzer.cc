// Whatever files are imported: a plan comes out, or problems that name a place. Each file begins
// with a line "== NAME".

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/import/importer.h"
#include "sync/base/check.h"

namespace vigil::importer {
namespace {

constexpr std::string_view kMark = "== ";

class EmptyView final : public RegisterView {
 public:
  absl::StatusOr<std::optional<v1::Record>> Find(const Uuid& /*id*/) override {
    return std::optional<v1::Record>();
  }
  absl::StatusOr<std::optional<Uuid>> FindByKey(const rules::EntityInfo& /*kind*/,
                                                std::string_view /*key*/) override {
    return std::optional<Uuid>();
  }
  absl::StatusOr<std::vector<Uuid>> FindByName(const rules::EntityInfo& /*kind*/,
                                               std::string_view /*name*/) override {
    return std::vector<Uuid>();
  }
  absl::StatusOr<std::vector<PastWrite>> History(const Uuid& /*id*/) override {
    return std::vector<PastWrite>();
  }
};

std::vector<InputFile> FilesOf(std::string_view text) {
  std::vector<InputFile> files;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.starts_with(kMark)) {
      files.push_back({std::string(line.substr(kMark.size())), ""});
    } else if (!files.empty()) {
      files.back().content += line;
      if (end != std::string_view::npos) files.back().content += '\n';
    }
  }
  return files;
}

void Plan(std::string_view text) {
  EmptyView view;
  for (const bool keep : {false, true}) {
    PlanOptions options;
    options.keep_good_rows = keep;
    options.today.set_year(2017);
    options.today.set_month(7);
    options.today.set_day(31);
    const auto plan = PlanImport(FilesOf(text), view, options);
    VIGIL_CHECK(plan.ok()) << plan.status().ToString();
    VIGIL_CHECK(!plan->rejected || (!plan->problems.empty() && plan->operations.empty()));
    for (const v1::Operation& operation : plan->operations) {
      VIGIL_CHECK(operation.has_import_record());
      VIGIL_CHECK(operation.ByteSizeLong() <= options.operation_bytes_max);
      // Malformed text would fail the call that carries it.
      VIGIL_CHECK(v1::Operation().ParseFromString(operation.SerializeAsString()));
    }
  }
}

}  // namespace
}  // namespace vigil::importer

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  vigil::importer::Plan({reinterpret_cast<const char*>(data), size});
  return 0;
}
