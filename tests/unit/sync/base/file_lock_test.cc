#include "sync/base/file_lock.h"

#include <atomic>
#include <optional>
#include <thread>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace vigil {
namespace {

class FileLockTest : public ::testing::Test {
 protected:
  bool IsFree() {
    const absl::StatusOr<std::optional<FileLock>> lock = FileLock::Try(path_);
    EXPECT_THAT(lock, testing::IsOk());
    return lock.ok() && lock->has_value();
  }

  testing::TempDir directory_;
  const std::string path_ = directory_.File("lock");
};

TEST_F(FileLockTest, ExcludesOthersUntilItEnds) {
  {
    VIGIL_ASSERT_OK_AND_ASSIGN(const FileLock lock, FileLock::Wait(path_));
    EXPECT_FALSE(IsFree());
  }
  EXPECT_TRUE(IsFree());
}

TEST_F(FileLockTest, WhoeverGotItByTryingHoldsItToo) {
  VIGIL_ASSERT_OK_AND_ASSIGN(const std::optional<FileLock> lock, FileLock::Try(path_));
  ASSERT_TRUE(lock.has_value());
  EXPECT_FALSE(IsFree());
}

TEST_F(FileLockTest, MovesWithItsHolder) {
  VIGIL_ASSERT_OK_AND_ASSIGN(FileLock lock, FileLock::Wait(path_));
  std::optional<FileLock> moved(std::move(lock));
  EXPECT_FALSE(IsFree());
  moved.reset();
  EXPECT_TRUE(IsFree());
}

TEST_F(FileLockTest, WaitsForTheOther) {
  VIGIL_ASSERT_OK_AND_ASSIGN(FileLock lock, FileLock::Wait(path_));
  std::optional<FileLock> first(std::move(lock));
  std::atomic<bool> ended = false;
  std::thread second([&] {
    const absl::StatusOr<FileLock> waited = FileLock::Wait(path_);
    EXPECT_THAT(waited, testing::IsOk());
    EXPECT_TRUE(ended) << "while the first one still held it";
  });
  ended = true;
  first.reset();
  second.join();
}

TEST_F(FileLockTest, SaysWhyThereIsNone) {
  EXPECT_THAT(FileLock::Wait(directory_.File("none/lock")),
              testing::StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace vigil
