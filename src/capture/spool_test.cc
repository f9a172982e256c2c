// heplify's spool and hepipe's lines: HEP in files.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <rapidcheck.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "capture/intake_header.h"
#include "capture/test_files.h"
#include "wire/hep/encode.h"
#include "wire/hep/hep.h"

using namespace siploom;
using namespace siploom::capture;
using namespace siploom::capture::test;

namespace {

constexpr int64_t kThen = 1'700'000'000;
const std::string kPing =
    "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nCall-ID: c1\r\n"
    "CSeq: 1 OPTIONS\r\n\r\n";
const std::string kV1 =
    std::string("\x01\x10\x02\x11\x13\xc4\x13\xd8\xc0\x00\x02\x0a\xc6\x33\x64\x14", 16) + kPing;
const std::string kV2 = std::string(
                            "\x02\x10\x02\x06\x13\xc4\x13\xd8\xc0\x00\x02\x0a\xc6\x33\x64\x14"
                            "\x00\xf1\x53\x65\x40\xe2\x01\x00\xd1\x07\xa5\xa5",
                            28) +
                        kPing;

std::string hep3(int64_t seconds, const std::string& payload = kPing) {
  hep::Packet packet;
  packet.clear();
  packet.version = 3;
  packet.family = 2;
  packet.src = *parse_endpoint("192.0.2.10:5060");
  packet.dst = *parse_endpoint("198.51.100.20:5060");
  packet.has_src = packet.has_dst = true;
  packet.time = {seconds * kSecond};
  packet.payload = as_bytes(payload);
  std::string out;
  REQUIRE(hep::encode(packet, {}, out).has_value());
  return out;
}
std::string record(const std::string& message) { return number(message.size(), 4, true) + message; }
std::string message_of(const ReadFile::Packet& packet) {
  const auto header = decode_intake_header(as_bytes(packet.data));
  REQUIRE(header.has_value());
  CHECK(header->peer.address.is_unspecified());
  CHECK(packet.link == LinkType::HepIntake);
  return packet.data.substr(kIntakeHeaderBytes);
}

}  // namespace

TEST_CASE("a spool gives its messages as the intake would have, by their own time") {
  const std::string gzipped = hep::compress(as_bytes(hep3(kThen + 2)), hep::Compression::Gzip);
  std::string eep = hep3(kThen + 3);
  eep.replace(0, 4, "EEP3");
  const ReadFile read =
      read_file(record(hep3(kThen)) + record(kV2) + record(gzipped) + record(eep));
  REQUIRE(read.packets.size() == 4);
  CHECK(read.warnings.empty());
  CHECK(message_of(read.packets[0]) == hep3(kThen));
  CHECK(message_of(read.packets[1]) == kV2);
  CHECK(message_of(read.packets[2]) == gzipped);
  CHECK(message_of(read.packets[3]) == eep);
  CHECK(read.packets[0].time == kThen * kSecond);
  CHECK(read.packets[1].time == kThen * kSecond + 123'456'000);
  CHECK(read.packets[2].time == (kThen + 2) * kSecond);
}

TEST_CASE("each kind of message may be the first of a spool, or the only one") {
  const std::string gzipped = hep::compress(as_bytes(hep3(kThen)), hep::Compression::Gzip);
  for (const std::string& first : {hep3(kThen), kV1, kV2, gzipped}) {
    CHECK(read_file(record(first)).packets.size() == 1);
    CHECK(read_file(record(first) + record(kV1)).packets.size() == 2);
  }
  // HEP3 whose length is wrong is believed when another message follows.
  std::string odd = hep3(kThen);
  odd[5] = static_cast<char>(odd[5] + 1);
  CHECK(read_file(record(odd) + record(kV2)).packets.size() == 2);
}

TEST_CASE("a spool is put into the order of its messages' times") {
  const ReadFile read =
      read_file(record(hep3(kThen + 9)) + record(hep3(kThen)) + record(hep3(kThen + 5)));
  REQUIRE(read.packets.size() == 3);
  CHECK(read.packets[0].time == kThen * kSecond);
  CHECK(read.packets[2].time == (kThen + 9) * kSecond);
}

TEST_CASE("v1 in a spool has the time of the file") {
  const std::string path =
      std::filesystem::temp_directory_path() / ("spool_test." + std::to_string(::getpid()));
  std::FILE* file = std::fopen(path.c_str(), "wb");
  REQUIRE(file != nullptr);
  const std::string octets = record(kV1) + record(hep3(kThen));
  std::fwrite(octets.data(), 1, octets.size(), file);
  std::fclose(file);
  const timespec times[2] = {{kThen + 60, 0}, {kThen + 60, 500}};
  REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
  auto source = open_file(path, nullptr);
  REQUIRE(source.has_value());
  FrameBatch batch;
  REQUIRE((*source)->next(batch, 1 << 16).has_value());
  REQUIRE(batch.frames.size() == 2);
  CHECK(batch.frames[0].time.ns == kThen * kSecond);
  CHECK(batch.frames[1].time.ns == (kThen + 60) * kSecond + 500);
  std::filesystem::remove(path);
}

TEST_CASE("a spool cut off anywhere gives what was whole, and says so") {
  const std::string whole = record(hep3(kThen)) + record(hep3(kThen + 1));
  const size_t first_end = record(hep3(kThen)).size();
  for (size_t size = 12; size < whole.size(); ++size) {
    CAPTURE(size);
    const ReadFile read = read_file(whole.substr(0, size));
    CHECK(read.packets.size() == (size >= first_end ? 1 : 0));
    if (size == first_end) continue;
    REQUIRE(read.warnings.size() == 1);
    CHECK(read.warnings[0].find("cut off") != std::string::npos);
  }
}

TEST_CASE("damage within a spool ends it with a warning") {
  for (const std::string& damage : {std::string("\xff\xff\xff\xffHEP3", 8),
                                    number(8, 4, true) + "whatever", number(0, 4, true) + "HEP3"}) {
    const ReadFile read = read_file(record(hep3(kThen)) + damage + record(hep3(kThen + 1)));
    CHECK(read.packets.size() == 1);
    REQUIRE(read.warnings.size() == 1);
    CHECK(read.warnings[0].find("damaged after packet 1") != std::string::npos);
  }
}

TEST_CASE("a spool in gzip is read as it is without") {
  const std::string plain = record(kV2) + record(hep3(kThen));
  const ReadFile read = read_file(hep::compress(as_bytes(plain), hep::Compression::Gzip));
  REQUIRE(read.packets.size() == 2);
  CHECK(message_of(read.packets[1]) == kV2);
}

TEST_CASE("other files are not taken for a spool") {
  CHECK(read_file(number(100, 4, true) + std::string(100, 'x')).packets.empty());
  CHECK(read_file(number(10, 4, true) + "\x1f\x8b\x08" + std::string(50, 'x')).packets.empty());
  CHECK(read_file(number(30, 4, true) + "\x01\x10\x02" + std::string(80, 'x')).packets.empty());
}

// Frames of a disordered file are held while more is read; with readings as small as these, what
// they lie in was once let go of too early.
TEST_CASE("large messages out of order are held as long as they are waited for") {
  std::string octets;
  for (int i = 0; i < 9'000; ++i) {
    const std::string payload = kPing + std::string(i % 50 == 0 ? 30'000 : 0, static_cast<char>(i));
    octets += record(hep3(kThen + (i % 2 == 0 ? i : i - 2), payload));
  }
  const std::string gzipped = hep::compress(as_bytes(octets), hep::Compression::Gzip);
  const ReadFile read = read_file(gzipped, 512);
  REQUIRE(read.packets.size() == 9'000);
  for (const ReadFile::Packet& packet : read.packets) {
    hep::Packet parsed;
    std::string scratch;
    REQUIRE(hep::decode(as_bytes(packet.data).subspan(kIntakeHeaderBytes), parsed, scratch));
    const int64_t i = (packet.time / kSecond - kThen);
    if (parsed.payload.size() > kPing.size())
      REQUIRE(parsed.payload.back() == static_cast<uint8_t>(i));
  }
}

TEST_CASE("any octets behind a good message are no harm") {
  rc::check([](const std::string& tail) {
    const ReadFile read = read_file(record(hep3(kThen)) + tail, 64);
    RC_ASSERT(!read.packets.empty() || tail.empty());
    RC_ASSERT(read.error.empty());
  });
}

TEST_CASE("hepipe's lines: logs, JSON and SIP") {
  const ReadFile read = read_file(
      "1396362930;1003;fd8f48ea@pbx;127.0.0.1;5060;10.0.0.1;5070;{\"pl\": 10; \"t\": \"a\\nb\"}\n"
      "1396362931;5;;10.0.0.1;5060;10.0.0.2;5060;one; two\\nthree\n"
      "1396362932;0;c1;2001:db8::1;5060;2001:db8::2;5060;OPTIONS sip:a@b SIP/2.0\\r\\nCall-ID: "
      "c1\\r\\n\\r\\n\n"
      "1396362933;0;c1;10.0.0.1;5060;10.0.0.2;5060;SIP/2.0 200 OK\nCall-ID: c1\nCSeq: 1 OPTIONS\n"
      "\n"
      "1396362934;0;x;10.0.0.1;5060;10.0.0.2;5060;a line\nand another\n\n");
  REQUIRE(read.packets.size() == 5);
  std::vector<std::string> payloads;
  for (const ReadFile::Packet& packet : read.packets) {
    hep::Packet parsed;
    std::string scratch;
    const std::string message = message_of(packet);
    REQUIRE(hep::decode(as_bytes(message), parsed, scratch));
    CHECK(parsed.time.ns == packet.time);
    CHECK(parsed.agent_name == "hepipe");
    payloads.emplace_back(as_text(parsed.payload));
    const bool sip = payloads.size() == 3 || payloads.size() == 4;
    CHECK(parsed.protocol_type == (sip ? hep::kSip : hep::kLog));
    if (payloads.size() == 1) {
      CHECK(parsed.correlation_id == "fd8f48ea@pbx");
      CHECK(format_endpoint(parsed.src) == "127.0.0.1:5060");
      CHECK(format_endpoint(parsed.dst) == "10.0.0.1:5070");
    }
    if (payloads.size() == 3) CHECK(format_endpoint(parsed.src) == "[2001:db8::1]:5060");
  }
  CHECK(payloads[0] == "{\"pl\": 10; \"t\": \"a\\nb\"}");
  CHECK(payloads[1] == "one; two\nthree");
  CHECK(payloads[2] == "OPTIONS sip:a@b SIP/2.0\r\nCall-ID: c1\r\n\r\n");
  CHECK(payloads[3] == "SIP/2.0 200 OK\r\nCall-ID: c1\r\nCSeq: 1 OPTIONS\r\n\r\n");
  CHECK(payloads[4] == "a line\nand another");
  CHECK(read.packets[0].time == 1'396'362'930 * kSecond + 1'003 * kMicrosecond);
}

TEST_CASE("a payload of hepipe's that no HEP message can hold is cut, and said so") {
  const ReadFile read =
      read_file("1396362930;1003;id;127.0.0.1;1;10.0.0.1;2;" + std::string(100'000, 'x') + "\n");
  REQUIRE(read.packets.size() == 1);
  REQUIRE(read.warnings.size() == 1);
  CHECK(read.warnings[0].find("cut") != std::string::npos);
}

TEST_CASE("lines that only resemble hepipe's are passed over") {
  for (const char* line : {"1396362930;1003;id;127.0.0.1;5060;10.0.0.1;5060",
                           "1396362930;1003;id;localhost;5060;10.0.0.1;5060;x",
                           "1396362930;1003;id;127.0.0.1;70000;10.0.0.1;5060;x", "1;2;3;4;5;6;7;8"})
    CHECK(!read_file(std::string(line) + "\n").error.empty());
}
