#include <string>
#include <utility>

#include "sync/base/status.h"
#include "sync/cli/verbs/take.h"
#include "sync/cli/verbs/verbs.h"
#include "sync/rules/reason.h"
#include "sync/rules/record.h"
#include "sync/rules/schema.h"

// Photos and documents of a record that is there already.

namespace vigil::verbs {

using console::Arguments;
using console::Count;

namespace {

absl::Status Attach(Desk& desk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record record,
                         desk.Find(arguments.Value("--kind"), arguments.Value("RECORD")));
  const rules::EntityInfo* info = rules::InfoOf(record);
  const rules::FieldInfo* photos = info == nullptr ? nullptr : info->Find("photos");
  if (photos == nullptr) {
    return rules::Refuse(v1::REASON_WRONG_ENTITY, "a record of this kind has no photos")
        .With("record", record.id());
  }
  v1::Operation operation;
  v1::EditRecord& edit = *operation.mutable_edit_record();
  edit.set_record(record.id());
  edit.mutable_update_mask()->add_paths(photos->name());
  google::protobuf::Message& body = rules::MutableBodyOf(*edit.mutable_entity(), *info);
  for (const std::string& path : arguments.All("FILE")) {
    VIGIL_ASSIGN_OR_RETURN(const v1::Evidence evidence,
                           desk.TakePhoto(path, arguments.Value("--caption")));
    body.GetReflection()->AddMessage(&body, photos->descriptor)->CopyFrom(evidence);
  }
  return desk.Submit(std::move(operation));
}

}  // namespace

std::vector<Verb> EvidenceVerbs() {
  return {
      {{"attach",
        {"add photos or documents to a record", "为记录添加照片或材料"},
        {{"RECORD", "", {"number, code or id", "编号、编码或 id"}, Count::kRequired},
         {"FILE",
          "",
          {"JPEG, PNG, WebP, HEIC or PDF", "JPEG、PNG、WebP、HEIC 或 PDF 文件"},
          Count::kRequiredRepeated},
         {"--caption", "TEXT", {"before, after, or what it shows", "before、after 或说明"}},
         {"--kind", "KIND", {"its kind, where a code is not enough", "记录种类"}}},
        {"YH-2017-0371 crack.jpg", "P-7K2M wall.jpg drain.jpg --caption before"},
        {v1::Operation::kEditRecord}},
       Attach},
  };
}

}  // namespace vigil::verbs
