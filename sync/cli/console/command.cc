#include "sync/cli/console/command.h"

#include <utility>

#include "sync/base/check.h"

namespace vigil::console {

void Arguments::Add(std::string_view name, std::string value) {
  values_[std::string(name)].push_back(std::move(value));
}

const std::vector<std::string>& Arguments::All(std::string_view name) const {
  const auto found = values_.find(name);
  VIGIL_CHECK(found != values_.end()) << "no command declares " << name;
  return found->second;
}

std::string Arguments::Value(std::string_view name) const {
  const std::vector<std::string>& values = All(name);
  return values.empty() ? std::string() : values.back();
}

std::optional<std::string> Arguments::Find(std::string_view name) const {
  const std::vector<std::string>& values = All(name);
  return values.empty() ? std::nullopt : std::optional<std::string>(values.back());
}

}  // namespace vigil::console
