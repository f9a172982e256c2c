#include "capture/intake_header.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <array>

using namespace siploom;
using namespace siploom::capture;

TEST_CASE("intake header: what is written is read") {
  rc::check([](std::array<uint8_t, 16> octets, uint16_t port, uint16_t local, uint8_t flags) {
    IntakeHeader header;
    header.peer = {IpAddress::v6(octets.data()), port};
    header.local_port = local;
    header.carrier = static_cast<Carrier>(*rc::gen::inRange<int>(0, kCarriers));
    header.flags = flags;
    std::array<uint8_t, kIntakeHeaderBytes> bytes{};
    encode_intake_header(header, bytes.data());
    RC_ASSERT(decode_intake_header(bytes) == header);
  });
}

TEST_CASE("intake header: layout, in network order") {
  IntakeHeader header{*parse_endpoint("192.0.2.1:5060"), 9060, Carrier::Wss, kIntakeKeyMatched};
  std::array<uint8_t, kIntakeHeaderBytes> bytes{};
  encode_intake_header(header, bytes.data());
  const std::array<uint8_t, kIntakeHeaderBytes> expected = {
      0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 1, 0x13, 0xC4, 0x23, 0x64, 4, 1, 1, 0};
  CHECK(bytes == expected);
  CHECK(carrier_name(header.carrier) == "wss");
  CHECK(carrier_name(static_cast<Carrier>(99)) == "unknown");
}

TEST_CASE("intake header: what is none is refused") {
  std::array<uint8_t, kIntakeHeaderBytes> bytes{};
  encode_intake_header({}, bytes.data());
  CHECK(decode_intake_header(bytes));
  CHECK_FALSE(decode_intake_header(ByteSpan(bytes).first(kIntakeHeaderBytes - 1)));
  CHECK_FALSE(decode_intake_header({}));
  bytes[20] = kCarriers;
  CHECK_FALSE(decode_intake_header(bytes));
  bytes[20] = 0;
  bytes[22] = 2;
  CHECK_FALSE(decode_intake_header(bytes));
}
