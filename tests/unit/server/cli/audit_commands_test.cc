// The office checks a register's log itself, whatever is done to it.

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/file.h"
#include "sync/base/hash.h"
#include "sync/base/random.h"
#include "sync/base/signing.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_register.h"
#include "tests/unit/server/cli/register_office.h"

namespace vigil::office {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;

class AuditCommandsTest : public ::testing::Test {
 protected:
  AuditCommandsTest()
      : reg_(std::make_unique<testing::TestRegister>(
            testing::TestRegister::Options{.file = directory_.File("register.db")})),
        admin_(reg_->Clerk(v1::ROLE_ADMINISTRATOR, reg_->bureau)),
        phone_(reg_->Phone(v1::ROLE_INSPECTOR, reg_->unit)),
        office_(std::make_unique<RegisterOffice>(*reg_, admin_)) {
    v1::Operation operation = reg_->Begin(admin_);
    operation.set_device_seq(0);
    v1::CreateRecord& made = *operation.mutable_create_record();
    made.set_record(phone_.author.device);
    made.mutable_entity()->mutable_device()->set_person(phone_.author.person);
    made.mutable_entity()->mutable_device()->set_kind(v1::DEVICE_KIND_PHONE);
    made.mutable_entity()->mutable_device()->set_public_key(phone_.key->public_key().der());
    EXPECT_EQ(reg_->Submit(admin_, operation).verdict(), v1::VERDICT_APPLIED);
    Push(2);
    Push(1);
  }

  // Reports in one signed push.
  void Push(int count) {
    std::vector<registry::Incoming> entries;
    v1::PushRequest push;
    for (int i = 0; i < count; ++i) {
      v1::Operation operation = reg_->Begin(phone_);
      v1::ReportHazard& command = *operation.mutable_report_hazard();
      command.set_hazard_id(reg_->NewId());
      command.mutable_hazard()->set_risk_source(reg_->risk_source);
      command.mutable_hazard()->set_description("loose rock");
      *command.mutable_hazard()->mutable_found_at() = operation.made_at();
      registry::Incoming& incoming = entries.emplace_back();
      incoming.bytes = operation.SerializeAsString();
      incoming.operation_id = operation.id();
      incoming.device_seq = operation.device_seq();
      incoming.previous_hash = last_;
      incoming.hash = Sha256Of(incoming.bytes);
      last_ = incoming.hash;
      v1::PushEntry& entry = *push.add_entries();
      entry.set_device_seq(operation.device_seq());
      entry.set_operation(incoming.bytes);
    }
    reg_->Sign(phone_, push);
    const registry::PushHead head{.device_seq = DeviceSeq(entries.back().device_seq),
                                  .operation_hash = last_,
                                  .signature = push.signature()};
    reg_->target().SubmitPush(phone_.author, std::move(entries), head,
                              [](const auto& outcomes) { EXPECT_TRUE(outcomes.ok()); });
    reg_->executor().RunUntilIdle();
  }

  int Ctl(const std::vector<std::string>& words) {
    ran_ = RunCtl(*office_, files_, clock_, random_, words);
    return ran_.exit_code;
  }
  int Verify(const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {"audit", "verify", "--lang", "en"};
    words.insert(words.end(), more.begin(), more.end());
    return Ctl(words);
  }
  // Keeps the head that stands; the file's name.
  std::string KeepHead(const std::string& name) {
    const std::string path = directory_.File(name);
    EXPECT_EQ(Ctl({"audit", "head", "--out", path}), 0) << ran_.err;
    return path;
  }
  std::string Root() { return HexEncode(reg_->Head().audit_root.bytes()); }

  // The phone's operation with this place in its chain; null on other pages.
  v1::LogEntry* EntryOf(v1::ListLogResponse& page, std::uint64_t device_seq) {
    for (v1::LogEntry& entry : *page.mutable_entries()) {
      if (entry.device() == phone_.author.device && entry.device_seq() == device_seq) return &entry;
    }
    return nullptr;
  }

  testing::TempDir directory_;
  std::unique_ptr<testing::TestRegister> reg_;
  testing::Actor admin_;
  testing::Actor phone_;
  std::unique_ptr<RegisterOffice> office_;
  Sha256 last_;
  PosixFileSystem files_;
  testing::ManualClock clock_;
  SeededRandom random_{5};
  Ran ran_;
};

TEST_F(AuditCommandsTest, AWholeLogHoldsPageByPage) {
  office_->page_bytes = 1;
  EXPECT_EQ(Verify(), 0) << ran_.err;
  const std::string verdict = "audit: operations=" + std::to_string(reg_->Head().seq.value()) +
                              " chains=1 signatures=2 head=" + Root() + " ok\n";
  EXPECT_THAT(ran_.out, EndsWith(verdict));
  EXPECT_THAT(ran_.out, HasSubstr("head: by the register's key\n"));
  EXPECT_EQ(Ctl({"audit", "verify", "--lang", "zh"}), 0);
  EXPECT_THAT(ran_.out, EndsWith(verdict));
  EXPECT_EQ(Verify({"--json"}), 0);
  EXPECT_THAT(ran_.out, AllOf(HasSubstr(R"("ok":true)"), HasSubstr(R"("head_signed":true)")));
}

TEST_F(AuditCommandsTest, ProgressIsToldOnceInASecond) {
  office_->page_bytes = 1;
  office_->damage = [&](v1::ListLogResponse&) { clock_.Advance(absl::Milliseconds(1500)); };
  EXPECT_EQ(Verify(), 0) << ran_.err;
  EXPECT_THAT(ran_.err,
              HasSubstr(" of " + std::to_string(reg_->Head().seq.value()) + " operations"));
  EXPECT_EQ(Verify({"--json"}), 0);
  EXPECT_EQ(ran_.err, "");
}

struct Damage {
  std::string name;
  std::function<void(v1::ListLogResponse&, int index)> damage;
};

TEST_F(AuditCommandsTest, WhateverIsDoneToTheLogIsNoticed) {
  const Damage damages[] = {
      {"an edited row", [](v1::ListLogResponse& page,
                           int i) { page.mutable_entries(i)->mutable_operation()->back() ^= 1; }},
      {"an edited row with its hash",
       [](v1::ListLogResponse& page, int i) {
         v1::LogEntry& entry = *page.mutable_entries(i);
         entry.mutable_operation()->back() ^= 1;
         entry.set_operation_hash(std::string(Sha256Of(entry.operation()).bytes()));
       }},
      {"an edited answer",
       [](v1::ListLogResponse& page, int i) {
         v1::Outcome outcome;
         outcome.ParseFromString(page.entries(i).outcome());
         outcome.set_verdict(v1::VERDICT_REFUSED);
         page.mutable_entries(i)->set_outcome(outcome.SerializeAsString());
       }},
      {"reordered rows",
       [](v1::ListLogResponse& page, int i) { page.mutable_entries()->SwapElements(i, i - 1); }},
      {"a missing row",
       [](v1::ListLogResponse& page, int i) { page.mutable_entries()->DeleteSubrange(i, 1); }},
      {"a broken chain",
       [](v1::ListLogResponse& page, int i) {
         page.mutable_entries(i)->mutable_previous_hash()->back() ^= 1;
       }},
      {"a bad signature",
       [](v1::ListLogResponse& page, int i) {
         page.mutable_entries(i)->mutable_signatures(0)->mutable_signature()->back() ^= 1;
       }},
      {"no signature",
       [](v1::ListLogResponse& page, int i) { page.mutable_entries(i)->clear_signatures(); }},
      {"another root",
       [](v1::ListLogResponse& page, int) { page.mutable_head()->mutable_root()->back() ^= 1; }},
      {"a longer head",
       [](v1::ListLogResponse& page, int) { page.mutable_head()->set_seq(page.head().seq() + 1); }},
      {"a head with a bad signature",
       [](v1::ListLogResponse& page, int) {
         page.mutable_head()->mutable_signature()->back() ^= 1;
       }},
      {"a head without a signature",
       [](v1::ListLogResponse& page, int) { page.mutable_head()->clear_signature(); }},
  };
  for (const Damage& damage : damages) {
    office_->damage = [&](v1::ListLogResponse& page) {
      for (int i = 0; i < page.entries_size(); ++i) {
        if (&page.entries(i) == EntryOf(page, 3)) return damage.damage(page, i);
      }
      ADD_FAILURE() << "the page lacks the entry";
    };
    EXPECT_EQ(Verify(), 1) << damage.name;
    EXPECT_THAT(ran_.err, HasSubstr("the log does not hold: ")) << damage.name;
    EXPECT_THAT(ran_.out, AllOf(HasSubstr("does not hold: "), EndsWith(" FAILED\n")))
        << damage.name;
    EXPECT_EQ(Verify({"--json"}), 1) << damage.name;
    EXPECT_THAT(ran_.out, HasSubstr(R"("ok":false)")) << damage.name;
  }
}

TEST_F(AuditCommandsTest, TheErrorNamesTheFirstPlace) {
  office_->damage = [](v1::ListLogResponse& page) {
    for (const int i : {4, 2}) page.mutable_entries(i)->mutable_operation()->back() ^= 1;
  };
  EXPECT_EQ(Verify(), 1);
  EXPECT_THAT(ran_.err, HasSubstr("the log does not hold: seq 3: "));
}

TEST_F(AuditCommandsTest, ALogThatNeverEndsIsGivenUp) {
  int pages = 0;
  office_->damage = [&](v1::ListLogResponse& page) {
    page.clear_entries();
    // Not for ever, where nobody gives up.
    if (++pages < 50) page.set_next_page_token("0/0/00000000-0000-0000-0000-000000000000/0");
    page.mutable_head()->set_seq(0);
    page.mutable_head()->set_root("");
  };
  EXPECT_EQ(Verify(), 7);
  EXPECT_THAT(ran_.err, HasSubstr("without entries"));
  EXPECT_LT(pages, 10);
}

TEST_F(AuditCommandsTest, AHeadThatWasKeptMustBeExtended) {
  const std::string kept = KeepHead("kept.json");
  EXPECT_EQ(Verify({"--since", kept}), 0) << ran_.err;
  Push(2);
  EXPECT_EQ(Verify({"--since", kept}), 0) << ran_.err;
  const std::string later = KeepHead("later.json");
  // The register loses what came after the first head.
  testing::TestRegister shorter;
  office_ = std::make_unique<RegisterOffice>(shorter, admin_);
  EXPECT_EQ(Ctl({"audit", "verify", "--lang", "en"}), 0) << ran_.err;
  office_->knows_key = false;
  EXPECT_EQ(Verify({"--since", later}), 1);
  EXPECT_THAT(ran_.err, HasSubstr("ends before the head that was kept"));
}

TEST_F(AuditCommandsTest, AForkedLogIsNoExtension) {
  const std::string kept = KeepHead("kept.json");
  std::string json = *files_.Read(kept, 4096);
  // The same place, another content.
  const std::string::size_type root = json.find(R"("root":")") + 8;
  json[root] = json[root] == 'A' ? 'B' : 'A';
  const std::string::size_type signature = json.find(R"("signature":")") + 13;
  json.replace(signature, json.find('"', signature) - signature, "");
  ASSERT_TRUE(files_.WriteAtomic(directory_.File("fork.json"), json).ok());
  EXPECT_EQ(Verify({"--since", directory_.File("fork.json")}), 1);
  EXPECT_THAT(ran_.err, HasSubstr("another one than the head that was kept says"));
}

TEST_F(AuditCommandsTest, AKeptHeadThatTheRegisterDidNotSignIsNone) {
  const std::string kept = KeepHead("kept.json");
  // Another register's key.
  RegisterOffice other(*reg_, admin_);
  const Ran ran = RunCtl(other, files_, clock_, random_, {"audit", "verify", "--since", kept});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err, HasSubstr("SIGNATURE_INVALID"));
  EXPECT_EQ(Verify({"--since", directory_.File("none.json")}), 5);
  ASSERT_TRUE(files_.WriteAtomic(directory_.File("bad.json"), "{}").ok());
  EXPECT_EQ(Verify({"--since", directory_.File("bad.json")}), 2);
  ASSERT_TRUE(files_.WriteAtomic(directory_.File("bad.json"), "seq 4").ok());
  EXPECT_EQ(Verify({"--since", directory_.File("bad.json")}), 2);
}

TEST_F(AuditCommandsTest, TheHeadSaysWhoSignedIt) {
  EXPECT_EQ(Ctl({"audit", "head", "--lang", "en"}), 0) << ran_.err;
  EXPECT_THAT(ran_.out, HasSubstr("root: " + Root()));
  EXPECT_THAT(ran_.out, HasSubstr("signature: by the register's key"));
  EXPECT_EQ(Ctl({"audit", "head", "--json"}), 0);
  ASSERT_TRUE(files_.WriteAtomic(directory_.File("printed.json"), ran_.out).ok());
  EXPECT_EQ(Verify({"--since", directory_.File("printed.json")}), 0) << ran_.err;
  office_->knows_key = false;
  EXPECT_EQ(Ctl({"audit", "head", "--lang", "en"}), 0);
  EXPECT_THAT(ran_.out, HasSubstr("signature: unsigned by a known key"));
  EXPECT_EQ(Verify(), 0) << ran_.err;
  EXPECT_THAT(ran_.out,
              HasSubstr("head: unsigned by a known key; where the register was given a new one, "
                        "`vigilctl sign-in` fetches it\n"));
  office_->signs = false;
  EXPECT_EQ(Ctl({"audit", "head", "--lang", "en"}), 0);
  EXPECT_THAT(ran_.out, HasSubstr("signature: not signed"));
}

TEST_F(AuditCommandsTest, TheFilesOfARegisterAreCheckedWhileItIsNotServed) {
  const std::string kept = KeepHead("kept.json");
  const std::string root = Root();
  const std::string seq = std::to_string(reg_->Head().seq.value());
  const std::string none = testing::TempDir().path();
  FakeOffice nobody;
  const auto verify = [&](const std::string& directory) {
    ran_ = RunCtl(nobody, files_, clock_, random_,
                  {"audit", "verify", "--data", directory, "--since", kept, "--lang", "en"});
    return ran_.exit_code;
  };
  EXPECT_EQ(verify(directory_.path()), 7);
  EXPECT_THAT(ran_.err, HasSubstr("stop vigild first"));
  reg_.reset();
  office_.reset();
  const std::string verdict =
      "audit: operations=" + seq + " chains=1 signatures=2 head=" + root + " ok\n";
  EXPECT_EQ(verify(directory_.path()), 0) << ran_.err;
  EXPECT_THAT(ran_.out, EndsWith(verdict));
  EXPECT_THAT(ran_.out, HasSubstr("head: not signed\n"));
  // A copy, wherever it lies, stays what it is, and so does its directory: nothing is made there,
  // not even for a moment.
  const std::filesystem::path copy = directory_.File("50%41 of it? #1");
  std::filesystem::create_directory(copy);
  std::filesystem::copy_file(directory_.File("register.db"), copy / "register.db");
  const auto long_ago = std::filesystem::file_time_type::clock::now() - std::chrono::hours(24);
  for (const auto& each : {copy / "register.db", copy}) {
    std::filesystem::last_write_time(each, long_ago);
  }
  EXPECT_EQ(verify(copy), 0) << ran_.err;
  EXPECT_THAT(ran_.out, EndsWith(verdict));
  for (const auto& each : {copy / "register.db", copy}) {
    EXPECT_EQ(std::filesystem::last_write_time(each), long_ago) << each;
  }
  constexpr std::size_t kBytesMax = 64 * 1024 * 1024;
  EXPECT_TRUE(*files_.Read(copy / "register.db", kBytesMax) ==
              *files_.Read(directory_.File("register.db"), kBytesMax));
  // What was acknowledged last is not in the file.
  ASSERT_TRUE(files_.WriteAtomic(copy / "register.db-wal", "frames").ok());
  EXPECT_EQ(verify(copy), 1);
  EXPECT_THAT(ran_.err, HasSubstr("Start vigild once"));
  ASSERT_TRUE(files_.WriteAtomic(copy / "register.db-wal", "").ok());
  EXPECT_EQ(verify(copy), 0) << ran_.err;
  ASSERT_TRUE(files_.WriteAtomic(copy / "register.db", std::string(5000, 'x')).ok());
  EXPECT_EQ(verify(copy), 7);
  EXPECT_THAT(ran_.err, HasSubstr("FOREIGN_FILE"));
  EXPECT_EQ(verify(none), 5);
  EXPECT_FALSE(files_.Exists(none + "/register.db"));
}

}  // namespace
}  // namespace vigil::office
