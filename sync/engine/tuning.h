#ifndef VIGIL_SYNC_ENGINE_TUNING_H_
#define VIGIL_SYNC_ENGINE_TUNING_H_

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

// Every number of a phone's sync that somebody might want to turn, with the reason for its value.

namespace vigil::engine {

struct Tuning {
  // Operations in one push, where the register allows more. A phone's day is some dozens; 200 keep
  // a batch well below the size limit of a message.
  int push_operations_max = 200;
  // Bytes of operations or copies in one request; a single larger one travels alone. A link of
  // 64 kbit/s carries it in eight seconds, one of 10 kbit/s within a step: what takes longer would
  // be sent again for ever.
  std::int64_t push_bytes_max = 64 * 1024;
  // Copies in one return; the register takes no more.
  int copies_max = 64;
  // Bytes of a page: what a poor connection carries in a few seconds, since what an interruption
  // costs is at most one page.
  std::uint32_t page_bytes = 64 * 1024;
  // Once a link has brought so many bytes of pages within gather_max, pages are stored together, as
  // many as have so many bytes. Ids lie all over their index: where each page is stored by itself,
  // each of its records costs a page of the phone's file.
  std::size_t gather_bytes = 1024 * 1024;
  absl::Duration gather_max = absl::Seconds(4);
  // Bytes of a chunk of a photo, where the register takes so much: the same reason.
  std::int64_t evidence_chunk_bytes = 64 * 1024;
  // A step (an answer, a page) that takes longer has failed: the attempt ends and is made again.
  // The largest operation (256 KiB) takes 32 s at 64 kbit/s.
  absl::Duration step_max = absl::Seconds(60);
  // Pulls of one session: one more where org units have moved into the scope, one more where unsent
  // work may go again. What is left then is left to the next session.
  int pulls_max = 8;
  // Repairs of one session; a digest that still differs is left to the next one.
  int repair_buckets_max = 256;

  // First pause after an attempt that failed; doubles with each further one up to the longest. The
  // pause is drawn from its upper half, so that a thousand phones do not come back at once.
  absl::Duration backoff_min = absl::Seconds(2);
  absl::Duration backoff_max = absl::Minutes(5);
  // The register may ask for a longer pause (RATE_LIMITED), up to this one: it cannot put a phone
  // to sleep.
  absl::Duration asked_pause_max = absl::Minutes(5);
  // Without a watch or news a phone looks by itself.
  absl::Duration poll = absl::Minutes(15);
  // Several local changes or news close together are one session.
  absl::Duration gather = absl::Milliseconds(200);
  // What was deferred is offered again after this.
  absl::Duration deferred_retry = absl::Minutes(1);
};

// The version of the protocol that this program speaks.
inline constexpr std::uint32_t kProtocolVersion = 1;

}  // namespace vigil::engine

#endif  // VIGIL_SYNC_ENGINE_TUNING_H_
