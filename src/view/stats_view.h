// model::Stats as text.
#pragma once

#include <string>

#include "model/stats.h"

namespace siploom::view {

std::string stats_text(const model::Stats& stats, size_t top, size_t width, bool color);

}  // namespace siploom::view
