// Photos over real gRPC, to a vigild that is killed between any two chunks.

#include <csignal>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/hash.h"
#include "tests/integration/access_support.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/vigild_process.h"

namespace vigil::testing {
namespace {

constexpr std::size_t kChunk = 100'000;

std::string Picture(char which, std::size_t size) {
  std::string content = "\xff\xd8\xff\xe0";
  while (content.size() < size) content += static_cast<char>(which + content.size() % 31);
  return content;
}

v1::UploadEvidenceRequest ChunkOf(const std::string& content, std::int64_t offset) {
  v1::UploadEvidenceRequest request;
  request.set_sha256(Sha256Of(content).ToHex());
  request.set_media_type("image/jpeg");
  request.set_size_bytes(static_cast<std::int64_t>(content.size()));
  request.set_offset(offset);
  request.set_chunk(content.substr(static_cast<std::size_t>(offset), kChunk));
  return request;
}

class EvidenceTest : public ::testing::Test {
 protected:
  EvidenceTest() { Start(); }

  // A server on the same data, and the administrator signed in there.
  void Start() {
    server_ = std::make_unique<VigildProcess>(directory_.path(),
                                              std::vector<std::string>{"--plain-text"});
    newcomers_ = std::make_unique<Newcomers>(
        directory_.path(), transport::Connection{.server = server_->server(), .plain_text = true});
    office_ = office_ == nullptr ? newcomers_->Administrator(server_->data_dir())
                                 : newcomers_->OfficeAt(JoinPath(directory_.path(), "access-1"));
    ASSERT_NE(office_, nullptr);
  }
  void KillAndStart() {
    server_->process().Signal(SIGKILL);
    ASSERT_TRUE(server_->process().Wait().has_value());
    Start();
  }

  absl::StatusOr<v1::EvidenceStatus> Look(const std::string& content) {
    v1::GetEvidenceStatusRequest request;
    request.add_sha256(Sha256Of(content).ToHex());
    VIGIL_ASSIGN_OR_RETURN(const v1::GetEvidenceStatusResponse response,
                           office_->GetEvidenceStatus(request));
    return response.statuses(0);
  }
  static absl::Status SendAll(transport::OfficeClient& office, const std::string& content) {
    v1::EvidenceStatus status;
    while (!status.complete()) {
      VIGIL_ASSIGN_OR_RETURN(const v1::UploadEvidenceResponse response,
                             office.UploadEvidence(ChunkOf(content, status.received_bytes())));
      status = response.status();
    }
    return absl::OkStatus();
  }
  std::string FileOf(const std::string& content) {
    const std::string hex = Sha256Of(content).ToHex();
    PosixFileSystem files;
    const auto bytes =
        files.Read(server_->data_dir() + "/evidence/" + hex.substr(0, 2) + "/" + hex, 10'000'000);
    return bytes.ok() ? *bytes : std::string(bytes.status().message());
  }

  TempDir directory_;
  std::unique_ptr<VigildProcess> server_;
  std::unique_ptr<Newcomers> newcomers_;
  std::unique_ptr<transport::OfficeClient> office_;
};

TEST_F(EvidenceTest, ItGoesOnAfterAKillBetweenAnyTwoChunks) {
  const std::string content = Picture('a', 5 * kChunk - 1);
  std::int64_t offset = 0;
  bool complete = false;
  for (int chunks = 0; !complete && chunks < 10; ++chunks) {
    const auto response = office_->UploadEvidence(ChunkOf(content, offset));
    ASSERT_THAT(response, IsOk());
    KillAndStart();
    const auto status = Look(content);
    ASSERT_THAT(status, IsOk());
    // The machine goes on: what was written is there.
    EXPECT_EQ(status->complete(), response->status().complete());
    EXPECT_EQ(status->received_bytes(), response->status().received_bytes());
    offset = status->received_bytes();
    complete = status->complete();
  }
  EXPECT_TRUE(complete);
  EXPECT_EQ(FileOf(content), content);
}

TEST_F(EvidenceTest, TwoWhoSendTheSameContentAtOnceBothGetThrough) {
  const std::string content = Picture('a', 20 * kChunk);
  const std::string place = JoinPath(directory_.path(), "access-1");
  // Another program with the same access: the register knows them as one person.
  const auto other = newcomers_->OfficeAt(place);
  absl::Status sent;
  std::thread beside([&] { sent = SendAll(*other, content); });
  VIGIL_EXPECT_OK(SendAll(*office_, content));
  beside.join();
  VIGIL_EXPECT_OK(sent);
  EXPECT_EQ(FileOf(content), content);
}

TEST_F(EvidenceTest, WhatIsNotWhatItsHashSaysIsDiscarded) {
  const std::string content = Picture('a', 2 * kChunk);
  VIGIL_ASSERT_OK(office_->UploadEvidence(ChunkOf(content, 0)).status());
  v1::UploadEvidenceRequest wrong = ChunkOf(content, kChunk);
  wrong.set_chunk(std::string(kChunk, 'x'));
  EXPECT_THAT(office_->UploadEvidence(wrong), ReasonIs("REASON_CONTENT_MISMATCH"));
  EXPECT_EQ(Look(content)->received_bytes(), 0);
  VIGIL_ASSERT_OK(SendAll(*office_, content));
  EXPECT_EQ(FileOf(content), content);
  // No record names it: there is nothing that anybody may read.
  v1::DownloadEvidenceRequest read;
  read.set_sha256(Sha256Of(content).ToHex());
  EXPECT_THAT(office_->DownloadEvidence(read), ReasonIs("REASON_NOT_FOUND"));
}

}  // namespace
}  // namespace vigil::testing
