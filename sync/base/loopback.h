#ifndef VIGIL_SYNC_BASE_LOOPBACK_H_
#define VIGIL_SYNC_BASE_LOOPBACK_H_

#include <string_view>

namespace vigil {

// Whether this names the machine itself: an address of 127.0.0.0/8 in four decimal numbers, "::1",
// or "localhost". A name that begins with "127." does not.
bool IsLoopbackHost(std::string_view host);

}  // namespace vigil

#endif  // VIGIL_SYNC_BASE_LOOPBACK_H_
