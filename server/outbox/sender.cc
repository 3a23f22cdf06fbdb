#include "server/outbox/sender.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "server/outbox/recipients.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/base/utf8.h"
#include "sync/rules/reason.h"

namespace vigil::outbox {

namespace {

constexpr int kDoublingsMax = 20;
// A receiver that refuses may be under repair, not much longer.
constexpr int kRefusedAttemptsMax = 5;
constexpr absl::Duration kLanePauseMax = absl::Minutes(5);
constexpr int kRetriesMax = 1000;

constexpr char kChannelGone[] = "the channel is not in the configuration any longer";
constexpr char kAddressGone[] = "the address is not in the configuration any longer";

absl::Time FromTimestamp(const google::protobuf::Timestamp& time) {
  return FromMicros(google::protobuf::util::TimeUtil::TimestampToMicroseconds(time));
}

}  // namespace

struct Sender::State : std::enable_shared_from_this<Sender::State> {
  // A lane at work.
  struct Track {
    explicit Track(Lane the_lane) : lane(std::move(the_lane)) {}

    Lane lane;
    bool busy = false;
    absl::Time not_before = absl::InfinitePast();
  };

  State(const Parts& the_parts, std::vector<Lane> lanes, Options the_options)
      : parts(the_parts), options(std::move(the_options)) {
    for (Lane& lane : lanes) {
      names.push_back(lane.name);
      tracks.emplace_back(std::move(lane));
    }
  }

  store::Outbox& outbox() { return parts.store.outbox(); }
  Track* FindTrack(const std::string& name);
  void Tell(const absl::Status& status) const {
    if (!status.ok() && options.on_error) options.on_error(status);
  }

  void Schedule(absl::Duration delay);
  absl::Status Poll();
  absl::Status RouteNew();
  std::vector<store::DeliveryTarget> TargetsOf(const Recipient& recipient) const;
  absl::Status Pump(Track& track);
  absl::StatusOr<Message> MessageOf(const v1::Notification& notification);
  void Finish(Track& track, const v1::Notification& notification, const Attempt& attempt);
  store::DeliveryMark MarkOf(Track& track, const v1::Notification& notification,
                             const Attempt& attempt);
  absl::Duration PauseAfter(int attempts);

  const Parts parts;
  const Options options;
  std::vector<std::string> names;
  std::vector<Track> tracks;
};

Sender::State::Track* Sender::State::FindTrack(const std::string& name) {
  const auto found = std::find_if(tracks.begin(), tracks.end(),
                                  [&](const Track& track) { return track.lane.name == name; });
  return found == tracks.end() ? nullptr : &*found;
}

void Sender::State::Schedule(absl::Duration delay) {
  parts.executor.PostAfter(delay, [weak = weak_from_this()] {
    const std::shared_ptr<State> alive = weak.lock();
    if (!alive) return;
    alive->Tell(alive->Poll());
    alive->Schedule(alive->options.poll);
  });
}

absl::Status Sender::State::Poll() {
  // What cannot be marked as sent would be sent again and again.
  if (!parts.has_room()) return absl::OkStatus();
  VIGIL_RETURN_IF_ERROR(RouteNew());
  for (Track& track : tracks) VIGIL_RETURN_IF_ERROR(Pump(track));
  return absl::OkStatus();
}

absl::Status Sender::State::RouteNew() {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<v1::Notification> messages,
                         outbox().Unrouted(options.batch));
  if (messages.empty()) return absl::OkStatus();
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, parts.store.Read());
  std::vector<store::DeliveryRoute> routes;
  for (const v1::Notification& message : messages) {
    VIGIL_ASSIGN_OR_RETURN(const Recipient recipient,
                           FindRecipient(*snapshot, message.recipient()));
    routes.push_back({message.id(), TargetsOf(recipient)});
    if (!routes.back().targets.empty()) continue;
    routes.back().targets.push_back({kLogChannel});
    if (tracks.size() > 1 && options.on_unserved) options.on_unserved(message);
  }
  return outbox().Route(routes);
}

std::vector<store::DeliveryTarget> Sender::State::TargetsOf(const Recipient& recipient) const {
  std::vector<store::DeliveryTarget> targets;
  for (const Track& track : tracks) {
    const Lane& lane = track.lane;
    if (lane.name == kLogChannel || !recipient.IsOneOf(lane.recipients)) continue;
    if (lane.addresses.empty()) targets.push_back({lane.name});
    for (const Lane::Address& address : lane.addresses) {
      if (recipient.IsOneOf(address.recipients)) targets.push_back({lane.name, address.address});
    }
  }
  return targets;
}

absl::StatusOr<Message> Sender::State::MessageOf(const v1::Notification& notification) {
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, parts.store.Read());
  VIGIL_ASSIGN_OR_RETURN(const Recipient recipient,
                         FindRecipient(*snapshot, notification.recipient()));
  Message message;
  message.number = notification.id();
  message.channel = notification.deliveries(0).channel();
  message.address = notification.deliveries(0).address();
  message.recipient = notification.recipient();
  message.recipient_code = recipient.code;
  message.recipient_name = recipient.name;
  message.topic = notification.topic();
  message.record = notification.record();
  message.text_zh = notification.text();
  message.text_en = notification.text_en();
  message.created_at = FromTimestamp(notification.created_at());
  message.id = MessageId(message);
  return message;
}

absl::Status Sender::State::Pump(Track& track) {
  const absl::Time now = parts.executor.Now();
  if (track.busy || now < track.not_before) return absl::OkStatus();
  VIGIL_ASSIGN_OR_RETURN(const std::optional<v1::Notification> next,
                         outbox().Next(track.lane.name, now));
  if (!next) return absl::OkStatus();
  VIGIL_ASSIGN_OR_RETURN(const Message message, MessageOf(*next));
  track.busy = true;
  track.not_before = now + track.lane.pace;
  const auto finish = [weak = weak_from_this(), &executor = parts.executor, at = &track,
                       notification = *next](Attempt attempt) {
    // Of another thread, maybe, and maybe within Send.
    executor.Post([weak, at, notification, attempt = std::move(attempt)] {
      if (const std::shared_ptr<State> alive = weak.lock()) {
        alive->Finish(*at, notification, attempt);
      }
    });
  };
  const std::vector<Lane::Address>& addresses = track.lane.addresses;
  const bool known = message.address.empty() == addresses.empty() &&
                     (addresses.empty() ||
                      std::any_of(addresses.begin(), addresses.end(), [&](const auto& address) {
                        return address.address == message.address;
                      }));
  if (known) {
    track.lane.channel->Send(message, finish);
  } else {
    finish({Attempt::End::kGone, kAddressGone, {}});
  }
  return absl::OkStatus();
}

void Sender::State::Finish(Track& track, const v1::Notification& notification,
                           const Attempt& attempt) {
  track.busy = false;
  const store::DeliveryMark mark = MarkOf(track, notification, attempt);
  const absl::Status marked = parts.has_room()
                                  ? outbox().Mark(mark)
                                  : absl::ResourceExhaustedError("the disk has no room for a mark");
  if (!marked.ok()) {
    // It will be sent again; not at once.
    track.not_before = std::max(track.not_before, parts.executor.Now() + options.first_retry);
    return Tell(marked);
  }
  if (mark.state != v1::NOTIFICATION_STATE_SENT && options.on_failure) {
    options.on_failure({notification.id(), track.lane.name,
                        notification.deliveries(0).attempts() + 1, attempt.error,
                        mark.state == v1::NOTIFICATION_STATE_DEAD});
  }
  Tell(Pump(track));
}

store::DeliveryMark Sender::State::MarkOf(Track& track, const v1::Notification& notification,
                                          const Attempt& attempt) {
  const absl::Time now = parts.executor.Now();
  const v1::NotificationDelivery& delivery = notification.deliveries(0);
  store::DeliveryMark mark;
  mark.notification = notification.id();
  mark.target = {delivery.channel(), delivery.address()};
  // It may hold what a receiver said.
  mark.error = IsValidText(attempt.error) ? attempt.error : "an answer that is no text";
  mark.at = now;
  if (attempt.end == Attempt::End::kSent) {
    mark.state = v1::NOTIFICATION_STATE_SENT;
    return mark;
  }
  const int attempts = delivery.attempts() + 1;
  const absl::Duration asked =
      std::min(attempt.retry_after.value_or(absl::ZeroDuration()), options.longest_retry);
  const absl::Duration pause = std::max(PauseAfter(attempts), asked);
  if (attempt.end == Attempt::End::kFailed) {
    const absl::Duration lane_pause = std::max(std::min(pause, kLanePauseMax), asked);
    track.not_before = std::max(track.not_before, now + lane_pause);
  }
  const int attempts_max = attempt.end == Attempt::End::kGone ? 1
                           : attempt.end == Attempt::End::kRefused
                               ? std::min(kRefusedAttemptsMax, options.attempts_max)
                               : options.attempts_max;
  if (attempts >= attempts_max) {
    mark.state = v1::NOTIFICATION_STATE_DEAD;
    return mark;
  }
  mark.state = v1::NOTIFICATION_STATE_PENDING;
  mark.next_attempt_at = now + pause;
  return mark;
}

absl::Duration Sender::State::PauseAfter(int attempts) {
  const int doublings = std::min(attempts - 1, kDoublingsMax);
  const absl::Duration whole =
      std::min(options.first_retry * (1 << doublings), options.longest_retry);
  // As it is kept: what is due is not held up by a fraction.
  return absl::Trunc(whole * (0.5 + 0.5 * parts.random.Unit()), absl::Milliseconds(1));
}

Sender::Sender(const Parts& parts, std::vector<Lane> lanes, Options options)
    : state_(std::make_shared<State>(parts, std::move(lanes), std::move(options))) {}

Sender::~Sender() = default;

void Sender::Start() {
  const absl::StatusOr<std::int64_t> ended =
      state_->outbox().EndAllBut(state_->names, kChannelGone, state_->parts.executor.Now());
  state_->Tell(ended.status());
  if (ended.ok() && *ended > 0 && state_->options.on_ended) state_->options.on_ended(*ended);
  state_->Schedule(absl::ZeroDuration());
}

absl::Status Sender::Poll() { return state_->Poll(); }

absl::StatusOr<v1::RetryNotificationsResponse> Sender::Retry(
    const v1::RetryNotificationsRequest& request) {
  State& state = *state_;
  if (request.dead() != request.ids().empty() || request.ids_size() > kRetriesMax) {
    return rules::Refuse(v1::REASON_MALFORMED,
                         absl::StrCat("name the messages, at most ", kRetriesMax,
                                      ", or ask for all that are dead; not both"));
  }
  if (!state.parts.has_room()) {
    return rules::Refuse(v1::REASON_STORAGE_UNAVAILABLE, "the register's disk is nearly full");
  }
  store::RetryQuery query;
  query.notifications = {request.ids().begin(), request.ids().end()};
  query.channel = request.channel();
  query.channels = state.names;
  query.now = state.parts.executor.Now();
  VIGIL_ASSIGN_OR_RETURN(const std::int64_t retried, state.outbox().Retry(query));
  for (State::Track& track : state.tracks) track.not_before = absl::InfinitePast();
  state.Tell(state.Poll());
  v1::RetryNotificationsResponse response;
  response.set_retried(retried);
  return response;
}

void Sender::Test(const v1::TestNotificationChannelRequest& request, TestDone done) {
  State::Track* const track = state_->FindTrack(request.channel());
  if (track == nullptr) {
    return done(rules::Refuse(v1::REASON_NOT_FOUND,
                              absl::StrCat("there is no channel '", request.channel(), "'"))
                    .With("channel", request.channel()));
  }
  Message message;
  message.channel = request.channel();
  message.address = request.address();
  const std::vector<Lane::Address>& addresses = track->lane.addresses;
  if (message.address.empty() && addresses.size() == 1) message.address = addresses[0].address;
  const auto is_asked_for = [&](const Lane::Address& address) {
    return address.address == message.address;
  };
  if (message.address.empty() != addresses.empty() ||
      (!addresses.empty() && std::none_of(addresses.begin(), addresses.end(), is_asked_for))) {
    return done(rules::Refuse(v1::REASON_NOT_FOUND, addresses.empty()
                                                        ? "this channel has no addresses"
                                                        : "name one of the channel's addresses")
                    .With("channel", request.channel()));
  }
  message.topic = "test";
  message.text_zh = "这是一条测试消息：通知渠道可用。";
  message.text_en = "This is a test: the channel works.";
  message.created_at = state_->parts.executor.Now();
  message.id = MessageId(message);
  const auto shared = std::make_shared<TestDone>(std::move(done));
  track->lane.channel->Send(message, [shared, &executor = state_->parts.executor](Attempt attempt) {
    executor.Post([shared, attempt = std::move(attempt)] {
      v1::TestNotificationChannelResponse response;
      response.set_sent(attempt.end == Attempt::End::kSent);
      response.set_error(attempt.error);
      (*shared)(std::move(response));
    });
  });
}

}  // namespace vigil::outbox
