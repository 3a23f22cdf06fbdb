#ifndef VIGIL_TESTS_SUPPORT_TEST_AUTHORITY_H_
#define VIGIL_TESTS_SUPPORT_TEST_AUTHORITY_H_

#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"

struct evp_pkey_st;
struct x509_st;

namespace vigil::testing {

// A certificate authority for tests.
class TestAuthority {
 public:
  // PEM.
  struct Issued {
    std::string certificate;
    std::string key;
  };
  struct Subject {
    std::string name = "localhost";
    absl::Time from = absl::Now() - absl::Hours(1);
    absl::Time until = absl::Now() + absl::Hours(24);
  };

  TestAuthority();

  // Its own certificate, by which clients trust what it has issued.
  const std::string& certificate() const { return certificate_; }
  // For "localhost" and 127.0.0.1, whatever the subject's name is.
  Issued Issue(const Subject& subject) const;
  Issued Issue() const { return Issue(Subject()); }

 private:
  std::shared_ptr<evp_pkey_st> key_;
  std::shared_ptr<x509_st> own_;
  std::string certificate_;
};

}  // namespace vigil::testing

#endif  // VIGIL_TESTS_SUPPORT_TEST_AUTHORITY_H_
