#ifndef VIGIL_TESTS_UNIT_SERVER_STORE_LEDGER_MAKER_H_
#define VIGIL_TESTS_UNIT_SERVER_STORE_LEDGER_MAKER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "server/store/sqlite_store.h"
#include "tests/support/sim_vfs.h"
#include "tests/unit/server/store/store_maker.h"

namespace vigil::store::testing {

// A small register: six hazards, five orders, three risk sources, a tree of units.
class LedgerFixture : public ::testing::Test {
 protected:
  LedgerFixture();

  // 16:30 UTC of the day of May 2017: half past midnight of the next day in the register's zone.
  static absl::Time FoundAt(int day);

  std::unique_ptr<Snapshot> Read();
  LedgerPage Page(const v1::HazardFilter& filter);
  // Numbers of the hazards that match, in their order.
  std::vector<std::string> Numbers(const v1::HazardFilter& filter);

  ::vigil::testing::SimVfs disk_;
  std::unique_ptr<SqliteRegisterStore> store_;
  v1::Date today_ = DateOf(2017, 7, 31);
};

}  // namespace vigil::store::testing

#endif  // VIGIL_TESTS_UNIT_SERVER_STORE_LEDGER_MAKER_H_
