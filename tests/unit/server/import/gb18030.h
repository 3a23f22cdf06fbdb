#ifndef VIGIL_TESTS_UNIT_SERVER_IMPORT_GB18030_H_
#define VIGIL_TESTS_UNIT_SERVER_IMPORT_GB18030_H_

#include <iconv.h>

#include <string>

#include "gtest/gtest.h"

// Text as Excel saves it in China.

namespace vigil::importer {

inline std::string ToGb18030(std::string text) {
  const iconv_t converter = iconv_open("GB18030", "UTF-8");
  std::string converted(text.size() * 2 + 16, '\0');
  char* in = text.data();
  char* out = converted.data();
  std::size_t left = text.size();
  std::size_t room = converted.size();
  EXPECT_EQ(iconv(converter, &in, &left, &out, &room), 0U);
  iconv_close(converter);
  converted.resize(converted.size() - room);
  return converted;
}

// Each line break as Windows has it.
inline std::string WithCrLf(const std::string& text) {
  std::string converted;
  for (const char c : text) {
    if (c == '\n') converted += '\r';
    converted += c;
  }
  return converted;
}

}  // namespace vigil::importer

#endif  // VIGIL_TESTS_UNIT_SERVER_IMPORT_GB18030_H_
