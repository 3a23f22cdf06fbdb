#ifndef VIGIL_TESTS_SIM_CAST_H_
#define VIGIL_TESTS_SIM_CAST_H_

#include <deque>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tests/sim/account.h"
#include "tests/sim/server.h"

namespace vigil::sim {

// Who and what there is when a run begins: a tree of org units, risk sources, hazards, the office's
// people and those with phones. Deterministic but for the ids.
class Cast {
 public:
  // Fills an empty register that runs; virtual time passes.
  explicit Cast(Server& server);

  // bureau ← department ← park-1, park-2; bureau ← district.
  std::string bureau, department, park_1, park_2, district;
  std::vector<std::string> units;
  std::deque<Account> phones;
  // Second users of phones, one for each.
  std::deque<Account> stand_ins;
  std::deque<Account> clerks;
  Account administrator;

 private:
  void AddUnit(const std::string& code, const std::string& parent, std::string& id);
  void AddRiskSource(const std::string& code, const std::string& unit);
  Account MakeAccount(const std::string& name, v1::Channel channel,
                      std::vector<v1::RoleGrant> roles);
  void AddPeople();
  void AddDevice(const Account& account);
  void AddHazards();
  void Import(const std::string& record, v1::Entity entity);
  void Run(const rules::Author& author, std::vector<v1::Operation>& operations);
  void Envelope(const rules::Author& author, v1::Operation& operation);

  Server& server_;
  World& world_;
  rules::Author importer_;
  std::vector<v1::Operation> imports_;
  std::vector<v1::Operation> devices_;
  std::vector<std::string> risk_sources_;
  int persons_ = 0;
};

}  // namespace vigil::sim

#endif  // VIGIL_TESTS_SIM_CAST_H_
