#include "tests/sim/faults.h"

namespace vigil::sim {
namespace {

struct Row {
  std::string_view name;
  std::string_view text;
};

constexpr std::array<Row, kFaults> kRows = {{
    {"message-lost", "a message between phone and register does not arrive"},
    {"message-doubled", "a call arrives twice"},
    {"message-reordered", "a message overtakes an earlier one"},
    {"message-delayed", "a message arrives after everybody has given up on it"},
    {"stream-broken", "a pull or a watch breaks off"},
    {"partition", "a phone has no signal for a while"},
    {"phone-power-fails", "a phone loses power; what was not synced is lost, kept or torn"},
    {"phone-killed", "a phone's program ends"},
    {"phone-dies-in-write", "a phone dies between two writes of its database"},
    {"server-power-fails", "the server loses power"},
    {"server-killed", "the server's program ends"},
    {"server-dies-in-write", "the server dies between two writes of its database"},
    {"torn-write", "the write during which a machine died is there in part"},
    {"dies-while-starting", "a machine dies again while its database recovers"},
    {"phone-sync-fails", "a phone's disk fails to sync or to write, once"},
    {"server-sync-fails", "the server's disk fails to sync or to write, once"},
    {"phone-disk-full", "a phone's disk is full for a while"},
    {"server-disk-full", "the server's disk is full for a while"},
    {"server-busy", "the server has more to do than it takes, and says so"},
    {"clock-off", "a phone's clock is wrong from the start"},
    {"clock-jumps", "a phone's clock jumps ahead"},
    {"clock-runs-back", "a phone's clock is set back"},
    {"server-clock-jumps", "the server's clock jumps ahead"},
    {"server-clock-runs-back", "the server's clock is set back"},
    {"role-given", "somebody is given a role in another unit"},
    {"role-taken", "somebody loses a role"},
    {"unit-moves", "an org unit moves to another place in the tree"},
    {"hazard-moves", "a hazard is handed to another unit, with its children"},
    {"device-revoked", "a phone is revoked"},
    {"handed-over", "a phone goes to another person and comes back"},
    {"outbox-by-file", "a phone's unsent work is exported and imported"},
    {"old-form", "somebody sends a form that he opened long before"},
    {"hostile", "a phone sends what its rules refuse"},
    {"old-client", "a phone runs a program of the first released protocol"},
    {"restore", "the register goes back to its newest backup"},
    {"older-restore", "the register goes back to an older backup than its newest"},
    {"restore-cut-off", "a restore is cut off between two steps"},
}};

}  // namespace

std::string_view NameOf(Fault kind) { return kRows[static_cast<std::size_t>(kind)].name; }
std::string_view TextOf(Fault kind) { return kRows[static_cast<std::size_t>(kind)].text; }

std::optional<Fault> FindFault(std::string_view name) {
  for (std::size_t i = 0; i < kFaults; ++i) {
    if (kRows[i].name == name) return static_cast<Fault>(i);
  }
  return std::nullopt;
}

}  // namespace vigil::sim
