#ifndef VIGIL_SERVER_SERVICE_REQUEST_TEXTS_H_
#define VIGIL_SERVER_SERVICE_REQUEST_TEXTS_H_

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace vigil::service {

// INVALID_VALUE, with the path of the field, for a request with a NUL in one of its texts: nothing
// behind it could keep or compare such a text. Bytes may hold any; the rules check the operation
// that they are.
absl::Status CheckTexts(const google::protobuf::Message& request);

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_REQUEST_TEXTS_H_
