#include "sync/base/signing.h"

#include "sync/base/time.h"

namespace vigil {
namespace {

class Writer {
 public:
  explicit Writer(std::string_view kind) : bytes_("vigil/") {
    bytes_.append(kind).append("/1").push_back('\0');
  }

  Writer& Id(const Uuid& id) { return Raw(id.bytes()); }
  Writer& Hash(const Sha256& hash) { return Raw(hash.bytes()); }
  Writer& Number(std::uint64_t number) { return Digits(number, 8); }
  Writer& Text(std::string_view text) { return Digits(text.size(), 4).Raw(text); }

  std::string Take() { return std::move(bytes_); }

 private:
  Writer& Raw(std::string_view bytes) {
    bytes_.append(bytes);
    return *this;
  }
  Writer& Digits(std::uint64_t number, int count) {
    for (int shift = 8 * (count - 1); shift >= 0; shift -= 8) {
      bytes_.push_back(static_cast<char>(number >> shift));
    }
    return *this;
  }

  std::string bytes_;
};

}  // namespace

std::string BytesToSign(const CallToSign& call) {
  return Writer("call")
      .Id(call.register_id)
      .Hash(call.token_hash)
      .Text(call.method)
      .Number(static_cast<std::uint64_t>(ToMicros(call.issued_at)))
      .Text(call.nonce)
      .Take();
}

std::string BytesToSign(const PushToSign& push) {
  return Writer("push")
      .Id(push.register_id)
      .Id(push.device)
      .Number(push.device_seq.value())
      .Hash(push.operation_hash)
      .Take();
}

std::string BytesToSign(const EnrolToSign& enrol) {
  return Writer("enrol").Text(enrol.code).Hash(enrol.refresh_hash).Take();
}

std::string BytesToSign(const SignInToSign& sign_in) {
  return Writer("sign-in").Text(sign_in.person_code).Hash(sign_in.refresh_hash).Take();
}

std::string BytesToSign(const RefreshToSign& refresh) {
  return Writer("refresh").Hash(refresh.refresh_hash).Hash(refresh.next_hash).Take();
}

std::string BytesToSign(const HeadToSign& head) {
  return Writer("head").Id(head.epoch).Number(head.seq.value()).Hash(head.root).Take();
}

std::string BytesToSign(const EpochToSign& epoch) {
  return Writer("epoch")
      .Id(epoch.id)
      .Id(epoch.parent)
      .Number(epoch.back_to_seq.value())
      .Text(epoch.why)
      .Id(epoch.person)
      .Number(static_cast<std::uint64_t>(ToMicros(epoch.began_at)))
      .Take();
}

}  // namespace vigil
