#include "simulate/codecs.h"

#include <bit>

#include "base/text.h"
#include "simulate/rng.h"

namespace siploom::simulate {

namespace {

constexpr Codec kCodecs[] = {
    {"PCMU", 0, 8000, 64'000, "PCMU/8000", ""},
    {"PCMA", 8, 8000, 64'000, "PCMA/8000", ""},
    {"G722", 9, 8000, 64'000, "G722/8000", ""},
    {"G729", 18, 8000, 8'000, "G729/8000", "annexb=no"},
    {"opus", 111, 48'000, 32'000, "opus/48000/2", "minptime=10;useinbandfec=1"},
};
constexpr uint8_t kPcmu = 0, kPcma = 1, kOpus = 4;

// ITU-T G.711 tables 2a and 1a, without the search for the nearest level: sound is not the point
// here.
uint8_t to_mulaw(int sample) {
  const int sign = sample < 0 ? 0x80 : 0;
  const unsigned magnitude = static_cast<unsigned>(sample < 0 ? -sample : sample) + 132;
  const int exponent = static_cast<int>(std::bit_width(magnitude >> 7)) - 1;
  const int mantissa = static_cast<int>(magnitude >> (exponent + 3)) & 15;
  return static_cast<uint8_t>(~(sign | exponent << 4 | mantissa));
}
uint8_t to_alaw(int sample) {
  const int sign = sample < 0 ? 0 : 0x80;
  const unsigned magnitude = static_cast<unsigned>(sample < 0 ? -sample : sample);
  const int exponent = static_cast<int>(std::bit_width(magnitude >> 8));
  const int mantissa = static_cast<int>(magnitude >> (exponent == 0 ? 4 : exponent + 3)) & 15;
  return static_cast<uint8_t>((sign | exponent << 4 | mantissa) ^ 0x55);
}

// 400 Hz at 8000 Hz, louder and softer in turn, with a little noise under it.
int tone_sample(size_t at, Rng& rng) {
  constexpr int kQuarter[] = {0, 2472, 4702, 6472, 7608, 8000};
  const size_t phase = at % 20;
  const size_t fold = phase % 10 <= 5 ? phase % 10 : 10 - phase % 10;
  const int wave = phase < 10 ? kQuarter[fold] : -kQuarter[fold];
  const int loudness = 1 + static_cast<int>(at / 1000 % 4);
  return wave * loudness / 4 + static_cast<int>(rng.below(64)) - 32;
}

}  // namespace

size_t codec_count() { return sizeof kCodecs / sizeof kCodecs[0]; }
const Codec& codec(uint8_t number) { return kCodecs[number]; }

std::optional<uint8_t> find_codec(std::string_view name) {
  for (size_t i = 0; i < codec_count(); ++i) {
    if (iequals(kCodecs[i].name, name)) return static_cast<uint8_t>(i);
  }
  return std::nullopt;
}

size_t payload_size(const Codec& codec, unsigned ptime_ms, uint64_t n) {
  const size_t even = size_t{codec.bits_per_second} / 8 * ptime_ms / 1000;
  // Opus packets vary with the sound (RFC 6716 2.1.8).
  return codec.payload_type == kCodecs[kOpus].payload_type ? even / 2 + mix(n, 7) % even : even;
}

PayloadTable::PayloadTable() {
  Rng rng(0x70A7);
  for (size_t number = 0; number < codec_count(); ++number) {
    std::vector<uint8_t> table(kBytes);
    for (size_t i = 0; i < kBytes; ++i) {
      if (number == kPcmu) table[i] = to_mulaw(tone_sample(i, rng));
      if (number == kPcma) table[i] = to_alaw(tone_sample(i, rng));
      if (number != kPcmu && number != kPcma) table[i] = static_cast<uint8_t>(rng.next());
    }
    tables_.push_back(std::move(table));
  }
}

ByteSpan PayloadTable::payload(uint8_t codec_number, size_t size, uint64_t n) const {
  const std::vector<uint8_t>& table = tables_[codec_number];
  const size_t windows = (kBytes - size) / size + 1;
  return ByteSpan(table).subspan(n % windows * size, size);
}

}  // namespace siploom::simulate
