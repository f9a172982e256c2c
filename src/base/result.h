// Result<T>: a value or an Error. Expected failures travel as values; nothing of ours throws.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace siploom {

enum class ErrorCode : unsigned char {
  InvalidArgument,  // what the user typed
  NotFound,         // a file, a device, a call
  Io,               // the system refused
  Malformed,        // bytes that are not what they should be
  Unsupported,      // known, but not by this build
  LimitExceeded,    // a stated limit was reached
};

// The message is for a user: what failed, on what, and what to do about it.
struct Error {
  ErrorCode code = ErrorCode::Io;
  std::string message;
};

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

inline tl::unexpected<Error> fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

}  // namespace siploom

// Gives the value of a Result, or returns its Error from the function around it.
#define SL_TRY(...)                                                                \
  ({                                                                               \
    auto sl_try_result = (__VA_ARGS__);                                            \
    if (!sl_try_result) {                                                          \
      return ::tl::unexpected<::siploom::Error>(std::move(sl_try_result.error())); \
    }                                                                              \
    std::move(*sl_try_result);                                                     \
  })

// The same for a Result<void>.
#define SL_TRY_VOID(...)                                                           \
  do {                                                                             \
    auto sl_try_result = (__VA_ARGS__);                                            \
    if (!sl_try_result) {                                                          \
      return ::tl::unexpected<::siploom::Error>(std::move(sl_try_result.error())); \
    }                                                                              \
  } while (false)
