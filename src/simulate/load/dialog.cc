#include "simulate/load/dialog.h"

#include <cstring>

namespace siploom::simulate::load {

namespace {

constexpr uint64_t kSubscribers = 200'000, kCalled = 5'000'000;
constexpr char kHex[] = "0123456789abcdef";

// All three digits: texts keep their width.
uint8_t from_100(uint64_t n) { return static_cast<uint8_t>(100 + n % 100); }

}  // namespace

void Dialog::put_hex(Field which, Rng& rng) {
  char* const out = slot(which);
  const size_t width = kWidths[static_cast<size_t>(which)];
  uint64_t random = 0;
  for (size_t i = 0; i < width; ++i, random >>= 4) {
    if (i % 16 == 0) random = rng.next();
    out[i] = kHex[random & 15];
  }
}

void Dialog::put_decimal(Field which, uint64_t number) {
  char* const out = slot(which);
  for (size_t i = kWidths[static_cast<size_t>(which)]; i-- > 0; number /= 10) {
    out[i] = static_cast<char>('0' + number % 10);
  }
}

void Dialog::put_address(Field text, Field binary, const std::array<uint8_t, 4>& address) {
  char* out = slot(text);
  for (size_t i = 0; i < 4; ++i) {
    const uint8_t part = address[i];
    if (i > 0) *out++ = '.';
    if (part >= 100) *out++ = static_cast<char>('0' + part / 100);
    *out++ = static_cast<char>('0' + part / 10 % 10);
    *out++ = static_cast<char>('0' + part % 10);
  }
  std::memcpy(slot(binary), address.data(), 4);
}

void Dialog::begin(Rng& rng, uint32_t node, uint32_t first_node_id) {
  put_hex(Field::CallId, rng);
  char* const call_id = slot(Field::CallId);
  for (const size_t dash : {8u, 13u, 18u, 23u}) call_id[dash] = '-';
  for (const Field each :
       {Field::FromTag, Field::ToTag, Field::Branch0, Field::Branch1, Field::Branch2,
        Field::Branch3, Field::Nonce, Field::Response, Field::Filler}) {
    put_hex(each, rng);
  }
  // A subscriber has a number and an address, and calls again.
  const uint64_t subscriber = rng.below(kSubscribers);
  const uint64_t place = mix(subscriber, 0x5AB5);
  put_decimal(Field::FromUser, 44'200'000'000 + subscriber * 7919 % 100'000'000);
  put_decimal(Field::ToUser, 49'300'000'000 + rng.below(kCalled) * 7919 % 100'000'000);
  const uint64_t cseq = 10'000 + rng.below(80'000);
  put_decimal(Field::Cseq0, cseq);
  put_decimal(Field::Cseq1, cseq + 1);
  put_decimal(Field::Cseq2, cseq + 2);
  put_decimal(Field::RtpPortA, 10'000 + 2 * rng.below(20'000));
  put_decimal(Field::RtpPortB, 10'000 + 2 * rng.below(20'000));
  put_decimal(Field::SdpIdA, 1'000'000'000 + rng.below(2'000'000'000));
  put_decimal(Field::SdpIdB, 1'000'000'000 + rng.below(2'000'000'000));
  put_address(Field::ClientIp, Field::ClientAddress,
              {10, from_100(place), from_100(place >> 16), from_100(place >> 32)});
  put_address(Field::ServerIp, Field::ServerAddress,
              {172, 20, from_100(node / 100), from_100(node)});
  const uint32_t id = __builtin_bswap32(first_node_id + node);
  std::memcpy(slot(Field::NodeId), &id, 4);
  std::memcpy(slot(Field::NodeName), "node00", 6);
  slot(Field::NodeName)[4] = static_cast<char>('0' + node / 10 % 10);
  slot(Field::NodeName)[5] = static_cast<char>('0' + node % 10);
  next = 0;
}

}  // namespace siploom::simulate::load
