#include "tests/support/temp_dir.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "sync/base/check.h"
#include "sync/base/file.h"

namespace vigil::testing {

TempDir::TempDir() {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::temp_directory_path(error);
  VIGIL_CHECK(!error) << error.message();
  path_ = (parent / "vigil-test-XXXXXX").string();
  VIGIL_CHECK(::mkdtemp(path_.data()) != nullptr) << path_;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TempDir::File(std::string_view name) const { return JoinPath(path_, name); }

}  // namespace vigil::testing
