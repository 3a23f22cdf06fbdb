#include "server/service/import_reactor.h"

#include <utility>

#include "server/service/grpc_status.h"
#include "server/service/request_texts.h"
#include "sync/base/status.h"
#include "sync/rules/reason.h"

namespace vigil::service {

std::shared_ptr<ImportReactor> ImportReactor::Start(grpc::CallbackServerContext* context,
                                                    Executor& worker, const MakeJob& make_job) {
  auto reactor = std::shared_ptr<ImportReactor>(new ImportReactor(context, worker));
  reactor->self_ = reactor;
  const std::weak_ptr<ImportReactor> weak = reactor;
  // Weak: the job belongs to the reactor until it runs, and its task holds both while it does.
  reactor->job_ = make_job({.emit =
                                [weak](v1::ImportResponse response) {
                                  if (const auto self = weak.lock()) {
                                    self->Emit(std::move(response));
                                  }
                                },
                            .done =
                                [weak](const absl::Status& status) {
                                  if (const auto self = weak.lock()) self->End(status);
                                }});
  return reactor;
}

grpc::ServerBidiReactor<v1::ImportRequest, v1::ImportResponse>* ImportReactor::Refuse(
    grpc::CallbackServerContext* context, const absl::Status& status) {
  class Refused final : public grpc::ServerBidiReactor<v1::ImportRequest, v1::ImportResponse> {
   public:
    void OnDone() override { delete this; }
  };
  auto* refused = new Refused;
  refused->Finish(ToGrpc(status, *context));
  return refused;
}

absl::Status ImportReactor::Take(const v1::ImportRequest& request) {
  VIGIL_RETURN_IF_ERROR(CheckTexts(request));
  switch (request.part_case()) {
    case v1::ImportRequest::kOptions:
      if (has_options_ || has_file_) {
        return rules::Refuse(v1::REASON_MALFORMED, "the options come once, before the files");
      }
      has_options_ = true;
      job_->set_options(request.options());
      return absl::OkStatus();
    case v1::ImportRequest::kFile:
      has_file_ = true;
      return job_->AddPart(request.file());
    default:
      return rules::Refuse(v1::REASON_MALFORMED, "a message holds options or a part of a file");
  }
}

void ImportReactor::OnReadDone(bool ok) {
  if (ok) {
    if (const absl::Status status = Take(request_); !status.ok()) return End(status);
    const MutexLock lock(mutex_);
    if (!end_) StartRead(&request_);
    return;
  }
  // A read also ends when the client is gone: what is half sent is not imported.
  if (context_->IsCancelled()) return End(absl::CancelledError("the client has gone away"));
  {
    const MutexLock lock(mutex_);
    if (end_) return;
    running_ = true;
  }
  worker_.Post([self = self_, job = job_] { job->Run(); });
}

void ImportReactor::BreakOff(const absl::Status& status) {
  {
    const MutexLock lock(mutex_);
    if (running_) return;
    if (!end_) end_ = status;
  }
  WriteNext();
}

void ImportReactor::Emit(v1::ImportResponse response) {
  {
    MutexLock lock(mutex_);
    if (gone_) return;
    waiting_.push_back(std::move(response));
  }
  WriteNext();
}

void ImportReactor::End(const absl::Status& status) {
  {
    MutexLock lock(mutex_);
    if (!end_) end_ = status;
  }
  WriteNext();
}

void ImportReactor::WriteNext() {
  std::optional<absl::Status> end;
  {
    MutexLock lock(mutex_);
    if (writing_ || ended_) return;
    if (!waiting_.empty()) {
      writing_message_ = std::move(waiting_.front());
      waiting_.pop_front();
      writing_ = true;
    } else if (end_) {
      ended_ = true;
      end = end_;
    } else {
      return;
    }
  }
  if (end) {
    Finish(ToGrpc(*end, *context_));
  } else {
    StartWrite(&writing_message_);
  }
}

void ImportReactor::OnWriteDone(bool ok) {
  {
    MutexLock lock(mutex_);
    writing_ = false;
    if (!ok) {
      gone_ = true;
      waiting_.clear();
    }
  }
  WriteNext();
}

void ImportReactor::OnDone() {
  held_.reset();
  self_.reset();
}

}  // namespace vigil::service
