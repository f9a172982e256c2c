// What the subjects of filters hand over: values that are there.
#pragma once

#include <string_view>

#include "query/filter.h"

namespace siploom::pipeline {

inline void take_text(std::string_view text, query::Subject::Take take) {
  if (!text.empty()) take(query::Value(text));
}

}  // namespace siploom::pipeline
