#ifndef VIGIL_SERVER_OUTBOX_MESSAGE_H_
#define VIGIL_SERVER_OUTBOX_MESSAGE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "vigil/v1/notification_config.pb.h"

namespace vigil::outbox {

// A message on its way by one channel.
struct Message {
  // The same for each attempt by this channel and address, and no other message's: a UUID.
  std::string id;
  // In the outbox; 0: a test.
  std::int64_t number = 0;
  std::string channel;
  // Of a channel that has several.
  std::string address;
  // Org unit or person that is told: id, code and name; the latter empty where they are not known.
  std::string recipient;
  std::string recipient_code;
  std::string recipient_name;
  std::string topic;
  // Id of the record that it is about; empty: of several.
  std::string record;
  std::string text_zh;
  std::string text_en;
  absl::Time created_at;
};

// The id of a message by a channel; the time of its making tells apart messages to which a restored
// register gave the same number.
std::string MessageId(const Message& message);

using Languages = std::vector<v1::NoticeLanguage>;

// "[Vigil] 隐患通知：一号填埋场运营单位", in the first of the languages: what stands above the
// message, on one line.
std::string Heading(const Message& message, const Languages& languages);

// The message's text in each of the languages, then what to do. Lines end with "\n". What does not
// fit into `bytes_max` is left out, as Shorten does; each language has the same share.
std::string Body(const Message& message, const Languages& languages, std::size_t bytes_max);

// At most `bytes_max` bytes of the text: whole items as long as they fit ("\n" and "; " end one),
// else whole characters; then how many items more there are. At least 40 bytes are needed.
std::string Shorten(std::string_view text, std::size_t bytes_max, v1::NoticeLanguage language);

// Without line breaks, tabs and other control characters.
std::string OneLineOf(std::string_view text);

}  // namespace vigil::outbox

#endif  // VIGIL_SERVER_OUTBOX_MESSAGE_H_
