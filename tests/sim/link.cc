#include "tests/sim/link.h"

#include <utility>

#include "sync/base/check.h"
#include "sync/rules/reason.h"

namespace vigil::sim {
namespace {

absl::Status Unreachable() {
  return rules::Refuse(v1::REASON_SERVER_UNREACHABLE, "the register cannot be reached");
}

// What a caller takes for a broken connection at the latest.
constexpr absl::Duration kKeepAlive = absl::Minutes(1);

}  // namespace

void Link::ToPhone(std::uint64_t life, std::function<void()> task) {
  line_.Send(Line::Kind::kOnce,
             [this, life, task = std::move(task)] { phone_.EnterLife(life, task); });
}

// The first answer counts; what a second copy of the call brings, nobody waits for.
template <typename Response>
void Link::Answer(std::uint64_t life, std::shared_ptr<Done<Response>> waits,
                  absl::StatusOr<Response> response) {
  if (response.ok()) response = Passed(*std::move(response));
  ToPhone(life, [waits = std::move(waits), response = std::move(response)] {
    if (Done<Response> done = std::exchange(*waits, nullptr)) done(response);
  });
}

template <typename Response>
void Link::Call(Handle<Response> handle, Done<Response> done) {
  if (!phone_.CanSend()) return;
  auto waits = std::make_shared<Done<Response>>(std::move(done));
  line_.Send(Line::Kind::kCall, [this, life = phone_.life(), waits, handle = std::move(handle)] {
    if (!server_.is_up()) return Answer<Response>(life, waits, Unreachable());
    server_.Enter([&] {
      handle([this, life, waits](absl::StatusOr<Response> response) {
        if (server_.CanSend()) Answer<Response>(life, waits, std::move(response));
      });
    });
  });
}

void Link::Hello(const v1::HelloRequest& request, Done<v1::HelloResponse> done) {
  if (on_greeting) on_greeting();
  Call<v1::HelloResponse>(
      [this, caller = caller_, request = Passed(request)](const Done<v1::HelloResponse>& answer) {
        server_.Hello(*caller, request, answer);
      },
      std::move(done));
}

void Link::Push(const v1::PushRequest& request, Done<v1::PushResponse> done) {
  Call<v1::PushResponse>(
      [this, caller = caller_, request = Passed(request)](const Done<v1::PushResponse>& answer) {
        server_.Push(*caller, request, answer);
      },
      std::move(done));
}

void Link::Repair(const v1::RepairRequest& request, Done<v1::RepairResponse> done) {
  Call<v1::RepairResponse>(
      [this, caller = caller_, request = Passed(request)](const Done<v1::RepairResponse>& answer) {
        server_.Repair(*caller, request, answer);
      },
      std::move(done));
}

void Link::ReturnCopies(const v1::ReturnCopiesRequest& request,
                        Done<v1::ReturnCopiesResponse> done) {
  Call<v1::ReturnCopiesResponse>(
      [this, caller = caller_, request](const Done<v1::ReturnCopiesResponse>& answer) {
        server_.ReturnCopies(*caller, request, answer);
      },
      std::move(done));
}

// Between the register's sink and the phone's.
class Link::Pages final : public service::PageSink,
                          public std::enable_shared_from_this<Link::Pages> {
 public:
  Pages(Link& link, std::uint64_t phone_life, std::shared_ptr<engine::PageSink> sink)
      : link_(link),
        phone_life_(phone_life),
        server_life_(link.server_.life()),
        sink_(std::move(sink)) {}

  void Write(std::string bytes, Ready ready) override {
    if (!link_.server_.CanSend()) return;
    v1::PullResponse page;
    VIGIL_CHECK(page.ParseFromString(bytes));
    if (link_.on_page) link_.on_page(page);
    if (link_.server_.world().Draw(Fault::kStreamBroken)) {
      link_.server_.world().Note(Fault::kStreamBroken, link_.line_.name());
      link_.ToPhone(phone_life_, [sink = sink_] { sink->Finish(Unreachable()); });
      return Continue(std::move(ready), false);
    }
    link_.ToPhone(phone_life_,
                  [self = shared_from_this(), page = link_.Passed(page), ready = std::move(ready)] {
                    self->sink_->Page(page, [self, ready](bool ok) { self->Continue(ready, ok); });
                  });
  }

  void Finish(const absl::Status& status) override {
    if (!link_.server_.CanSend()) return;
    link_.ToPhone(phone_life_, [sink = sink_, status] { sink->Finish(status); });
  }

 private:
  void Continue(Ready ready, bool ok) {
    link_.line_.Send(Line::Kind::kOnce, [self = shared_from_this(), ready = std::move(ready), ok] {
      self->link_.server_.EnterLife(self->server_life_, [&] { ready(ok); });
    });
  }

  Link& link_;
  const std::uint64_t phone_life_;
  const std::uint64_t server_life_;
  const std::shared_ptr<engine::PageSink> sink_;
};

// A second copy of the call streams to nobody.
void Link::Pull(const v1::PullRequest& request, std::shared_ptr<engine::PageSink> sink) {
  if (!phone_.CanSend()) return;
  auto waits = std::make_shared<std::shared_ptr<engine::PageSink>>(std::move(sink));
  line_.Send(Line::Kind::kCall,
             [this, life = phone_.life(), caller = caller_, request = Passed(request), waits] {
               const std::shared_ptr<engine::PageSink> taker = std::exchange(*waits, nullptr);
               if (taker == nullptr) return;
               if (!server_.is_up()) {
                 return ToPhone(life, [taker] { taker->Finish(Unreachable()); });
               }
               server_.Enter([&] {
                 server_.Pull(*caller, request, std::make_shared<Pages>(*this, life, taker));
               });
             });
}

// What a watch reports. Both ends learn of the other's end late or not at all.
class Link::Messages final : public service::WatchSink,
                             public std::enable_shared_from_this<Link::Messages> {
 public:
  Messages(Link& link, std::uint64_t id, Changed changed, Ended ended)
      : link_(link),
        id_(id),
        phone_life_(link.phone_.life()),
        changed_(std::move(changed)),
        ended_(std::move(ended)) {}

  void Write(v1::WatchResponse message, Ready ready) override {
    Server& server = link_.server_;
    if (!server.CanSend()) return;
    if (server.world().Draw(Fault::kStreamBroken)) {
      server.world().Note(Fault::kStreamBroken, link_.line_.name());
      return Break(std::move(ready));
    }
    const bool sent =
        link_.line_.Send(Line::Kind::kOnce, [self = shared_from_this(), message, ready] {
          self->link_.phone_.EnterLife(self->phone_life_, [&] {
            if (self->open_) self->changed_(message);
          });
          const bool alive = self->open_ && self->phone_life_ == self->link_.phone_.life();
          self->OnServer([ready, alive] { ready(alive); });
        });
    if (!sent) Break(std::move(ready));
  }
  void Finish(const absl::Status& status) override { End(status, absl::ZeroDuration()); }

  void Opened() { server_life_ = link_.server_.life(); }
  bool is_open() const { return open_; }
  void Close() { open_ = false; }
  // The phone finds out after a while.
  void End(const absl::Status& status, absl::Duration after) {
    World& world = link_.phone_.world();
    world.executor().PostAt(world.now() + after, [self = shared_from_this(), status] {
      self->link_.phone_.EnterLife(self->phone_life_, [&] {
        if (!std::exchange(self->open_, false)) return;
        self->ended_(status);
      });
    });
  }

 private:
  void Break(Ready ready) {
    End(Unreachable(), kKeepAlive);
    OnServer([ready = std::move(ready)] { ready(false); });
  }
  void OnServer(std::function<void()> task) {
    World& world = link_.server_.world();
    world.executor().PostAt(world.now() + absl::Seconds(1),
                            [self = shared_from_this(), task = std::move(task)] {
                              self->link_.server_.EnterLife(self->server_life_, task);
                            });
  }

  Link& link_;
  const std::uint64_t id_;
  const std::uint64_t phone_life_;
  std::uint64_t server_life_ = 0;
  const Changed changed_;
  const Ended ended_;
  bool open_ = true;
};

class Link::OpenedWatch final : public engine::Watch {
 public:
  OpenedWatch(Link& link, std::uint64_t id, std::shared_ptr<Messages> messages)
      : link_(link), id_(id), messages_(std::move(messages)) {}
  ~OpenedWatch() override {
    messages_->Close();
    link_.line_.Send(Line::Kind::kOnce, [server = &link_.server_, id = id_] {
      server->Enter([&] { server->CloseWatch(id); });
    });
  }

 private:
  Link& link_;
  const std::uint64_t id_;
  const std::shared_ptr<Messages> messages_;
};

std::unique_ptr<engine::Watch> Link::OpenWatch(const v1::WatchRequest& request, Changed changed,
                                               Ended ended) {
  const std::uint64_t id = ++last_watch_;
  auto messages = std::make_shared<Messages>(*this, id, std::move(changed), std::move(ended));
  const bool sent = line_.Send(Line::Kind::kOnce, [this, id, caller = caller_, request, messages] {
    if (!messages->is_open()) return;
    if (!server_.is_up()) return messages->End(Unreachable(), absl::Seconds(1));
    server_.Enter([&] {
      messages->Opened();
      const absl::Status opened = server_.OpenWatch(id, *caller, request, messages);
      if (!opened.ok()) messages->End(opened, absl::Seconds(1));
    });
  });
  if (!sent) messages->End(Unreachable(), kKeepAlive);
  return std::make_unique<OpenedWatch>(*this, id, std::move(messages));
}

}  // namespace vigil::sim
