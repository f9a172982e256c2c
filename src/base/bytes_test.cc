#include "base/bytes.h"

#include <doctest/doctest.h>

#include <array>

using namespace siploom;

TEST_CASE("fields in both orders") {
  const std::array<uint8_t, 15> bytes = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  ByteReader reader(bytes);
  CHECK(reader.u8() == 1);
  CHECK(reader.be16() == 0x0203);
  CHECK(reader.le16() == 0x0504);
  CHECK(reader.be24() == 0x060708);
  CHECK(reader.be32() == 0x090A0B0C);
  CHECK(reader.bytes(2).size() == 2);
  CHECK(reader.remaining() == 1);
  CHECK(reader.ok());
}

TEST_CASE("a read past the end is zero and fails for good") {
  const std::array<uint8_t, 3> bytes = {1, 2, 3};
  ByteReader reader(bytes);
  CHECK(reader.be32() == 0);
  CHECK_FALSE(reader.ok());
  CHECK(reader.u8() == 0);
  CHECK(reader.remaining() == 0);
  CHECK(reader.rest().empty());
  ByteReader huge(bytes);
  huge.skip(SIZE_MAX);
  CHECK_FALSE(huge.ok());
}
