#ifndef VIGIL_SERVER_ACCESS_DESK_INTERNAL_H_
#define VIGIL_SERVER_ACCESS_DESK_INTERNAL_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"
#include "server/register/register.h"
#include "server/store/register_store.h"
#include "sync/base/p256.h"
#include "vigil/v1/access_service.pb.h"
#include "vigil/v1/entity.pb.h"
#include "vigil/v1/record.pb.h"

// What the files of AccessDesk share.

namespace vigil::access::internal {

google::protobuf::Timestamp ToTimestamp(absl::Time time);

// The answer of an access change: the value that the decision has filled, or its error.
template <typename Response>
std::function<void(absl::Status)> Answer(std::shared_ptr<Response> response,
                                         std::function<void(absl::StatusOr<Response>)> done) {
  return [response = std::move(response), done = std::move(done)](const absl::Status& status) {
    if (!status.ok()) return done(status);
    done(std::move(*response));
  };
}

// A program that asks to be known, and has proved that its key is its own.
struct Program {
  P256PublicKey key;
  Sha256 refresh_hash;
};
// `to_sign` gives the bytes that were to be signed. INVALID_VALUE, SIGNATURE_INVALID.
absl::StatusOr<Program> ReadProgram(
    const v1::ProgramKey& key,
    const std::function<std::string(const Sha256& refresh_hash)>& to_sign);

// CODE_INVALID: nothing more is said, so that a guess learns nothing.
absl::Status InvalidCode();
// The code, used or not; CODE_INVALID for one that is unknown, too old or of another kind.
absl::StatusOr<store::OneTimeCode> FindCode(store::Snapshot& snapshot, const std::string& code,
                                            v1::DeviceKind kind, absl::Time now);
// Who made the code, if he is an administrator still; CODE_INVALID otherwise.
absl::StatusOr<rules::Author> InviterOf(store::Snapshot& snapshot, const store::OneTimeCode& code,
                                        absl::Time now, const absl::TimeZone& zone);

// The device's sign-in with this key and refresh token; CODE_INVALID if there is none.
absl::StatusOr<store::SignIn> FindSignIn(store::Snapshot& snapshot, const Uuid& device,
                                         const Program& program);
// The device's sign-in whose key made the signature.
absl::StatusOr<std::optional<Uuid>> FindSigner(store::Snapshot& snapshot, const Uuid& device,
                                               const SignedMessage& signed_message);

// By id or code; NOT_FOUND.
absl::StatusOr<v1::Record> FindPerson(store::Snapshot& snapshot, std::string_view id_or_code);

// He who is there before anybody could have invited him.
rules::Author FirstAdministrator(const Uuid& person);

// Of an operation on one record.
struct OperationIds {
  Uuid id;
  Uuid record;
  absl::Time now;
};
registry::Incoming Create(const OperationIds& ids, const rules::Author& author, v1::Entity entity);

// Makes somebody an administrator and one of the safety office, everywhere, who is there.
v1::Entity AdministratorEntity();
// An operation by which `person` becomes that again; none where he is an administrator everywhere.
absl::StatusOr<std::optional<registry::Incoming>> Reinstate(store::Snapshot& snapshot,
                                                            const OperationIds& ids,
                                                            const rules::Author& author,
                                                            const absl::TimeZone& zone);

}  // namespace vigil::access::internal

#endif  // VIGIL_SERVER_ACCESS_DESK_INTERNAL_H_
