#include "sync/cli/console/qr.h"

#include <qrencode.h>

#include <memory>
#include <utility>

#include "absl/status/status.h"

namespace vigil::console {
namespace {

constexpr std::size_t kQuietZone = 4;
constexpr unsigned char kDarkBit = 1;

// Black on bright white, and back.
constexpr char kInk[] = "\x1b[30;107m";
constexpr char kNoInk[] = "\x1b[0m";

struct Free {
  void operator()(QRcode* code) const { QRcode_free(code); }
};

const char* HalfBlock(bool upper, bool lower) {
  if (upper) return lower ? "█" : "▀";
  return lower ? "▄" : " ";
}

}  // namespace

absl::StatusOr<QrCode> QrCode::Encode(std::string_view content) {
  if (content.empty()) return absl::InvalidArgumentError("there is nothing to encode");
  const std::unique_ptr<QRcode, Free> code(
      QRcode_encodeData(static_cast<int>(content.size()),
                        reinterpret_cast<const unsigned char*>(content.data()), 0, QR_ECLEVEL_M));
  if (code == nullptr) return absl::InvalidArgumentError("it is too long for a QR code");
  const auto size = static_cast<std::size_t>(code->width);
  std::vector<bool> dark;
  dark.reserve(size * size);
  for (std::size_t i = 0; i < size * size; ++i) dark.push_back((code->data[i] & kDarkBit) != 0);
  return QrCode(size, std::move(dark));
}

std::string QrText(const QrCode& code) {
  const std::size_t width = code.size() + 2 * kQuietZone;
  // Left of and above the code the subtraction wraps around to what is outside of it.
  const auto is_dark = [&](std::size_t column, std::size_t row) {
    return code.IsDark(column - kQuietZone, row - kQuietZone);
  };
  std::string text;
  for (std::size_t row = 0; row < width; row += 2) {
    text += kInk;
    for (std::size_t column = 0; column < width; ++column) {
      text += HalfBlock(is_dark(column, row), is_dark(column, row + 1));
    }
    text += kNoInk;
    text += '\n';
  }
  return text;
}

}  // namespace vigil::console
