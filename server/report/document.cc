#include "server/report/document.h"

#include <optional>
#include <string_view>

#include "server/report/letter.h"
#include "sync/base/check.h"
#include "sync/base/status.h"
#include "sync/rules/reason.h"

namespace vigil::report {
namespace {

struct Document {
  v1::ReportKind kind;
  v1::Entity::EntityCase of;
  absl::StatusOr<std::string> (*render)(const Draft& draft);
};

constexpr Document kDocuments[] = {
    {v1::REPORT_KIND_SUPERVISION_NOTICE, v1::Entity::kSupervisionOrder, SupervisionNotice},
    {v1::REPORT_KIND_RECTIFICATION_NOTICE, v1::Entity::kHazard, RectificationNotice},
    {v1::REPORT_KIND_SUPERVISION_LETTER, v1::Entity::kSupervisionLetter, SupervisionLetter},
    {v1::REPORT_KIND_INSPECTION_RECORD, v1::Entity::kInspection, InspectionRecord},
    {v1::REPORT_KIND_BULLETIN_NOTICE, v1::Entity::kBulletin, BulletinNotice},
};

const Document* FindDocument(v1::ReportKind kind) {
  for (const Document& document : kDocuments) {
    if (document.kind == kind) return &document;
  }
  return nullptr;
}

// The one answer for what is not there, is of another kind, or is not for the reader.
absl::Status NoSuchRecord(std::string_view record) {
  return rules::Refuse(v1::REASON_NOT_FOUND,
                       "there is no such record of which this document is made")
      .With("record", record);
}

absl::StatusOr<RecordPtr> FindRecord(const std::string& named, const Document& document,
                                     Context& context, Records& records) {
  std::optional<Uuid> id = Uuid::Parse(named);
  if (!id) {
    VIGIL_ASSIGN_OR_RETURN(id, context.snapshot.FindByKey(document.of, named, context.scope));
  }
  if (!id) return NoSuchRecord(named);
  VIGIL_ASSIGN_OR_RETURN(const bool sees, context.sees(*id));
  if (!sees) return NoSuchRecord(named);
  VIGIL_ASSIGN_OR_RETURN(RecordPtr record, records.Find(id->ToString()));
  if (record == nullptr || record->entity().entity_case() != document.of) {
    return NoSuchRecord(named);
  }
  return record;
}

}  // namespace

bool IsDocument(v1::ReportKind kind) { return FindDocument(kind) != nullptr; }

absl::StatusOr<std::string> RenderDocument(const v1::ExportReportRequest& request, Context& context,
                                           Records& records) {
  const Document* const document = FindDocument(request.kind());
  VIGIL_CHECK(document != nullptr);
  VIGIL_ASSIGN_OR_RETURN(RecordPtr record,
                         FindRecord(request.record(), *document, context, records));
  const Language language =
      request.language() == v1::REPORT_LANGUAGE_ENGLISH ? Language::kEnglish : Language::kChinese;
  return document->render(
      {.context = context, .records = records, .language = language, .record = std::move(record)});
}

}  // namespace vigil::report
