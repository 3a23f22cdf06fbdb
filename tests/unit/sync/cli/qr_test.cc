#include "sync/cli/console/qr.h"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"

namespace vigil::console {
namespace {

constexpr std::size_t kQuietZone = 4;
constexpr std::string_view kInk = "\x1b[30;107m";
constexpr std::string_view kNoInk = "\x1b[0m";

// The modules as they are printed, quiet zone included: true is dark.
std::vector<std::vector<bool>> ModulesOf(std::string_view text) {
  std::vector<std::vector<bool>> modules;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() + 1);
    EXPECT_EQ(line.substr(0, kInk.size()), kInk);
    EXPECT_EQ(line.substr(line.size() - kNoInk.size()), kNoInk);
    line = line.substr(kInk.size(), line.size() - kInk.size() - kNoInk.size());
    std::vector<bool> upper;
    std::vector<bool> lower;
    while (!line.empty()) {
      const std::string_view glyph = line.substr(0, line.front() == ' ' ? 1 : 3);
      line.remove_prefix(glyph.size());
      EXPECT_TRUE(glyph == " " || glyph == "█" || glyph == "▀" || glyph == "▄") << glyph;
      upper.push_back(glyph == "█" || glyph == "▀");
      lower.push_back(glyph == "█" || glyph == "▄");
    }
    modules.push_back(upper);
    modules.push_back(lower);
  }
  return modules;
}

// Reads version 1 of the standard (ISO/IEC 18004) from printed modules, by itself.
class Version1Reader {
 public:
  static constexpr std::size_t kSize = 21;

  explicit Version1Reader(const std::vector<std::vector<bool>>& printed) : printed_(printed) {}

  bool At(std::size_t column, std::size_t row) const {
    return printed_.at(row + kQuietZone).at(column + kQuietZone);
  }

  // Error correction level (two bits; medium is 0) and mask.
  unsigned Format() const {
    constexpr std::array<std::array<std::size_t, 2>, 15> kPlaces = {{{0, 8},
                                                                     {1, 8},
                                                                     {2, 8},
                                                                     {3, 8},
                                                                     {4, 8},
                                                                     {5, 8},
                                                                     {7, 8},
                                                                     {8, 8},
                                                                     {8, 7},
                                                                     {8, 5},
                                                                     {8, 4},
                                                                     {8, 3},
                                                                     {8, 2},
                                                                     {8, 1},
                                                                     {8, 0}}};
    unsigned bits = 0;
    for (const auto& [column, row] : kPlaces) bits = bits << 1 | (At(column, row) ? 1U : 0U);
    return (bits ^ 0x5412U) >> 10;
  }

  std::string Content() const {
    const std::vector<bool> bits = DataBits();
    const auto number = [&](std::size_t from, std::size_t count) {
      unsigned value = 0;
      for (std::size_t i = from; i < from + count; ++i) value = value << 1 | (bits.at(i) ? 1U : 0U);
      return value;
    };
    EXPECT_EQ(number(0, 4), 4U) << "bytes";
    std::string content;
    const std::size_t size = number(4, 8);
    for (std::size_t i = 0; i < size; ++i) {
      content += static_cast<char>(number(12 + 8 * i, 8));
    }
    return content;
  }

 private:
  static bool IsFunction(std::size_t column, std::size_t row) {
    return column == 6 || row == 6 || (column < 9 && row < 9) || (column > 12 && row < 9) ||
           (column < 9 && row > 12);
  }
  bool IsMasked(std::size_t column, std::size_t row) const {
    const std::size_t i = row;
    const std::size_t j = column;
    switch (Format() & 7U) {
      case 0:
        return (i + j) % 2 == 0;
      case 1:
        return i % 2 == 0;
      case 2:
        return j % 3 == 0;
      case 3:
        return (i + j) % 3 == 0;
      case 4:
        return (i / 2 + j / 3) % 2 == 0;
      case 5:
        return i * j % 2 + i * j % 3 == 0;
      case 6:
        return (i * j % 2 + i * j % 3) % 2 == 0;
      default:
        return ((i + j) % 2 + i * j % 3) % 2 == 0;
    }
  }
  // In pairs of columns from the right, up and down in turn.
  std::vector<bool> DataBits() const {
    std::vector<bool> bits;
    bool up = true;
    for (std::size_t right = kSize - 1; right >= 1; right -= 2, up = !up) {
      if (right == 6) right = 5;
      for (std::size_t step = 0; step < kSize; ++step) {
        const std::size_t row = up ? kSize - 1 - step : step;
        for (const std::size_t column : {right, right - 1}) {
          if (IsFunction(column, row)) continue;
          bits.push_back(At(column, row) != IsMasked(column, row));
        }
      }
      if (right == 1) break;
    }
    return bits;
  }

  const std::vector<std::vector<bool>>& printed_;
};

TEST(QrTest, WhatIsPrintedReadsAsWhatWasEncoded) {
  for (const char* content : {"vigil:enrol?x", "8", "K3M7-2QPX"}) {
    const auto code = QrCode::Encode(content);
    ASSERT_TRUE(code.ok()) << code.status();
    ASSERT_EQ(code->size(), Version1Reader::kSize);
    const auto printed = ModulesOf(QrText(*code));
    const Version1Reader reader(printed);
    EXPECT_EQ(reader.Format() >> 3, 0U) << "medium error correction";
    EXPECT_EQ(reader.Content(), content);
  }
}

TEST(QrTest, FindersStandInThreeCornersWithinAQuietZone) {
  const auto code =
      QrCode::Encode("vigil:enrol?server=register.example%3A7443&code=K3M7-2QPX-9RTB-H4WD");
  ASSERT_TRUE(code.ok()) << code.status();
  const std::size_t size = code->size();
  EXPECT_EQ((size - 17) % 4, 0U);
  const auto printed = ModulesOf(QrText(*code));
  // One line more than there are modules where their number is odd.
  ASSERT_EQ(printed.size(), size + 2 * kQuietZone + 1);
  for (std::size_t row = 0; row < printed.size(); ++row) {
    ASSERT_EQ(printed[row].size(), size + 2 * kQuietZone);
    for (std::size_t column = 0; column < printed[row].size(); ++column) {
      const bool inside = row >= kQuietZone && row < size + kQuietZone && column >= kQuietZone &&
                          column < size + kQuietZone;
      const bool dark = inside && code->IsDark(column - kQuietZone, row - kQuietZone);
      EXPECT_EQ(printed[row][column], dark) << column << "," << row;
    }
  }
  const auto is_finder = [&](std::size_t left, std::size_t top) {
    for (std::size_t i = 0; i < 7; ++i) {
      for (std::size_t j = 0; j < 7; ++j) {
        const bool frame = i == 0 || i == 6 || j == 0 || j == 6;
        const bool core = i >= 2 && i <= 4 && j >= 2 && j <= 4;
        if (code->IsDark(left + j, top + i) != (frame || core)) return false;
      }
    }
    return true;
  };
  EXPECT_TRUE(is_finder(0, 0));
  EXPECT_TRUE(is_finder(size - 7, 0));
  EXPECT_TRUE(is_finder(0, size - 7));
  EXPECT_FALSE(is_finder(size - 7, size - 7));
}

TEST(QrTest, WhatCannotBeEncodedIsAnError) {
  EXPECT_EQ(QrCode::Encode("").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(QrCode::Encode(std::string(2331, 'x')).ok());
  EXPECT_EQ(QrCode::Encode(std::string(2332, 'x')).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace vigil::console
