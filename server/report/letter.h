#ifndef VIGIL_SERVER_REPORT_LETTER_H_
#define VIGIL_SERVER_REPORT_LETTER_H_

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "server/report/html.h"
#include "server/report/records.h"
#include "server/report/report.h"

namespace vigil::report {

// The page of an official document, from top to bottom. Whatever is put in is escaped; where
// something is missing, there is a line to write on.
class Letter {
 public:
  // The title stands in the middle; `issuer` above it, in red; `number` between.
  struct Top {
    std::string issuer;
    std::string title;
    std::string number;
  };
  Letter(const Top& top, Language language);

  // To whom.
  void To(std::string_view addressee);
  void Paragraph(std::string_view text);
  // A paragraph with what is filled in.
  void Paragraph(const Text& text, std::initializer_list<std::string_view> values);
  // Names and values, two pairs on a line; a long value takes a line of its own.
  void Facts(const std::vector<std::pair<std::string, std::string>>& facts);
  void Table(const std::vector<std::string>& headings,
             const std::vector<std::vector<std::string>>& rows);
  // Who signs, with room for the seal, and the day.
  struct Signature {
    std::string signatory;
    std::string unit;
    std::string date;
  };
  void Sign(const Signature& signature);
  // Behind a dashed line: what the receiver fills in.
  void Receipt(const std::vector<std::string>& lines);
  void Copies(std::string_view text);

  std::string Finish() &&;

 private:
  const Language language_;
  std::string html_;
};

// The text, or a line to write on.
std::string OrBlank(std::string_view text);
// "2017年3月31日"; a line where it is unset.
std::string LongDate(const v1::Date& date, Language language);
std::string LongDate(absl::CivilDay day, Language language);
// "2017年3月31日 09:30".
std::string LongTime(bool is_set, const google::protobuf::Timestamp& time, const Context& context,
                     Language language);

// What a document is made of.
struct Draft {
  Context& context;
  Records& records;
  Language language;
  RecordPtr record;

  std::string Said(const Text& text) const { return In(text, language); }
  // Names; a line to write on where there is none.
  absl::StatusOr<std::string> NameOf(std::string_view id) const;
  // The unit that stands above all others over this one: the bureau.
  absl::StatusOr<std::string> BureauOver(std::string_view unit) const;
};

// A hazard that a document is about.
struct Subject {
  RecordPtr hazard_record;
  v1::HazardState state;
  RecordPtr source;
  // Id of the unit that answers for it.
  std::string unit;

  const v1::Hazard& hazard() const { return hazard_record->entity().hazard(); }
  const v1::RiskSource& risk_source() const;
};
absl::StatusOr<Subject> SubjectOf(const Draft& draft, std::string_view hazard);
// Its facts, for a table.
absl::StatusOr<std::vector<std::pair<std::string, std::string>>> FactsOf(const Draft& draft,
                                                                         const Subject& subject);

absl::StatusOr<std::string> SupervisionNotice(const Draft& draft);
absl::StatusOr<std::string> RectificationNotice(const Draft& draft);
absl::StatusOr<std::string> SupervisionLetter(const Draft& draft);
absl::StatusOr<std::string> InspectionRecord(const Draft& draft);
absl::StatusOr<std::string> BulletinNotice(const Draft& draft);

}  // namespace vigil::report

#endif  // VIGIL_SERVER_REPORT_LETTER_H_
