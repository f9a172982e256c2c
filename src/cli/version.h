#pragma once

namespace siploom::cli {

inline constexpr const char* kVersion = "0.1.0";

}  // namespace siploom::cli
