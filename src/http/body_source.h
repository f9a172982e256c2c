// BodySource: where a streamed body comes from. Other threads fill it, the I/O thread empties it.
// (Inside the room; the public faces are StreamWriter and EventStream.)
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace siploom::http {

class BodySource {
 public:
  enum class Taken : uint8_t {
    Nothing,  // now; `wake` will be called when there is more
    Some,
    End,     // the body is complete
    Broken,  // it will never be; the client must not take it for whole
  };
  virtual ~BodySource() = default;
  // I/O thread. `wake` is called once after each Nothing, from any thread, and must not block.
  virtual void attach(std::function<void()> wake) = 0;
  virtual Taken take(std::string& out) = 0;
  // The client is gone: no wake comes after this, what is written from now on is lost.
  virtual void detach() = 0;
  // The server stops: ends as the kind of source can, and says so by `wake`.
  virtual void stop() = 0;
};

}  // namespace siploom::http
