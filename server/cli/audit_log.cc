#include "server/cli/audit_log.h"

#include <optional>
#include <utility>
#include <vector>

#include "server/register/log_page.h"
#include "server/store/closed_register.h"
#include "sync/base/status.h"
#include "sync/rules/reason.h"

namespace vigil::office {
namespace {

constexpr char kRegisterFile[] = "register.db";
constexpr int kPageBytes = 2 * 1024 * 1024;

v1::ListLogRequest RequestOf(const std::string& page_token) {
  v1::ListLogRequest request;
  request.set_page_bytes(kPageBytes);
  request.set_page_token(page_token);
  return request;
}

class OfficeLog final : public AuditLog {
 public:
  OfficeLog(Office& office, const Uuid& register_id) : office_(office), register_id_(register_id) {}

  const Uuid& register_id() const override { return register_id_; }
  absl::StatusOr<v1::ListLogResponse> Page(const std::string& page_token) override {
    return office_.ListLog(RequestOf(page_token));
  }

 private:
  Office& office_;
  const Uuid register_id_;
};

class DirectoryLog final : public AuditLog {
 public:
  DirectoryLog(std::unique_ptr<store::ClosedRegister> store,
               std::unique_ptr<store::Snapshot> snapshot, const Uuid& register_id)
      : store_(std::move(store)), snapshot_(std::move(snapshot)), register_id_(register_id) {}

  const Uuid& register_id() const override { return register_id_; }
  absl::StatusOr<v1::ListLogResponse> Page(const std::string& page_token) override {
    return registry::ListLog(*snapshot_, RequestOf(page_token));
  }

 private:
  // The snapshot goes first.
  const std::unique_ptr<store::ClosedRegister> store_;
  const std::unique_ptr<store::Snapshot> snapshot_;
  const Uuid register_id_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<AuditLog>> LogOfOffice(Office& office) {
  const std::optional<Uuid> register_id = Uuid::Parse(office.Known().id);
  if (!register_id) {
    return rules::Refuse(v1::REASON_NOT_INITIALISED, "which register this is was never said here");
  }
  return std::make_unique<OfficeLog>(office, *register_id);
}

absl::StatusOr<std::unique_ptr<AuditLog>> LogOfDirectory(FileSystem& files,
                                                         const std::string& directory) {
  const std::string path = JoinPath(directory, kRegisterFile);
  if (!files.Exists(path)) {
    return rules::Refuse(v1::REASON_NOT_FOUND, "there is no register in this directory")
        .With("file", path);
  }
  absl::StatusOr<std::unique_ptr<store::ClosedRegister>> store =
      store::ClosedRegister::Open(files, path);
  if (store.status().code() == absl::StatusCode::kUnavailable) {
    return Error(absl::StatusCode::kResourceExhausted,
                 "the register's file is in use, or its disk fails: stop vigild first, or leave "
                 "--data out and ask it")
        .With("file", path)
        .With("cause", ToStd(store.status().message()));
  }
  VIGIL_RETURN_IF_ERROR(store);
  VIGIL_ASSIGN_OR_RETURN(std::unique_ptr<store::Snapshot> snapshot, (*store)->Read());
  VIGIL_ASSIGN_OR_RETURN(const std::vector<v1::Epoch> epochs, snapshot->Epochs());
  const std::optional<Uuid> first = epochs.empty() ? std::nullopt : Uuid::Parse(epochs.back().id());
  if (!first) return absl::DataLossError("the register has no first epoch");
  return std::make_unique<DirectoryLog>(*std::move(store), std::move(snapshot), *first);
}

}  // namespace vigil::office
