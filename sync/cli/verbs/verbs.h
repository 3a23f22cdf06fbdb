#ifndef VIGIL_SYNC_CLI_VERBS_VERBS_H_
#define VIGIL_SYNC_CLI_VERBS_VERBS_H_

#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "sync/cli/console/command.h"
#include "sync/cli/verbs/desk.h"
#include "vigil/v1/policy.pb.h"

// The events of the domain as commands, once for both programs. A program offers those that the
// contract takes from its channel.

namespace vigil::verbs {

struct Verb {
  console::CommandSpec spec;
  absl::Status (*run)(Desk& desk, const console::Arguments& arguments);
};

std::vector<Verb> HazardVerbs();
std::vector<Verb> TransferVerbs();
std::vector<Verb> TagVerbs();
std::vector<Verb> OrderVerbs();
std::vector<Verb> RecordVerbs();
std::vector<Verb> FactVerbs();
std::vector<Verb> EvidenceVerbs();

// All of them whose events the contract takes from this channel.
std::vector<Verb> VerbsOf(v1::Channel channel);

}  // namespace vigil::verbs

#endif  // VIGIL_SYNC_CLI_VERBS_VERBS_H_
