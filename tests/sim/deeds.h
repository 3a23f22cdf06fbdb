#ifndef VIGIL_TESTS_SIM_DEEDS_H_
#define VIGIL_TESTS_SIM_DEEDS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "sync/base/random.h"
#include "vigil/v1/operation.pb.h"
#include "vigil/v1/record.pb.h"

namespace vigil::sim {

// What people do to the register, on phones and in the office.
enum class Deed : std::uint8_t {
  kReport,
  kReading,
  kInspect,
  kDescribe,
  kCategory,
  kControls,
  kGrade,
  kDueDate,
  kSuspend,
  kPhotos,
  kConfirm,
  kReject,
  kMergeInto,
  kAccept,
  kFixOnSpot,
  kSubmit,
  kVerify,
  kRecur,
  kProgress,
  kWithdraw,
  kProposeTransfer,
  kDecideTransfer,
  kProposeOrder,
  kIssueOrder,
  kReceiveOrder,
  kFilePlan,
  kApplyAcceptance,
  kDecideAcceptance,
  kLiftTag,
  kReinstateTag,
  kSettle,
  kCount,
};
inline constexpr std::size_t kDeeds = static_cast<std::size_t>(Deed::kCount);

std::string_view NameOf(Deed deed);

// What somebody sees when he is about to do something.
class Sight {
 public:
  virtual ~Sight() = default;
  // Records of a kind ("hazard"), in the order of their ids.
  virtual std::vector<v1::Record> Records(std::string_view kind) = 0;
};

struct DeedContext {
  Sight& sight;
  Random& random;
  // By the author's clock.
  absl::Time now;
  std::function<std::string()> new_id;
};

// The command for it, as far as what is seen gives an occasion: envelope and `seen` are left to the
// caller. Rules may still refuse it. Nullopt: no occasion.
std::optional<v1::Operation> MakeDeed(Deed deed, DeedContext& context);

}  // namespace vigil::sim

#endif  // VIGIL_TESTS_SIM_DEEDS_H_
