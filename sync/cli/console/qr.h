#ifndef VIGIL_SYNC_CLI_CONSOLE_QR_H_
#define VIGIL_SYNC_CLI_CONSOLE_QR_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace vigil::console {

// A QR code as its modules, without the quiet zone.
class QrCode {
 public:
  // Of bytes, with medium error correction, in the smallest version that holds them.
  // INVALID_ARGUMENT: nothing to encode, or too much (2,331 bytes are held).
  static absl::StatusOr<QrCode> Encode(std::string_view content);

  std::size_t size() const { return size_; }
  // Outside of the code everything is light.
  bool IsDark(std::size_t column, std::size_t row) const {
    return column < size_ && row < size_ && dark_[row * size_ + column];
  }

 private:
  QrCode(std::size_t size, std::vector<bool> dark) : size_(size), dark_(std::move(dark)) {}

  std::size_t size_;
  std::vector<bool> dark_;
};

// The code with its quiet zone of four modules, two rows of modules in a line of half blocks: black
// on white, whatever the terminal's own colours are.
std::string QrText(const QrCode& code);

}  // namespace vigil::console

#endif  // VIGIL_SYNC_CLI_CONSOLE_QR_H_
