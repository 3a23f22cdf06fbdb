#ifndef VIGIL_SERVER_ACCESS_PRINCIPAL_H_
#define VIGIL_SERVER_ACCESS_PRINCIPAL_H_

#include "sync/base/ids.h"
#include "sync/base/p256.h"
#include "sync/rules/judge.h"

namespace vigil::access {

// Who calls, as the register knows him. An argument of every query and every operation; never
// ambient, never taken from what a caller says of himself.
struct Principal {
  rules::Author author;
  Uuid sign_in;
  // Of the program that calls: what it signs is checked by it.
  P256PublicKey key;
};

}  // namespace vigil::access

#endif  // VIGIL_SERVER_ACCESS_PRINCIPAL_H_
