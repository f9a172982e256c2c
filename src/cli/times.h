// Times as people type them, beside those of parse_time(): now, -15m (ago), 13:00 (of today, UTC).
#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"

namespace siploom::cli {

std::optional<Timestamp> parse_when(std::string_view text, Timestamp now);

}  // namespace siploom::cli
