#ifndef VIGIL_TESTS_SUPPORT_RELAY_H_
#define VIGIL_TESTS_SUPPORT_RELAY_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

namespace vigil::testing {

// A bad network on loopback: passes connections on to a server, one at a time, after it has dropped
// the first ones.
class Relay {
 public:
  struct Options {
    // Of the server on 127.0.0.1.
    int port = 0;
    int drops = 0;
  };

  explicit Relay(const Options& options);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  // Where it listens: "127.0.0.1:PORT".
  const std::string& address() const { return address_; }
  int dropped() const { return dropped_; }
  // What the server has sent so far.
  std::int64_t bytes_from_server() const { return bytes_from_server_; }

 private:
  void Run();
  void Pass(int client);

  const Options options_;
  std::string address_;
  int listener_ = -1;
  // Becomes readable when the relay must end.
  int stop_ = -1;
  std::atomic<int> dropped_ = 0;
  std::atomic<std::int64_t> bytes_from_server_ = 0;
  std::thread thread_;
};

}  // namespace vigil::testing

#endif  // VIGIL_TESTS_SUPPORT_RELAY_H_
