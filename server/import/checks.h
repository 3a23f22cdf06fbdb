#ifndef VIGIL_SERVER_IMPORT_CHECKS_H_
#define VIGIL_SERVER_IMPORT_CHECKS_H_

#include <string>
#include <vector>

#include "vigil/v1/entity.pb.h"
#include "vigil/v1/error.pb.h"

namespace vigil::importer {

struct Fault {
  // Name of a column; empty where the row as a whole is meant.
  std::string column;
  v1::Reason reason = v1::REASON_UNSPECIFIED;
  std::string message;
};

// What an initial state must hold beyond its required fields: what the events would have left
// behind that led to its status, a position that is one, a rating that is one.
std::vector<Fault> CheckInitialState(const v1::Entity& entity);

}  // namespace vigil::importer

#endif  // VIGIL_SERVER_IMPORT_CHECKS_H_
