#include "tests/bench/pull_load.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpcpp/client_context.h"
#include "sync/base/status.h"
#include "sync/transport/channel.h"
#include "vigil/v1/sync_service.grpc.pb.h"

namespace vigil::bench {
namespace {

void NoteCursor(const v1::ScopeCursor& cursor, std::vector<v1::ScopeCursor>& cursors) {
  for (v1::ScopeCursor& known : cursors) {
    if (known.units().size() != cursor.units().size() ||
        !std::equal(known.units().begin(), known.units().end(), cursor.units().begin())) {
      continue;
    }
    known = cursor;
    return;
  }
  cursors.push_back(cursor);
}

}  // namespace

absl::StatusOr<Pulled> PullAll(const Server& server, transport::ProgramAccess* access,
                               const std::vector<v1::ScopeCursor>& cursors, const TakePage& take) {
  return PullAll(server.Connect(), access, cursors, take);
}

absl::StatusOr<Pulled> PullAll(const std::shared_ptr<grpc::Channel>& channel,
                               transport::ProgramAccess* access,
                               const std::vector<v1::ScopeCursor>& cursors, const TakePage& take) {
  if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(10))) {
    return Error(absl::StatusCode::kUnavailable, "the server does not answer");
  }
  const auto stub = v1::SyncService::NewStub(channel);
  v1::PullRequest request;
  request.mutable_cursors()->Add(cursors.begin(), cursors.end());
  // As a phone does.
  request.set_digest_hash_only(true);
  grpc::ClientContext context;
  Pulled pulled;
  pulled.cursors = cursors;

  const absl::Time start = absl::Now();
  if (access != nullptr) {
    VIGIL_ASSIGN_OR_RETURN(const auto headers, access->MakeHeaders("vigil.v1.SyncService/Pull"));
    transport::Prepare(headers, context);
  }
  const auto reader = stub->Pull(&context, request);
  v1::PullResponse page;
  while (reader->Read(&page)) {
    if (page.has_cursor()) NoteCursor(page.cursor(), pulled.cursors);
    pulled.seq = page.head().seq();
    pulled.epoch = page.head().epoch();
    if (take) {
      VIGIL_RETURN_IF_ERROR(take(page));
      continue;
    }
    for (std::string& record : *page.mutable_records()) {
      pulled.records.push_back(std::move(record));
    }
  }
  const grpc::Status status = reader->Finish();
  pulled.seconds = absl::ToDoubleSeconds(absl::Now() - start);
  if (!status.ok()) {
    return Error(absl::StatusCode::kUnavailable, "a pull failed: " + status.error_message());
  }
  return pulled;
}

}  // namespace vigil::bench
