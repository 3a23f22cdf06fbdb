#include "server/outbox/curl_transport.h"

#include <curl/curl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sync/base/check.h"
#include "sync/base/mutex.h"
#include "sync/base/status.h"

namespace vigil::outbox {

namespace {

constexpr std::size_t kAnswerBytesMax = 64 * 1024;
constexpr std::size_t kHeaderBytesMax = 64 * 1024;
constexpr int kPollMs = 1000;
constexpr int kErrorCodeMin = 400;

void InitCurl() {
  static std::once_flag once;
  std::call_once(once, [] { VIGIL_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK); });
}

CURLM* MakeMulti() {
  CURLM* const multi = curl_multi_init();
  VIGIL_CHECK(multi != nullptr);
  return multi;
}

bool IsMail(const Transfer& transfer) { return transfer.url.scheme.rfind("smtp", 0) == 0; }

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, FreeList>;

List MakeList(const std::vector<std::string>& lines) {
  List list;
  for (const std::string& line : lines) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    VIGIL_CHECK(longer != nullptr);
    list.release();
    list.reset(longer);
  }
  return list;
}

}  // namespace

class CurlTransport::Loop {
 public:
  explicit Loop(Options options)
      : options_(std::move(options)), multi_(MakeMulti()), thread_([this] { Run(); }) {}
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void Start(Transfer transfer, Done done) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // One transfer under way.
  struct Running {
    Running(Loop& the_loop, Transfer the_transfer, Done the_done)
        : loop(the_loop), transfer(std::move(the_transfer)), done(std::move(the_done)) {}

    Loop& loop;
    const Transfer transfer;
    const Done done;
    CURL* easy = curl_easy_init();
    List headers;
    List recipients;
    std::size_t sent = 0;
    std::size_t header_bytes = 0;
    bool answer_cut = false;
    // An address that was refused.
    std::string refused;
    Answer answer;
  };

  void Run();
  bool TakeQueued() ABSL_LOCKS_EXCLUDED(mutex_);
  void FinishEnded();
  void Begin(std::unique_ptr<Running> running);
  void SetUp(Running& running);
  static void SetUpPost(Running& running);
  static void SetUpMail(Running& running);
  static absl::Status StatusOf(const Running& running, CURLcode code);

  static curl_socket_t OpenSocket(void* running, curlsocktype purpose, curl_sockaddr* address);
  static int CloseSocket(void* loop, curl_socket_t socket);
  static std::size_t TakeBody(char* bytes, std::size_t one, std::size_t count, void* running);
  static std::size_t TakeHeader(char* bytes, std::size_t one, std::size_t count, void* running);
  static std::size_t GiveBody(char* bytes, std::size_t one, std::size_t count, void* running);

  const Options options_;
  CURLM* const multi_;
  std::map<CURL*, std::unique_ptr<Running>> running_;

  Mutex mutex_;
  std::vector<std::pair<Transfer, Done>> queue_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  // Open now: shut down at the end, so that nothing waits for whoever is at their other end.
  std::set<curl_socket_t> sockets_ ABSL_GUARDED_BY(mutex_);

  std::thread thread_;
};

CurlTransport::Loop::~Loop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    for (const curl_socket_t socket : sockets_) ::shutdown(socket, SHUT_RDWR);
  }
  curl_multi_wakeup(multi_);
  thread_.join();
  for (const auto& [easy, running] : running_) {
    curl_multi_remove_handle(multi_, easy);
    curl_easy_cleanup(easy);
  }
  curl_multi_cleanup(multi_);
}

void CurlTransport::Loop::Start(Transfer transfer, Done done) {
  {
    const MutexLock lock(mutex_);
    queue_.emplace_back(std::move(transfer), std::move(done));
  }
  curl_multi_wakeup(multi_);
}

void CurlTransport::Loop::Run() {
  // Curl leaves it to its user, and OpenSSL's writes raise it.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  VIGIL_CHECK(pthread_sigmask(SIG_BLOCK, &signals, nullptr) == 0);
  while (TakeQueued()) {
    int left = 0;
    VIGIL_CHECK(curl_multi_perform(multi_, &left) == CURLM_OK);
    FinishEnded();
    VIGIL_CHECK(curl_multi_poll(multi_, nullptr, 0, kPollMs, nullptr) == CURLM_OK);
  }
}

bool CurlTransport::Loop::TakeQueued() {
  std::vector<std::pair<Transfer, Done>> queue;
  {
    const MutexLock lock(mutex_);
    if (stopping_) return false;
    queue.swap(queue_);
  }
  for (auto& [transfer, done] : queue) {
    Begin(std::make_unique<Running>(*this, std::move(transfer), std::move(done)));
  }
  return true;
}

void CurlTransport::Loop::Begin(std::unique_ptr<Running> running) {
  VIGIL_CHECK(running->easy != nullptr);
  SetUp(*running);
  CURL* const easy = running->easy;
  running_[easy] = std::move(running);
  VIGIL_CHECK(curl_multi_add_handle(multi_, easy) == CURLM_OK);
}

void CurlTransport::Loop::FinishEnded() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* const easy = message->easy_handle;
    const CURLcode code = message->data.result;
    const auto found = running_.find(easy);
    const std::unique_ptr<Running> running = std::move(found->second);
    running_.erase(found);
    long reply = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &reply);
    curl_off_t retry_after = 0;
    curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after);
    running->answer.code = static_cast<int>(reply);
    if (retry_after > 0) running->answer.retry_after = absl::Seconds(retry_after);
    running->answer.status = StatusOf(*running, code);
    curl_multi_remove_handle(multi_, easy);
    curl_easy_cleanup(easy);
    {
      const MutexLock lock(mutex_);
      if (stopping_) return;
    }
    running->done(std::move(running->answer));
  }
}

absl::Status CurlTransport::Loop::StatusOf(const Running& running, CURLcode code) {
  if (code == CURLE_OK) return absl::OkStatus();
  const int reply = running.answer.code;
  if (IsMail(running.transfer)) {
    if (code == CURLE_LOGIN_DENIED) {
      return absl::UnauthenticatedError(absl::StrCat("the sign-in was refused (", reply, ")"));
    }
    // What curl calls it says less than the server's reply.
    if (reply >= kErrorCodeMin && code != CURLE_OPERATION_TIMEDOUT) return absl::OkStatus();
    if (code == CURLE_USE_SSL_FAILED) {
      return absl::UnavailableError("the server offers no encryption (STARTTLS)");
    }
  } else if (code == CURLE_WRITE_ERROR && running.answer_cut) {
    return absl::OkStatus();
  }
  if (!running.refused.empty() && code == CURLE_COULDNT_CONNECT) {
    return absl::PermissionDeniedError(
        absl::StrCat("its address ", running.refused,
                     " is not allowed: only public ones are, and those in allowed_networks"));
  }
  return absl::UnavailableError(curl_easy_strerror(code));
}

void CurlTransport::Loop::SetUp(Running& running) {
  CURL* const easy = running.easy;
  const Transfer& transfer = running.transfer;
  const auto set = [easy](CURLoption option, auto value) {
    VIGIL_CHECK(curl_easy_setopt(easy, option, value) == CURLE_OK) << option;
  };
  set(CURLOPT_URL, transfer.url.ToString().c_str());
  set(CURLOPT_PROTOCOLS_STR, transfer.url.scheme.c_str());
  set(CURLOPT_FOLLOWLOCATION, 0L);
  // Not what the environment says.
  set(CURLOPT_PROXY, "");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_FRESH_CONNECT, 1L);
  set(CURLOPT_FORBID_REUSE, 1L);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(absl::ToInt64Milliseconds(options_.connect)));
  const auto whole_ms = static_cast<long>(absl::ToInt64Milliseconds(options_.whole));
  set(CURLOPT_TIMEOUT_MS, whole_ms);
  // It alone limits a farewell for which curl waits.
  set(CURLOPT_SERVER_RESPONSE_TIMEOUT, std::max(1L, whole_ms / 1000));
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!transfer.authorities_file.empty()) {
    set(CURLOPT_CAINFO, transfer.authorities_file.c_str());
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
  set(CURLOPT_OPENSOCKETFUNCTION, &Loop::OpenSocket);
  set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(&running));
  set(CURLOPT_CLOSESOCKETFUNCTION, &Loop::CloseSocket);
  set(CURLOPT_CLOSESOCKETDATA, static_cast<void*>(this));
  set(CURLOPT_WRITEFUNCTION, &Loop::TakeBody);
  set(CURLOPT_WRITEDATA, static_cast<void*>(&running));
  set(CURLOPT_HEADERFUNCTION, &Loop::TakeHeader);
  set(CURLOPT_HEADERDATA, static_cast<void*>(&running));
  if (IsMail(transfer)) {
    SetUpMail(running);
  } else {
    SetUpPost(running);
  }
}

void CurlTransport::Loop::SetUpPost(Running& running) {
  CURL* const easy = running.easy;
  running.headers = MakeList(running.transfer.headers);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_POST, 1L);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, running.transfer.body.data());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                   static_cast<curl_off_t>(running.transfer.body.size()));
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, running.headers.get());
}

void CurlTransport::Loop::SetUpMail(Running& running) {
  CURL* const easy = running.easy;
  const Transfer& transfer = running.transfer;
  running.recipients = MakeList({absl::StrCat("<", transfer.mail_to, ">")});
  curl_easy_setopt(easy, CURLOPT_USE_SSL,
                   static_cast<long>(transfer.plain_text ? CURLUSESSL_NONE : CURLUSESSL_ALL));
  curl_easy_setopt(easy, CURLOPT_MAIL_FROM, absl::StrCat("<", transfer.mail_from, ">").c_str());
  curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, running.recipients.get());
  if (!transfer.user.empty()) {
    curl_easy_setopt(easy, CURLOPT_USERNAME, transfer.user.c_str());
    curl_easy_setopt(easy, CURLOPT_PASSWORD, transfer.password.c_str());
  }
  curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(easy, CURLOPT_READFUNCTION, &Loop::GiveBody);
  curl_easy_setopt(easy, CURLOPT_READDATA, static_cast<void*>(&running));
}

curl_socket_t CurlTransport::Loop::OpenSocket(void* running, curlsocktype purpose,
                                              curl_sockaddr* address) {
  Running& self = *static_cast<Running*>(running);
  Loop& loop = self.loop;
  const std::optional<IpAddress> to = IpAddress::From(address->addr);
  const bool allowed = purpose == CURLSOCKTYPE_IPCXN && to && loop.options_.allowed.Allows(*to) &&
                       (!self.transfer.plain_text || to->IsLoopback());
  if (!allowed) {
    self.refused = to ? to->ToString() : "of an unknown kind";
    return CURL_SOCKET_BAD;
  }
  const MutexLock lock(loop.mutex_);
  if (loop.stopping_) return CURL_SOCKET_BAD;
  const int socket = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (socket >= 0) loop.sockets_.insert(socket);
  return socket < 0 ? CURL_SOCKET_BAD : socket;
}

int CurlTransport::Loop::CloseSocket(void* loop, curl_socket_t socket) {
  Loop& self = *static_cast<Loop*>(loop);
  const MutexLock lock(self.mutex_);
  self.sockets_.erase(socket);
  return ::close(socket);
}

std::size_t CurlTransport::Loop::TakeBody(char* bytes, std::size_t one, std::size_t count,
                                          void* running) {
  Running& self = *static_cast<Running*>(running);
  const std::size_t size = one * count;
  std::string& body = self.answer.body;
  const std::size_t taken = std::min(size, kAnswerBytesMax - body.size());
  body.append(bytes, taken);
  self.answer_cut = taken < size;
  return taken;
}

std::size_t CurlTransport::Loop::TakeHeader(char*, std::size_t one, std::size_t count,
                                            void* running) {
  Running& self = *static_cast<Running*>(running);
  self.header_bytes += one * count;
  return self.header_bytes > kHeaderBytesMax ? 0 : one * count;
}

std::size_t CurlTransport::Loop::GiveBody(char* bytes, std::size_t one, std::size_t count,
                                          void* running) {
  Running& self = *static_cast<Running*>(running);
  const std::string& body = self.transfer.body;
  const std::size_t given = std::min(one * count, body.size() - self.sent);
  std::memcpy(bytes, body.data() + self.sent, given);
  self.sent += given;
  return given;
}

CurlTransport::CurlTransport(Options options) {
  InitCurl();
  loop_ = std::make_unique<Loop>(std::move(options));
}

CurlTransport::~CurlTransport() = default;

void CurlTransport::Start(Transfer transfer, Done done) {
  loop_->Start(std::move(transfer), std::move(done));
}

}  // namespace vigil::outbox
