// Policy: who may send, and with which key. Any thread, as long as nobody changes it.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "intake/options.h"

namespace siploom::intake {

class Policy final {
 public:
  // What holds for one address: looked up once, kept with its counts.
  struct Verdict {
    bool allowed = true;
    uint32_t key_begin = 0, key_end = 0;  // keys that are good; none: no key is asked for
    bool wants_key() const { return key_begin != key_end; }
  };

  static Result<Policy> make(std::vector<Cidr> allow, std::vector<KeyRule> keys);
  // The keys stay. Verdicts of before are to be asked for anew. Error: too many.
  Result<void> set_allowed(std::vector<Cidr> allow);
  Verdict judge(const IpAddress& address) const;
  // In a time that does not depend on what the good keys are.
  bool is_key_good(const Verdict& verdict, std::string_view key) const;

 private:
  std::vector<Cidr> allow_;
  std::vector<KeyRule> keys_;  // the most specific first; those of one block side by side
};

}  // namespace siploom::intake
