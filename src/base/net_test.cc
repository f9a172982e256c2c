#include "base/net.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace siploom;

TEST_CASE("addresses in and out") {
  for (const char* text : {"10.0.0.1", "255.255.255.255", "2001:db8::1", "::1", "fe80::1"}) {
    CAPTURE(text);
    const auto address = parse_ip(text);
    REQUIRE(address);
    CHECK(format_ip(*address) == text);
  }
  CHECK(parse_ip("[2001:db8::1]") == parse_ip("2001:db8::1"));
  CHECK_FALSE(parse_ip("10.0.0.256"));
  CHECK_FALSE(parse_ip(""));
  CHECK_FALSE(parse_ip("example.com"));
}

TEST_CASE("endpoints in and out") {
  for (const char* text : {"10.0.0.1:5060", "[2001:db8::1]:5061"}) {
    const auto endpoint = parse_endpoint(text);
    REQUIRE(endpoint);
    CHECK(format_endpoint(*endpoint) == text);
  }
  CHECK(parse_endpoint("10.0.0.1")->port == 0);
  CHECK(parse_endpoint("2001:db8::1")->port == 0);
  CHECK_FALSE(parse_endpoint("10.0.0.1:99999"));
  CHECK_FALSE(parse_endpoint("[2001:db8::1"));
}

TEST_CASE("blocks contain their addresses") {
  const auto ten = parse_cidr("10.0.0.0/8");
  REQUIRE(ten);
  CHECK(ten->contains(*parse_ip("10.255.0.1")));
  CHECK_FALSE(ten->contains(*parse_ip("11.0.0.1")));
  CHECK_FALSE(ten->contains(*parse_ip("::1")));
  CHECK(parse_cidr("192.0.2.7")->contains(*parse_ip("192.0.2.7")));
  CHECK(parse_cidr("192.0.2.0/25")->contains(*parse_ip("192.0.2.127")));
  CHECK_FALSE(parse_cidr("192.0.2.0/25")->contains(*parse_ip("192.0.2.128")));
  CHECK(parse_cidr("2001:db8::/32")->contains(*parse_ip("2001:db8:1::5")));
  CHECK_FALSE(parse_cidr("10.0.0.0/33"));
  CHECK(format_cidr(*ten) == "10.0.0.0/8");
  CHECK(parse_cidr("0.0.0.0/0")->contains(*parse_ip("8.8.8.8")));
}
