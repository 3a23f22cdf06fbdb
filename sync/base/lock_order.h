#ifndef VIGIL_SYNC_BASE_LOCK_ORDER_H_
#define VIGIL_SYNC_BASE_LOCK_ORDER_H_

namespace vigil {

// Whoever uses gRPC calls this first. Debian builds Abseil with its debug checks: it keeps the
// order in which gRPC's locks were ever taken, behind one lock of the whole process, and ends the
// process once two were taken in both orders, even where that can block nobody, as gRPC's are when
// many connections come and go (grpc/grpc issues 40390 and 43248). It is told to let them be.
// Vigil's own locks (mutex.h) are none of Abseil's.
void AllowLocksInAnyOrder();

}  // namespace vigil

#endif  // VIGIL_SYNC_BASE_LOCK_ORDER_H_
