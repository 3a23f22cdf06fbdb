#ifndef VIGIL_SERVER_CLI_CHANGE_TEXT_H_
#define VIGIL_SERVER_CLI_CHANGE_TEXT_H_

#include <string>

#include "server/cli/clerk.h"
#include "sync/rules/schema.h"

namespace vigil::office {

// A value that the register sent in plain words: references, names of values and times are shown as
// everywhere else. `info` is of the record's kind; null: it is shown as it came.
std::string ChangeText(Clerk& clerk, const rules::EntityInfo* info, const std::string& field_name,
                       const std::string& text);

}  // namespace vigil::office

#endif  // VIGIL_SERVER_CLI_CHANGE_TEXT_H_
