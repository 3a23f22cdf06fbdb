#include "sync/rules/schema.h"

#include <limits>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "vigil/v1/hazard.pb.h"
#include "vigil/v1/hazard_command.pb.h"

namespace vigil::rules {
namespace {

using ::google::protobuf::DescriptorPool;
using ::google::protobuf::DescriptorProto;
using ::google::protobuf::EnumDescriptorProto;
using ::google::protobuf::FieldDescriptorProto;
using ::google::protobuf::FileDescriptor;
using ::google::protobuf::FileDescriptorProto;
using ::testing::HasSubstr;
using ::vigil::testing::IsOk;
using ::vigil::testing::StatusIs;

DescriptorProto& MessageOf(FileDescriptorProto& file, std::string_view name) {
  for (DescriptorProto& message : *file.mutable_message_type()) {
    if (message.name() == name) return message;
  }
  ADD_FAILURE() << name;
  return *file.add_message_type();
}

FieldDescriptorProto& FieldOf(FileDescriptorProto& file, std::string_view message,
                              std::string_view name) {
  for (FieldDescriptorProto& field : *MessageOf(file, message).mutable_field()) {
    if (field.name() == name) return field;
  }
  ADD_FAILURE() << name;
  return *MessageOf(file, message).add_field();
}

v1::FieldRules& RulesOf(FieldDescriptorProto& field) {
  return *field.mutable_options()->MutableExtension(v1::field);
}

// The shipped contract, with one of its files changed.
class Contract {
 public:
  template <typename Change>
  absl::Status LoadWith(std::string_view file, const Change& change) {
    file_ = std::string(file);
    changed_ = false;
    const FileDescriptor* root = v1::Operation::descriptor()->file();
    Copy(*root, change);
    Copy(*v1::Entity::descriptor()->file(), change);
    EXPECT_TRUE(changed_) << "no file " << file;
    const auto* entity = pool_.FindMessageTypeByName("vigil.v1.Entity");
    const auto* operation = pool_.FindMessageTypeByName("vigil.v1.Operation");
    return Schema::Load(*entity, *operation).status();
  }

 private:
  template <typename Change>
  void Copy(const FileDescriptor& file, const Change& change) {
    if (pool_.FindFileByName(file.name()) != nullptr) return;
    for (int i = 0; i < file.dependency_count(); ++i) Copy(*file.dependency(i), change);
    FileDescriptorProto proto;
    file.CopyTo(&proto);
    if (file.name() == absl::StrCat("vigil/v1/", file_)) {
      change(proto);
      changed_ = true;
    }
    ASSERT_NE(pool_.BuildFile(proto), nullptr) << file.name();
  }

  DescriptorPool pool_;
  std::string file_;
  bool changed_ = false;
};

TEST(SchemaTest, TheShippedContractLoads) {
  VIGIL_EXPECT_OK(Schema::Load());
  EXPECT_EQ(Schema::Get().entities().size(), 26U);
  EXPECT_EQ(static_cast<int>(Schema::Get().commands().size()),
            v1::Operation::descriptor()->FindOneofByName("command")->field_count());
}

TEST(SchemaTest, ACopyOfTheContractLoadsAsWell) {
  EXPECT_THAT(Contract().LoadWith("hazard.proto", [](FileDescriptorProto&) {}), IsOk());
}

TEST(SchemaTest, EveryEntityIsFoundByKindAndNumber) {
  for (const EntityInfo& info : Schema::Get().entities()) {
    EXPECT_EQ(Schema::Get().FindEntity(std::string_view(info.kind)), &info);
    EXPECT_EQ(Schema::Get().FindEntity(info.number), &info);
  }
  EXPECT_EQ(Schema::Get().FindEntity("no such kind"), nullptr);
  EXPECT_EQ(Schema::Get().FindEntity(0), nullptr);
  EXPECT_EQ(Schema::Get().FindEntity(1000), nullptr);
}

TEST(Promise7AuthorityIsInTheSchema, AFieldWithoutAPolicyIsRefusedAtStartUp) {
  EXPECT_THAT(Contract().LoadWith("hazard.proto",
                                  [](FileDescriptorProto& file) {
                                    RulesOf(FieldOf(file, "Hazard", "grade")).clear_policy();
                                  }),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("vigil.v1.Hazard.grade: no policy")));
}

TEST(Promise7AuthorityIsInTheSchema, ARankedValueWithoutARankIsRefusedAtStartUp) {
  const auto drop_rank = [](FileDescriptorProto& file) {
    for (EnumDescriptorProto& type : *file.mutable_enum_type()) {
      if (type.name() != "HazardGrade") continue;
      type.mutable_value(2)->mutable_options()->ClearExtension(v1::rank);
    }
  };
  EXPECT_THAT(Contract().LoadWith("hazard.proto", drop_rank),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("HAZARD_GRADE_MAJOR: no rank")));
}

TEST(Promise7AuthorityIsInTheSchema, AValueThatRanksBelowUnsetIsRefusedAtStartUp) {
  const auto lower = [](FileDescriptorProto& file) {
    for (EnumDescriptorProto& type : *file.mutable_enum_type()) {
      if (type.name() != "HazardGrade") continue;
      type.mutable_value(1)->mutable_options()->SetExtension(v1::rank, 0);
    }
  };
  EXPECT_THAT(
      Contract().LoadWith("hazard.proto", lower),
      StatusIs(absl::StatusCode::kInternal, HasSubstr("HAZARD_GRADE_GENERAL: ranks no higher")));
}

TEST(Promise7AuthorityIsInTheSchema, AnUnrankedEnumMergedByRankIsRefusedAtStartUp) {
  const auto unrank = [](FileDescriptorProto& file) {
    for (EnumDescriptorProto& type : *file.mutable_enum_type()) {
      if (type.name() == "Suspension") type.mutable_options()->ClearExtension(v1::ranked);
    }
  };
  EXPECT_THAT(Contract().LoadWith("hazard.proto", unrank),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("Suspension: merged by rank")));
}

TEST(Promise7AuthorityIsInTheSchema, ACommandWithoutAnAuthorityIsRefusedAtStartUp) {
  const auto free_for_all = [](FileDescriptorProto& file) {
    MessageOf(file, "LiftTag").mutable_options()->MutableExtension(v1::command)->clear_roles();
  };
  EXPECT_THAT(Contract().LoadWith("supervision_command.proto", free_for_all),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("lift_tag: no authority")));
}

TEST(Promise7AuthorityIsInTheSchema, ACommandWithoutChannelOrKindIsRefusedAtStartUp) {
  const auto strip = [](FileDescriptorProto& file) {
    v1::CommandRules& rules =
        *MessageOf(file, "AcceptHazard").mutable_options()->MutableExtension(v1::command);
    rules.clear_channels();
    rules.clear_kind();
  };
  EXPECT_THAT(Contract().LoadWith("hazard_command.proto", strip),
              StatusIs(absl::StatusCode::kInternal,
                       ::testing::AllOf(HasSubstr("accept_hazard: no channel"),
                                        HasSubstr("accept_hazard: neither fact nor decision"))));
}

TEST(SchemaTest, APolicyThatItsTypeCannotTakeIsRefusedAtStartUp) {
  const auto misfit = [](FileDescriptorProto& file) {
    RulesOf(FieldOf(file, "Hazard", "description")).set_policy(v1::MERGE_POLICY_EARLIEST);
  };
  EXPECT_THAT(Contract().LoadWith("hazard.proto", misfit),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("its type cannot be merged so")));
}

TEST(SchemaTest, AReferenceToNothingIsRefusedAtStartUp) {
  const auto dangling = [](FileDescriptorProto& file) {
    RulesOf(FieldOf(file, "Hazard", "risk_source")).set_refers_to("risk_sauce");
  };
  EXPECT_THAT(Contract().LoadWith("hazard.proto", dangling),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("refers to no entity")));
}

TEST(SchemaTest, AFieldThatCannotBeUnsetIsRefusedAtStartUp) {
  const auto always_there = [](FileDescriptorProto& file) {
    FieldDescriptorProto& field = FieldOf(file, "OrgUnit", "liaison");
    field.clear_proto3_optional();
    field.clear_oneof_index();
    // The one-of of an optional field goes with it; the others move up.
    DescriptorProto& message = MessageOf(file, "OrgUnit");
    int next = 0;
    message.clear_oneof_decl();
    for (FieldDescriptorProto& other : *message.mutable_field()) {
      if (!other.has_oneof_index()) continue;
      message.add_oneof_decl()->set_name(absl::StrCat("_", other.name()));
      other.set_oneof_index(next++);
    }
  };
  EXPECT_THAT(Contract().LoadWith("organization.proto", always_there),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("OrgUnit.liaison: not optional")));
}

TEST(SchemaTest, AParentFieldThatIsNotThereIsRefusedAtStartUp) {
  const auto lost = [](FileDescriptorProto& file) {
    MessageOf(file, "Verification")
        .mutable_options()
        ->MutableExtension(v1::entity)
        ->set_parent_field("danger");
  };
  EXPECT_THAT(Contract().LoadWith("hazard.proto", lost),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("verification: no field danger")));
}

TEST(SchemaTest, UnsetRanksLeastAndAnUnknownValueMost) {
  EXPECT_LT(RankOf(v1::HAZARD_GRADE_UNSPECIFIED), RankOf(v1::HAZARD_GRADE_GENERAL));
  EXPECT_LT(RankOf(v1::HAZARD_GRADE_GENERAL), RankOf(v1::HAZARD_GRADE_MAJOR));
  EXPECT_EQ(Schema::RankOf(*v1::HazardGrade_descriptor(), 77),
            std::numeric_limits<std::int32_t>::max());
}

TEST(SchemaTest, OpennessFallsFromReportedToRejected) {
  const v1::HazardStatus order[] = {
      v1::HAZARD_STATUS_REPORTED,         v1::HAZARD_STATUS_CONFIRMED, v1::HAZARD_STATUS_RECTIFYING,
      v1::HAZARD_STATUS_TRANSFER_PENDING, v1::HAZARD_STATUS_SUBMITTED, v1::HAZARD_STATUS_VERIFIED,
      v1::HAZARD_STATUS_TRANSFERRED,      v1::HAZARD_STATUS_MERGED,    v1::HAZARD_STATUS_REJECTED};
  for (std::size_t i = 1; i < std::size(order); ++i) {
    EXPECT_LT(RankOf(order[i]), RankOf(order[i - 1])) << v1::HazardStatus_Name(order[i]);
  }
}

TEST(Promise7AuthorityIsInTheSchema, NoPhoneMayTagLiftOrGiveTheOfficesCommands) {
  for (const v1::Operation::CommandCase command :
       {v1::Operation::kIssueOrder, v1::Operation::kLiftTag, v1::Operation::kReinstateTag,
        v1::Operation::kPassAcceptance, v1::Operation::kFailAcceptance,
        v1::Operation::kTransferOrder, v1::Operation::kApproveExtension,
        v1::Operation::kSettleConflict, v1::Operation::kRejectHazard, v1::Operation::kMergeHazard,
        v1::Operation::kImportRecord, v1::Operation::kFireEscalation}) {
    const CommandInfo* info = Schema::Get().FindCommand(command);
    ASSERT_NE(info, nullptr);
    EXPECT_FALSE(info->Allows(v1::CHANNEL_PHONE)) << info->name;
  }
}

}  // namespace
}  // namespace vigil::rules
