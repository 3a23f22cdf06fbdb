#include "sync/rules/evidence.h"

#include <string>
#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/hash.h"
#include "sync/rules/record.h"
#include "tests/support/status_matchers.h"

namespace vigil::rules {
namespace {

using ::testing::ElementsAre;
using ::vigil::testing::ReasonIs;

v1::Evidence Photo(std::string_view name) {
  v1::Evidence photo;
  photo.set_sha256(Sha256Of(name).ToHex());
  return photo;
}

std::vector<std::string> HashesOf(const std::vector<v1::Evidence>& photos) {
  std::vector<std::string> hashes;
  for (const v1::Evidence& photo : photos) hashes.push_back(photo.sha256());
  return hashes;
}

TEST(MediaTypeTest, IsToldByTheFirstBytes) {
  EXPECT_EQ(MediaTypeOf("\xff\xd8\xff\xe0 and more"), "image/jpeg");
  EXPECT_EQ(MediaTypeOf("\x89PNG\r\n\x1a\n and more"), "image/png");
  EXPECT_EQ(MediaTypeOf("RIFF....WEBPVP8 "), "image/webp");
  EXPECT_EQ(MediaTypeOf("RIFF....WAVEfmt "), "");
  EXPECT_EQ(MediaTypeOf(std::string_view("\0\0\0\x18"
                                         "ftypheic....",
                                         16)),
            "image/heic");
  EXPECT_EQ(MediaTypeOf(std::string_view("\0\0\0\x18"
                                         "ftypmp42....",
                                         16)),
            "video/mp4");
  EXPECT_EQ(MediaTypeOf("%PDF-1.7\n"), "application/pdf");
  EXPECT_EQ(MediaTypeOf("MZ\x90"), "");
  EXPECT_EQ(MediaTypeOf("RIFF"), "");
  EXPECT_EQ(MediaTypeOf(""), "");
}

TEST(MediaTypeTest, WhatIsUsualIsKnown) {
  for (const std::string& type : UsualMediaTypes()) {
    EXPECT_THAT(MediaTypes(), ::testing::Contains(type));
  }
}

TEST(DescribeEvidenceTest, SaysWhatTheContentIs) {
  const std::string content = "%PDF-1.7 text";
  const auto evidence = DescribeEvidence(content, content.size());
  ASSERT_TRUE(evidence.ok());
  EXPECT_EQ(evidence->sha256(), Sha256Of(content).ToHex());
  EXPECT_EQ(evidence->media_type(), "application/pdf");
  EXPECT_EQ(evidence->size_bytes(), 13);
  EXPECT_THAT(DescribeEvidence(content, content.size() - 1), ReasonIs("REASON_TOO_LARGE"));
  EXPECT_THAT(DescribeEvidence("text", 100), ReasonIs("REASON_MEDIA_TYPE_REFUSED"));
}

TEST(EvidenceOfTest, FindsWhatLiesDeep) {
  v1::Record record;
  v1::Inspection& inspection = *record.mutable_entity()->mutable_inspection();
  *inspection.add_photos() = Photo("a");
  *inspection.add_answers()->add_photos() = Photo("b");
  *inspection.mutable_signature() = Photo("c");
  *inspection.add_photos() = Photo("b");
  EXPECT_EQ(EvidenceIn(record.entity()).size(), 4U);
  EXPECT_THAT(HashesOf(EvidenceOf(record)),
              ::testing::UnorderedElementsAre(Photo("a").sha256(), Photo("b").sha256(),
                                              Photo("c").sha256()));
}

TEST(EvidenceOfTest, FindsWhatIsInConflict) {
  v1::Record record;
  *record.mutable_entity()->mutable_hazard()->add_photos() = Photo("in force");
  v1::Hazard other;
  *other.add_photos() = Photo("beside it");
  v1::FieldState& state = *record.add_states();
  state.set_field(v1::Hazard::kPhotosFieldNumber);
  state.add_writes()->set_value(CanonicalBytes(other));
  EXPECT_THAT(HashesOf(EvidenceOf(record)),
              ElementsAre(Photo("in force").sha256(), Photo("beside it").sha256()));
}

}  // namespace
}  // namespace vigil::rules
