#include "tests/support/sim_transport.h"

#include <utility>

#include "sync/rules/reason.h"

namespace vigil::testing {
namespace {

constexpr absl::Duration kLatency = absl::Milliseconds(20);

absl::Status Unreachable() {
  return rules::Refuse(v1::REASON_SERVER_UNREACHABLE, "the register cannot be reached");
}

TestRegister::Options WithHub(TestRegister::Options options, service::WatchHub& hub) {
  options.on_committed = [&hub](const registry::Committed& committed) { hub.Publish(committed); };
  return options;
}

}  // namespace

SimServer::SimServer(TestRegister::Options options) : base_(WithHub(std::move(options), hub_)) {
  StartCore();
}

void SimServer::StartCore() {
  core_ = std::make_unique<service::SyncCore>(base_.target(), hub_,
                                              service::SyncOptions{.server_name = "test/1"});
}

void SimServer::Restore(const std::string& backup, const Actor& actor) {
  core_.reset();
  base_.Restore(backup, actor);
  StartCore();
}

SimTransport::SimTransport(SimServer& server, const Actor& actor)
    : server_(server), author_(actor.author), key_(actor.key->public_key()) {}

rules::Author SimTransport::Author() {
  const v1::Record person = server_.base().Find(author_.person);
  const auto& roles = person.entity().person().roles();
  author_.roles.assign(roles.begin(), roles.end());
  return author_;
}

void SimTransport::After(std::function<void()> task) {
  server_.executor().PostAfter(kLatency, std::move(task));
}

void SimTransport::AfterSending(std::size_t bytes, std::function<void()> task) {
  absl::Duration time = kLatency;
  if (faults.bytes_per_second > 0) {
    time += absl::Seconds(1) * static_cast<double>(bytes) /
            static_cast<double>(faults.bytes_per_second);
  }
  server_.executor().PostAfter(time, std::move(task));
}

template <typename Response>
void SimTransport::Answer(absl::StatusOr<Response> response, Done<Response> done) {
  if (faults.silent > 0) {
    --faults.silent;
    return;
  }
  After([this, response = std::move(response), done = std::move(done)] {
    if (!faults.reachable) return done(Unreachable());
    done(response);
  });
}

void SimTransport::Hello(const v1::HelloRequest& request, Done<v1::HelloResponse> done) {
  ++counts_.hellos;
  After([this, request, done = std::move(done)]() mutable {
    if (!faults.reachable) return done(Unreachable());
    if (!faults.let_in.ok()) return done(faults.let_in);
    absl::StatusOr<v1::HelloResponse> hello = server_.core().Hello(Author(), request);
    if (faults.greet && hello.ok()) faults.greet(*hello);
    Answer(std::move(hello), std::move(done));
  });
}

void SimTransport::ReturnCopies(const v1::ReturnCopiesRequest& request,
                                Done<v1::ReturnCopiesResponse> done) {
  AfterSending(request.ByteSizeLong(), [this, request, done = std::move(done)]() mutable {
    if (!faults.reachable) return done(Unreachable());
    if (!faults.take_copies) {
      return server_.core().ReturnCopies(
          Author(), request,
          [this, done = std::move(done)](absl::StatusOr<v1::ReturnCopiesResponse> taken) mutable {
            Answer(std::move(taken), std::move(done));
          });
    }
    if (const absl::Status status = faults.take_copies(request); !status.ok()) return done(status);
    v1::ReturnCopiesResponse response;
    response.set_taken(static_cast<std::uint32_t>(request.copies_size()));
    Answer(absl::StatusOr<v1::ReturnCopiesResponse>(std::move(response)), std::move(done));
  });
}

void SimTransport::Push(const v1::PushRequest& request, Done<v1::PushResponse> done) {
  ++counts_.pushes;
  counts_.operations += request.entries_size();
  last_push_ = request;
  AfterSending(request.ByteSizeLong(), [this, request, done = std::move(done)]() mutable {
    if (!faults.reachable || !faults.push_works) return done(Unreachable());
    if (faults.lose_push_requests > 0) {
      --faults.lose_push_requests;
      return done(Unreachable());
    }
    server_.core().Push(
        {Author(), Uuid(), key_}, request,
        [this, done = std::move(done)](absl::StatusOr<v1::PushResponse> response) mutable {
          if (faults.lose_push_responses > 0) {
            --faults.lose_push_responses;
            response = Unreachable();
          }
          Answer(std::move(response), std::move(done));
        });
  });
}

void SimTransport::Repair(const v1::RepairRequest& request, Done<v1::RepairResponse> done) {
  ++counts_.repairs;
  After([this, request, done = std::move(done)]() mutable {
    if (!faults.reachable) return done(Unreachable());
    if (faults.before_repair) faults.before_repair();
    Answer(server_.core().Repair(Author(), request), std::move(done));
  });
}

// Between the register's sink and the phone's.
class SimTransport::Pages final : public service::PageSink {
 public:
  Pages(SimTransport& transport, std::shared_ptr<engine::PageSink> sink)
      : transport_(transport), sink_(std::move(sink)) {}

  void Write(std::string bytes, Ready ready) override {
    v1::PullResponse parsed;
    VIGIL_CHECK(parsed.ParseFromString(bytes));
    transport_.AfterSending(
        bytes.size(), [this, page = std::move(parsed), ready = std::move(ready)]() mutable {
          SimTransport::Faults& faults = transport_.faults;
          if (faults.cut_pull_after == 0 || !faults.reachable) {
            faults.cut_pull_after = -1;
            Cut();
            return Continue(std::move(ready), false);
          }
          if (faults.cut_pull_after > 0) --faults.cut_pull_after;
          if (faults.silent > 0) {
            --faults.silent;
            return;
          }
          ++transport_.counts_.pages;
          if (faults.tamper) faults.tamper(page);
          sink_->Page(std::move(page), [this, ready = std::move(ready)](bool ok) mutable {
            Continue(std::move(ready), ok);
          });
        });
  }

  void Finish(const absl::Status& status) override {
    if (cut_) return;
    transport_.After([sink = sink_, status] { sink->Finish(status); });
  }

 private:
  void Continue(Ready ready, bool ok) {
    transport_.server_.executor().Post([ready = std::move(ready), ok] { ready(ok); });
  }
  void Cut() {
    cut_ = true;
    sink_->Finish(Unreachable());
  }

  SimTransport& transport_;
  const std::shared_ptr<engine::PageSink> sink_;
  bool cut_ = false;
};

void SimTransport::Pull(const v1::PullRequest& request, std::shared_ptr<engine::PageSink> sink) {
  After([this, request, sink = std::move(sink)] {
    if (!faults.reachable) return sink->Finish(Unreachable());
    server_.core().Pull(Author(), request, std::make_shared<Pages>(*this, sink));
  });
}

// What a watch reports; silent once the phone has let go of it.
class SimTransport::Messages final : public service::WatchSink,
                                     public std::enable_shared_from_this<Messages> {
 public:
  Messages(SimTransport& transport, Changed changed, Ended ended)
      : transport_(transport), changed_(std::move(changed)), ended_(std::move(ended)) {}

  void Write(v1::WatchResponse message, Ready ready) override {
    transport_.After([self = shared_from_this(), message, ready = std::move(ready)] {
      if (self->open_ && self->transport_.faults.reachable) self->changed_(message);
      ready(self->open_);
    });
  }
  void Finish(const absl::Status& status) override { End(status); }

  void End(const absl::Status& status) {
    transport_.After([self = shared_from_this(), status] {
      if (!self->open_) return;
      self->Close();
      self->ended_(status);
    });
  }
  void Open(std::unique_ptr<service::Watch> watch) { watch_ = std::move(watch); }
  void Close() {
    open_ = false;
    watch_.reset();
  }
  bool is_open() const { return open_; }

 private:
  SimTransport& transport_;
  const Changed changed_;
  const Ended ended_;
  bool open_ = true;
  std::unique_ptr<service::Watch> watch_;
};

class SimTransport::OpenedWatch final : public engine::Watch {
 public:
  explicit OpenedWatch(std::shared_ptr<Messages> messages) : messages_(std::move(messages)) {}
  ~OpenedWatch() override { messages_->Close(); }

 private:
  const std::shared_ptr<Messages> messages_;
};

std::unique_ptr<engine::Watch> SimTransport::OpenWatch(const v1::WatchRequest& request,
                                                       Changed changed, Ended ended) {
  ++counts_.watches;
  auto messages = std::make_shared<Messages>(*this, std::move(changed), std::move(ended));
  messages_ = messages;
  After([this, request, messages] {
    if (!messages->is_open()) return;
    if (!faults.reachable) return messages->End(Unreachable());
    if (!faults.watched.ok()) return messages->End(faults.watched);
    auto watch = server_.core().OpenWatch(Author(), request, messages);
    if (!watch.ok()) return messages->End(watch.status());
    messages->Open(*std::move(watch));
  });
  return std::make_unique<OpenedWatch>(std::move(messages));
}

void SimTransport::BreakWatch() {
  if (const std::shared_ptr<Messages> messages = messages_.lock()) messages->End(Unreachable());
}

}  // namespace vigil::testing
