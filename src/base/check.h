// Programmer errors: SL_CHECK is always on and aborts; SL_BUG counts and logs in release, aborts in
// debug builds.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace siploom {

[[noreturn]] inline void check_failed(const char* what, const char* file, int line) {
  std::fprintf(stderr, "siploom: internal error: %s (%s:%d)\n", what, file, line);
  std::abort();
}

}  // namespace siploom

#define SL_CHECK(cond) \
  ((cond) ? static_cast<void>(0) : ::siploom::check_failed(#cond, __FILE__, __LINE__))
