#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/sync/replica/history_fixture.h"

// Copies of records from beyond the point to which a register went back.

namespace vigil::testing {
namespace {

class CopiesTest : public HistoryTest {};

// The register that took the copies is restored to before that, and nobody has pulled what it made
// of them: whoever had returned them does so again, unless a backup that is kept holds them.
TEST_F(CopiesTest, Promise10CopiesAreReturnedAgainUntilABackupHoldsThem) {
  const v1::RegisterHead head = NewestHead();
  phone_.Report(base().risk_source, "one");
  phone_.MustSync();
  const auto next = [&] { return *replica().NextCopies({.copies_max = 9, .bytes_max = 1 << 20}); };
  const auto read_to = [&](std::uint64_t seq) {
    v1::PullResponse page;
    page.mutable_head()->set_epoch(replica().GetSyncState()->epoch);
    page.mutable_head()->set_seq(seq);
    page.mutable_cursor()->add_units(base().department);
    VIGIL_ASSERT_OK(replica().ApplyPage(page));
  };
  VIGIL_ASSERT_OK(Greet(HelloOf({Restored(first_, head.seq()), first_}, head)));
  const v1::ReturnCopiesRequest copies = next();
  ASSERT_GT(copies.copies_size(), 0);
  VIGIL_ASSERT_OK(replica().NoteCopiesTaken(copies));
  EXPECT_EQ(replica().Counts()->copies, 0);

  // Before a page told how far the log was.
  VIGIL_ASSERT_OK(replica().PruneJournal(head.seq() + 100));
  VIGIL_ASSERT_OK(Greet(HelloOf({Restored(first_, head.seq()), first_}, head)));
  EXPECT_EQ(next().copies_size(), copies.copies_size());
  VIGIL_ASSERT_OK(replica().NoteCopiesTaken(next()));
  read_to(head.seq() + 5);
  // A backup of that place may have been made before they came.
  VIGIL_ASSERT_OK(replica().PruneJournal(head.seq() + 5));
  VIGIL_ASSERT_OK(Greet(HelloOf({Restored(first_, head.seq()), first_}, head)));
  EXPECT_EQ(next().copies_size(), copies.copies_size());
  EXPECT_EQ(next().copies(0).epoch(), first_.id());

  VIGIL_ASSERT_OK(replica().NoteCopiesTaken(next()));
  read_to(head.seq() + 5);
  VIGIL_ASSERT_OK(replica().PruneJournal(head.seq() + 6));
  VIGIL_ASSERT_OK(Greet(HelloOf({Restored(first_, head.seq()), first_}, head)));
  EXPECT_EQ(next().copies_size(), 0);
}

TEST_F(CopiesTest, CopiesStayUntilTheyAreTakenThoughTheirScopeIsLost) {
  const v1::RegisterHead head = NewestHead();
  const std::string hazard = phone_.Report(base().risk_source, "one");
  phone_.MustSync();
  const std::string confirmed = base().Find(hazard).SerializeAsString();
  v1::HelloResponse hello = HelloOf({Restored(first_, head.seq()), first_}, head);
  hello.clear_units();
  VIGIL_ASSERT_OK(Greet(hello));
  std::vector<std::string> returned;
  while (true) {
    VIGIL_ASSERT_OK_AND_ASSIGN(const v1::ReturnCopiesRequest copies,
                               replica().NextCopies({.copies_max = 2, .bytes_max = 1}));
    if (copies.copies().empty()) break;
    ASSERT_EQ(copies.copies_size(), 1) << "a large one travels alone";
    EXPECT_EQ(copies.copies(0).epoch(), first_.id());
    returned.push_back(copies.copies(0).record());
    VIGIL_ASSERT_OK(replica().NoteCopiesTaken(copies));
  }
  EXPECT_THAT(returned, ::testing::Contains(confirmed));
  EXPECT_EQ(replica().Counts()->copies, 0);
}

}  // namespace
}  // namespace vigil::testing
