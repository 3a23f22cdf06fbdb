#include "sync/base/file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace vigil {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::vigil::testing::IsOkAndHolds;
using ::vigil::testing::StatusIs;

unsigned ModeOf(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(::stat(path.c_str(), &info), 0);
  return info.st_mode & 07777U;
}

class FileTest : public ::testing::Test {
 protected:
  testing::TempDir directory_;
  PosixFileSystem files_;
};

TEST_F(FileTest, WritesAndReadsBack) {
  const std::string path = directory_.File("config");
  EXPECT_FALSE(files_.Exists(path));
  const std::string bytes("a\0b\n", 4);
  VIGIL_ASSERT_OK(files_.WriteAtomic(path, bytes));
  EXPECT_TRUE(files_.Exists(path));
  EXPECT_THAT(files_.Read(path, 100), IsOkAndHolds(bytes));
  EXPECT_THAT(files_.Size(path), IsOkAndHolds(4));
  VIGIL_ASSERT_OK(files_.WriteAtomic(path, "new"));
  EXPECT_THAT(files_.Read(path, 3), IsOkAndHolds("new"));
  VIGIL_EXPECT_OK(files_.Sync(path));
}

TEST_F(FileTest, LeavesNoTemporaryFileBehind) {
  VIGIL_ASSERT_OK(files_.WriteAtomic(directory_.File("b"), "x"));
  VIGIL_ASSERT_OK(files_.WriteAtomic(directory_.File("a"), "x", {.must_be_new = true}));
  EXPECT_THAT(files_.WriteAtomic(directory_.File("a"), "y", {.must_be_new = true}),
              StatusIs(absl::StatusCode::kAlreadyExists));
  VIGIL_ASSERT_OK(files_.MakeDirectories(directory_.File("d"), 0700));
  EXPECT_THAT(files_.WriteAtomic(directory_.File("d"), "y"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(directory_.File("d"))));
  EXPECT_THAT(files_.List(directory_.path()), IsOkAndHolds(ElementsAre("a", "b", "d")));
  EXPECT_THAT(files_.Read(directory_.File("a"), 9), IsOkAndHolds("x"));
}

TEST_F(FileTest, TheModeIsTheOneAskedFor) {
  const mode_t before = ::umask(0077);
  VIGIL_ASSERT_OK(files_.WriteAtomic(directory_.File("open"), "x"));
  VIGIL_ASSERT_OK(files_.WriteAtomic(directory_.File("secret"), "x", {.mode = 0400}));
  ::umask(before);
  EXPECT_EQ(ModeOf(directory_.File("open")), 0644U);
  EXPECT_EQ(ModeOf(directory_.File("secret")), 0400U);
}

TEST_F(FileTest, ReadRefusesWhatIsMissingOrTooLong) {
  EXPECT_THAT(files_.Read(directory_.File("none"), 10),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("none")));
  EXPECT_THAT(files_.Size(directory_.File("none")), StatusIs(absl::StatusCode::kNotFound));
  VIGIL_ASSERT_OK(files_.WriteAtomic(directory_.File("long"), std::string(100'000, 'x')));
  EXPECT_THAT(files_.Read(directory_.File("long"), 99'999),
              StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_THAT(files_.Read(directory_.File("long"), 100'000),
              IsOkAndHolds(::testing::SizeIs(100'000)));
  EXPECT_THAT(files_.Read(directory_.path(), 10), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(FileTest, GrowsAndIsReadInPieces) {
  const std::string path = directory_.File("part");
  EXPECT_THAT(files_.ReadRange(path, 0, 1), StatusIs(absl::StatusCode::kNotFound));
  VIGIL_ASSERT_OK(files_.Append(path, "0123"));
  VIGIL_ASSERT_OK(files_.Append(path, "4567"));
  EXPECT_EQ(ModeOf(path), 0600U);
  EXPECT_THAT(files_.ReadRange(path, 2, 3), IsOkAndHolds("234"));
  EXPECT_THAT(files_.ReadRange(path, 6, 100), IsOkAndHolds("67"));
  EXPECT_THAT(files_.ReadRange(path, 8, 1), IsOkAndHolds(""));
  EXPECT_THAT(files_.ReadRange(directory_.path(), 0, 1),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(files_.Append(directory_.File("none/x"), "x"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(FileTest, RenameReplaces) {
  VIGIL_ASSERT_OK(files_.WriteAtomic(directory_.File("a"), "new"));
  VIGIL_ASSERT_OK(files_.WriteAtomic(directory_.File("b"), "old"));
  VIGIL_ASSERT_OK(files_.Rename(directory_.File("a"), directory_.File("b")));
  EXPECT_THAT(files_.Read(directory_.File("b"), 9), IsOkAndHolds("new"));
  EXPECT_THAT(files_.List(directory_.path()), IsOkAndHolds(ElementsAre("b")));
  EXPECT_THAT(files_.Rename(directory_.File("a"), directory_.File("b")),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(FileTest, RemoveIsContentWithAMissingFile) {
  const std::string path = directory_.File("x");
  VIGIL_EXPECT_OK(files_.Remove(path));
  VIGIL_ASSERT_OK(files_.WriteAtomic(path, "x"));
  VIGIL_EXPECT_OK(files_.Remove(path));
  EXPECT_FALSE(files_.Exists(path));
}

TEST_F(FileTest, MakesParentsAndRefusesAFileInTheWay) {
  const std::string deep = directory_.File("a/b/c");
  VIGIL_ASSERT_OK(files_.MakeDirectories(deep, 0700));
  VIGIL_EXPECT_OK(files_.MakeDirectories(deep, 0755));
  EXPECT_EQ(ModeOf(deep), 0700U);
  VIGIL_ASSERT_OK(files_.WriteAtomic(directory_.File("f"), "x"));
  EXPECT_THAT(files_.MakeDirectories(directory_.File("f/g"), 0700),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(files_.MakeDirectories(directory_.File("f"), 0700),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(FileTest, ErrorsOfMissingDirectories) {
  EXPECT_THAT(files_.List(directory_.File("none")), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(files_.WriteAtomic(directory_.File("none/x"), "x"),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(files_.Sync(directory_.File("none")), StatusIs(absl::StatusCode::kNotFound));
}

TEST(JoinPathTest, PutsOneSlashBetween) {
  EXPECT_EQ(JoinPath("a", "b"), "a/b");
  EXPECT_EQ(JoinPath("a/", "b"), "a/b");
  EXPECT_EQ(JoinPath("", "b"), "b");
  EXPECT_EQ(JoinPath("a", "/b"), "/b");
}

TEST_F(FileTest, AsksTheDiskForItsSpace) {
  EXPECT_THAT(files_.FreeBytes(directory_.path()), IsOkAndHolds(::testing::Gt(0)));
  EXPECT_THAT(files_.FreeBytes(directory_.File("missing")), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace vigil
