#include "sync/cli/verbs/verbs.h"

#include <algorithm>
#include <utility>

#include "sync/base/check.h"
#include "sync/rules/schema.h"

namespace vigil::verbs {

std::vector<Verb> VerbsOf(v1::Channel channel) {
  std::vector<Verb> taken;
  for (const auto& group :
       {HazardVerbs, TransferVerbs, TagVerbs, OrderVerbs, RecordVerbs, FactVerbs, EvidenceVerbs}) {
    for (Verb& verb : group()) {
      const auto& makes = verb.spec.makes;
      const bool allowed = std::all_of(makes.begin(), makes.end(), [&](auto command) {
        const rules::CommandInfo* info = rules::Schema::Get().FindCommand(command);
        VIGIL_CHECK(info != nullptr) << verb.spec.path;
        return info->Allows(channel);
      });
      if (allowed) taken.push_back(std::move(verb));
    }
  }
  return taken;
}

}  // namespace vigil::verbs
