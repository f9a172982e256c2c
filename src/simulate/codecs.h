// Codecs: what SDP says of them and how large their packets are. Payloads are a cheap tone (G.711)
// or noise of a fixed table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "simulate/text_buffer.h"

namespace siploom::simulate {

struct Codec {
  std::string_view name;  // as rtpmap has it
  uint8_t payload_type;
  uint32_t clock_hz;  // of RTP timestamps; G.722 says 8000 (RFC 3551 4.5.2)
  uint32_t bits_per_second;
  std::string_view rtpmap;  // behind the payload type
  std::string_view fmtp;
};

constexpr uint8_t kTelephoneEvent = 101;

size_t codec_count();
const Codec& codec(uint8_t number);
std::optional<uint8_t> find_codec(std::string_view name);

// Octets of packet `n` with `ptime_ms` of sound.
size_t payload_size(const Codec& codec, unsigned ptime_ms, uint64_t n);

// One second of sound for each codec; packets are windows of it.
class PayloadTable final {
 public:
  PayloadTable();
  ByteSpan payload(uint8_t codec_number, size_t size, uint64_t n) const;

 private:
  static constexpr size_t kBytes = 8000;
  std::vector<std::vector<uint8_t>> tables_;
};

}  // namespace siploom::simulate
