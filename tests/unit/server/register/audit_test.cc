#include "server/register/audit.h"

#include <map>

#include "gtest/gtest.h"
#include "sync/base/merkle.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_register.h"

namespace vigil::testing {
namespace {

// Of a real log: every older head of it, as it was shown then.
TEST(AuditTest, EveryOlderHeadIsProved) {
  TestRegister reg;
  std::map<std::uint64_t, Sha256> roots;
  while (reg.Head().seq.value() < 70) {
    const store::Head head = reg.Head();
    roots[head.seq.value()] = head.audit_root;
    reg.Phone(v1::ROLE_INSPECTOR, reg.unit);
  }
  const store::Head head = reg.Head();
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto snapshot, reg.store().Read());
  for (std::uint64_t newer = 0; newer <= head.seq.value(); ++newer) {
    VIGIL_ASSERT_OK_AND_ASSIGN(const registry::AuditTree newer_tree,
                               registry::AuditTree::Load(*snapshot, newer));
    for (std::uint64_t older = 0; older <= newer; ++older) {
      VIGIL_ASSERT_OK_AND_ASSIGN(const registry::AuditTree older_tree,
                                 registry::AuditTree::Load(*snapshot, older));
      if (roots.contains(older)) {
        ASSERT_EQ(older_tree.Root(), roots[older]);
      }
      VIGIL_ASSERT_OK_AND_ASSIGN(
          const std::vector<Sha256> proof,
          registry::ProveConsistency(*snapshot, {.older = older, .newer = newer}));
      ASSERT_TRUE(VerifyConsistency(
          {.older = {older, older_tree.Root()}, .newer = {newer, newer_tree.Root()}}, proof))
          << older << " of " << newer;
    }
  }
  EXPECT_THAT(registry::ProveConsistency(*snapshot, {.older = 3, .newer = 2}),
              StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_THAT(registry::ProveConsistency(*snapshot, {.older = 3, .newer = head.seq.value() + 1}),
              StatusIs(absl::StatusCode::kOutOfRange));
}

}  // namespace
}  // namespace vigil::testing
