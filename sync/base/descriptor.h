#ifndef VIGIL_SYNC_BASE_DESCRIPTOR_H_
#define VIGIL_SYNC_BASE_DESCRIPTOR_H_

#include <unistd.h>

#include <cerrno>

namespace vigil {

// An open file, closed by the destructor. Made of what open(2) returns.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int number() const { return number_; }
  bool is_open() const { return number_ >= 0; }
  // 0, or errno: on some file systems the first error of a write turns up here.
  int Close() {
    const int result = ::close(number_);
    number_ = -1;
    return result == 0 ? 0 : errno;
  }

 private:
  int number_;
};

}  // namespace vigil

#endif  // VIGIL_SYNC_BASE_DESCRIPTOR_H_
