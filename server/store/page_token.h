#ifndef VIGIL_SERVER_STORE_PAGE_TOKEN_H_
#define VIGIL_SERVER_STORE_PAGE_TOKEN_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

// Page tokens: where the next page begins, and of which query. Opaque to clients, checked when they
// come back; they hold nothing that the client may not know.

namespace vigil::store {

// `query` says what was asked for (without the page's size); the same must be given to decode.
std::string EncodePageToken(std::string_view query, const std::vector<std::string>& key);

// The parts of the key, `count` of them. INVALID_ARGUMENT with REASON_INVALID_PAGE_TOKEN for what
// EncodePageToken did not make of this query.
absl::StatusOr<std::vector<std::string>> DecodePageToken(std::string_view query, std::size_t count,
                                                         std::string_view token);

// `requested`, or the default where that is not positive, at most 1,000.
int ClampPageSize(int requested, int default_size);

}  // namespace vigil::store

#endif  // VIGIL_SERVER_STORE_PAGE_TOKEN_H_
