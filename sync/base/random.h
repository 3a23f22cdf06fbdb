#ifndef VIGIL_SYNC_BASE_RANDOM_H_
#define VIGIL_SYNC_BASE_RANDOM_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace vigil {

// A source of random numbers; injected, so that a seed repeats a run.
class Random {
 public:
  virtual ~Random() = default;

  // 64 uniform bits.
  virtual std::uint64_t Next() = 0;

  // Uniform in [0, bound), without bias; bound must not be 0.
  std::uint64_t Below(std::uint64_t bound);
  // Uniform in [0, 1).
  double Unit();
  // True with the given probability (0 or less: never; 1 or more: always).
  bool Chance(double probability) { return Unit() < probability; }
  virtual std::string Bytes(std::size_t count);
};

// Cryptographic randomness of the operating system (through libcrypto), for ids and tokens. Aborts
// when there is none to be had. Safe to use from several threads.
class SystemRandom final : public Random {
 public:
  std::uint64_t Next() override;
  std::string Bytes(std::size_t count) override;
};

// xoshiro256**, seeded through splitmix64: the same seed gives the same numbers on every machine.
// For simulation, tests and jitter; never for secrets. Not thread-safe.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed);
  std::uint64_t Next() override;

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace vigil

#endif  // VIGIL_SYNC_BASE_RANDOM_H_
