// Voice: what is said of a destination, once each, however many nodes send to it.
#pragma once

#include <functional>
#include <string>

namespace siploom::simulate::live {

using Say = std::function<void(const std::string&)>;

class Voice final {
 public:
  Voice(std::string destination, Say say)
      : destination_(std::move(destination)), say_(std::move(say)) {}

  // A link has no connection any more; and it has one again, for which `waited` messages waited.
  void away(const std::string& why) {
    if (away_links_++ == 0) say(why);
  }
  void back(size_t waited) {
    waited_ += waited;
    if (--away_links_ > 0) return;
    say("connected; " + std::to_string(waited_) + " messages had waited");
    waited_ = 0;
    said_full_ = false;
  }
  void full() { once(said_full_, "the spool is full, messages are lost"); }
  void refused() {
    once(said_refused_, "connection refused; what is sent is lost until somebody listens");
  }
  void failed(const std::string& why) { once(said_failed_, "a message is lost: " + why); }

 private:
  void say(const std::string& what) const {
    if (say_) say_(destination_ + ": " + what);
  }
  void once(bool& said, const std::string& what) const {
    if (!said) say(what);
    said = true;
  }

  std::string destination_;
  Say say_;
  size_t away_links_ = 0, waited_ = 0;
  bool said_full_ = false, said_refused_ = false, said_failed_ = false;
};

}  // namespace siploom::simulate::live
