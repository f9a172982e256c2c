// Rewriter: changes HEP messages on their way on, as far as is asked for; all other octets, chunks
// that nobody knows among them, stay as they came. Works on chunks rather than on decoded packets,
// so that what is not to be changed cannot be. One thread.
#pragma once

#include <string>

#include "base/bytes.h"

namespace siploom::pipeline::relay {

class Rewriter final {
 public:
  struct Edits {
    std::string key;  // replaces chunk 0x0e of HEP v3, or is added; empty: left alone
    bool compress = false;
    bool mask_bodies = false;
    bool any() const { return !key.empty() || compress || mask_bodies; }
  };
  enum class Outcome : uint8_t {
    AsItWas,   // `out` is untouched
    Changed,   // `out` has it
    Withheld,  // its body could not be masked with certainty
    TooLarge,  // with the key it would be longer than a HEP message can be
  };

  explicit Rewriter(Edits edits) : edits_(std::move(edits)) {}
  Outcome rewrite(ByteSpan message, std::string& out);

 private:
  Outcome rewrite_v12(ByteSpan message, std::string& out) const;
  Outcome rewrite_v3(ByteSpan message, std::string& out);
  bool put_payload(ByteSpan payload, std::string& out);
  bool put_compressed(ByteSpan value, std::string& out);

  Edits edits_;
  std::string whole_, inflated_, masked_;
  bool key_written_ = false, fits_ = true;
};

// Puts 'x' for each octet behind the headers of a SIP message; what is no SIP stays. False: it may
// hold SIP in a form (JSON) in which it cannot be masked in place.
bool mask_sip_body(std::span<uint8_t> payload);

}  // namespace siploom::pipeline::relay
