#include "sync/base/random.h"

#include <openssl/rand.h>

#include <bit>
#include <span>
#include <vector>

#include "sync/base/check.h"

namespace vigil {
namespace {

void Fill(std::span<unsigned char> bytes) {
  VIGIL_CHECK(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1)
      << "the operating system gives no randomness";
}

}  // namespace

std::uint64_t Random::Below(std::uint64_t bound) {
  VIGIL_CHECK(bound != 0);
  // The largest multiple of bound that fits is the fair part of the range; the rest is drawn again.
  const std::uint64_t unfair = (std::uint64_t{0} - bound) % bound;  // 2^64 mod bound
  std::uint64_t draw = Next();
  while (draw < unfair) draw = Next();
  return draw % bound;
}

double Random::Unit() { return static_cast<double>(Next() >> 11U) * 0x1.0p-53; }

std::string Random::Bytes(std::size_t count) {
  std::string bytes;
  bytes.reserve(count);
  while (bytes.size() < count) {
    std::uint64_t draw = Next();
    for (int i = 0; i < 8 && bytes.size() < count; ++i) {
      bytes += static_cast<char>(static_cast<std::uint8_t>(draw));
      draw >>= 8U;
    }
  }
  return bytes;
}

std::uint64_t SystemRandom::Next() {
  std::array<unsigned char, 8> bytes{};
  Fill(bytes);
  return std::bit_cast<std::uint64_t>(bytes);
}

// In one call: the generator works on 16 bytes at least.
std::string SystemRandom::Bytes(std::size_t count) {
  std::vector<unsigned char> bytes(count);
  Fill(bytes);
  return {bytes.begin(), bytes.end()};
}

SeededRandom::SeededRandom(std::uint64_t seed) {
  for (std::uint64_t& word : state_) {  // splitmix64
    seed += 0x9e3779b97f4a7c15U;
    std::uint64_t mixed = seed;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
    word = mixed ^ (mixed >> 31U);
  }
}

std::uint64_t SeededRandom::Next() {  // xoshiro256**
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17U;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

}  // namespace vigil
