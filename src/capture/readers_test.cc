// pcap, pcapng, snoop, Network Monitor; whole, cut off and damaged.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "capture/test_files.h"

using namespace siploom;
using namespace siploom::capture;
using namespace siploom::capture::test;

TEST_CASE("pcap in every form: microseconds, nanoseconds, modified; both byte orders") {
  for (const uint32_t magic : {0xA1B2C3D4u, 0xA1B23C4Du, 0xA1B2CD34u}) {
    for (const bool big_endian : {false, true}) {
      CAPTURE(magic);
      CAPTURE(big_endian);
      const PcapFile file{magic, big_endian, 101};
      const ReadFile read = read_file(file.header() + file.record(1'700'000'000, 5, "first") +
                                      file.record(1'700'000'001, 6, "second one"));
      REQUIRE(read.packets.size() == 2);
      const int64_t unit = magic == 0xA1B23C4D ? 1 : 1000;
      CHECK(read.packets[0] ==
            ReadFile::Packet{1'700'000'000 * kSecond + 5 * unit, LinkType::Raw, "first"});
      CHECK(read.packets[1].data == "second one");
      CHECK(read.warnings.empty());
    }
  }
}

TEST_CASE("a pcap cut off anywhere gives what was whole, and says so") {
  const PcapFile file;
  const std::string whole =
      file.header() + file.record(1, 0, "first") + file.record(2, 0, "second");
  const size_t first_end = 24 + 16 + 5;
  for (size_t size = 25; size < whole.size(); ++size) {
    CAPTURE(size);
    const ReadFile read = read_file(whole.substr(0, size));
    CHECK(read.packets.size() == (size >= first_end ? 1 : 0));
    if (size != first_end) {
      REQUIRE(read.warnings.size() == 1);
      CHECK(read.warnings[0].find("cut off") != std::string::npos);
    }
  }
}

TEST_CASE("a record that claims absurdly much ends the file with a warning") {
  const PcapFile file;
  const ReadFile read = read_file(file.header() + file.record(1, 0, "good") + number(2, 4, false) +
                                  number(0, 4, false) + number(0xFFFFFFFF, 4, false) +
                                  number(0xFFFFFFFF, 4, false) + std::string(100, 'x'));
  CHECK(read.packets.size() == 1);
  REQUIRE(read.warnings.size() == 1);
  CHECK(read.warnings[0].find("damaged after packet 1") != std::string::npos);
}

TEST_CASE("pcapng: interfaces with their own link, resolution and offset") {
  for (const bool big_endian : {false, true}) {
    const PcapngFile file{big_endian};
    const std::string nanoseconds = file.option(9, std::string(1, '\x09'));
    const std::string binary = file.option(9, std::string(1, '\x8a'));  // 2^-10 s
    const std::string offset = file.option(14, number(100, 8, big_endian));
    const ReadFile read =
        read_file(file.section() + file.interface(1) + file.interface(101, nanoseconds) +
                  file.interface(113, binary) + file.interface(1, offset) +
                  file.packet(0, 1'000'000, "us") + file.packet(1, 2'000'000'005, "ns") +
                  file.packet(2, 3 * 1024 + 512, "2^-10") + file.packet(3, 4'000'000, "offset"));
    REQUIRE(read.packets.size() == 4);
    CHECK(read.packets[0] == ReadFile::Packet{kSecond, LinkType::Ethernet, "us"});
    CHECK(read.packets[1] == ReadFile::Packet{2 * kSecond + 5, LinkType::Raw, "ns"});
    CHECK(read.packets[2].time == 3500 * kMillisecond);
    CHECK(read.packets[3].time == 104 * kSecond);
  }
}

TEST_CASE("pcapng: simple packets, unknown blocks, comments and secrets are taken in stride") {
  const PcapngFile file;
  const std::string secrets = "CLIENT_RANDOM 00 11\n";
  const ReadFile read = read_file(
      file.section() +
      file.block(0x0000000A,
                 number(0x544C534B, 4, false) + number(secrets.size(), 4, false) + secrets) +
      file.block(0xDEAD, "whatever") + file.interface(1, file.option(1, "a comment")) +
      file.block(3, number(6, 4, false) + "simple") + file.packet(0, 5'000'000, "enhanced"));
  REQUIRE(read.packets.size() == 2);
  CHECK(read.packets[0].data == "simple");
  REQUIRE(read.stats.tls_secrets.size() == 1);
  CHECK(read.stats.tls_secrets[0] == secrets);
}

TEST_CASE("pcapng: several sections, each with its own byte order and interfaces") {
  const PcapngFile little{false}, big{true};
  const ReadFile read =
      read_file(little.section() + little.interface(1) + little.packet(0, 1'000'000, "one") +
                big.section() + big.interface(101) + big.packet(0, 2'000'000, "two"));
  REQUIRE(read.packets.size() == 2);
  CHECK(read.packets[1] == ReadFile::Packet{2 * kSecond, LinkType::Raw, "two"});
}

TEST_CASE("pcapng: a packet of an interface that was never described is passed over") {
  const PcapngFile file;
  const ReadFile read = read_file(file.section() + file.interface(1) + file.packet(7, 1, "lost") +
                                  file.packet(0, 1'000'000, "kept"));
  REQUIRE(read.packets.size() == 1);
  CHECK(read.packets[0].data == "kept");
}

TEST_CASE("pcapng cut off anywhere gives what was whole") {
  const PcapngFile file;
  const std::string head = file.section() + file.interface(1);
  const std::string first = file.packet(0, 1'000'000, "first");
  const std::string whole = head + first + file.packet(0, 2'000'000, "second");
  for (size_t size = head.size(); size < whole.size(); ++size) {
    const ReadFile read = read_file(whole.substr(0, size));
    REQUIRE(read.packets.size() == (size >= head.size() + first.size() ? 1 : 0));
  }
}

TEST_CASE("snoop (RFC 1761)") {
  const auto record = [](const std::string& data) {
    const size_t padded = (data.size() + 3) / 4 * 4;
    std::string body = data;
    body.resize(padded);
    return number(data.size(), 4, true) + number(data.size(), 4, true) +
           number(24 + padded, 4, true) + number(0, 4, true) + number(1'000, 4, true) +
           number(7, 4, true) + body;
  };
  const std::string header =
      std::string("snoop\0\0\0", 8) + number(2, 4, true) + number(4, 4, true);
  const ReadFile read = read_file(header + record("abcde") + record("fg"));
  REQUIRE(read.packets.size() == 2);
  CHECK(read.packets[0] == ReadFile::Packet{1'000 * kSecond + 7'000, LinkType::Ethernet, "abcde"});
  CHECK(read.packets[1].data == "fg");
}

TEST_CASE("Network Monitor 2: by its table of frames, or without it when cut off") {
  const auto record = [](uint64_t micros, const std::string& data) {
    return number(micros, 8, false) + number(data.size(), 4, false) +
           number(data.size(), 4, false) + data;
  };
  const std::string records = record(0, "first") + record(1'500'000, "second");
  std::string header = std::string("GMBU\x00\x02", 6) + number(1, 2, false);
  for (const uint64_t part : {2024u, 3u, 0u, 15u, 12u, 30u, 45u, 250u})
    header += number(part, 2, false);
  header += number(128 + records.size(), 4, false) + number(8, 4, false);
  header.resize(128);
  const std::string table = number(128, 4, false) + number(128 + 16 + 5, 4, false);
  const ReadFile read = read_file(header + records + table);
  REQUIRE(read.packets.size() == 2);
  const auto start = parse_time("2024-03-15T12:30:45.25Z");
  REQUIRE(start);
  CHECK(read.packets[0] == ReadFile::Packet{start->ns, LinkType::Ethernet, "first"});
  CHECK(read.packets[1].time == start->ns + 1500 * kMillisecond);
  CHECK(read_file(header + records).packets.size() == 2);
  const ReadFile cut = read_file((header + records).substr(0, 128 + 16 + 5 + 10));
  CHECK(cut.packets.size() == 1);
  CHECK(cut.warnings.size() == 1);
}

TEST_CASE("what is no capture is refused, with what to do") {
  for (const std::string& text : {std::string(), std::string("PK\x03\x04") + std::string(100, '\0'),
                                  std::string("just some words\n")}) {
    const ReadFile read = read_file(text);
    CHECK(read.packets.empty());
    CHECK_FALSE(read.error.empty());
  }
}

TEST_CASE("frames come in order of time, within a window") {
  const PcapFile file;
  std::string text = file.header();
  for (const uint32_t second : {5u, 1u, 4u, 2u, 3u}) {
    text += file.record(second, 0, std::to_string(second));
  }
  std::string order;
  for (const auto& packet : read_file(text, 20).packets) order += packet.data;
  CHECK(order == "12345");
}

TEST_CASE("property: any octets behind a header end in packets, a warning or an error") {
  CHECK(rc::check("pcap and pcapng", [](const std::string& noise) {
    const PcapFile pcap;
    const PcapngFile pcapng;
    read_file(pcap.header() + pcap.record(1, 0, "x") + noise);
    const ReadFile read = read_file(pcapng.section() + pcapng.interface(1) + noise);
    RC_ASSERT(read.packets.size() <= noise.size());
  }));
}
