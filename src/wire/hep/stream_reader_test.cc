// Messages out of a TCP stream, however it is cut and whatever stands between them.
#include "wire/hep/stream_reader.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>
#include <vector>

#include "wire/hep/test_messages.h"

using namespace siploom;
using namespace siploom::hep::test;
using hep::StreamReader;

namespace {

// Feeds `stream` in pieces of `size` octets.
std::vector<std::string> read_all(StreamReader& reader, const std::string& stream, size_t size) {
  std::vector<std::string> out;
  for (size_t at = 0; at < stream.size(); at += size) {
    const std::string piece = stream.substr(at, size);  // dies before the next one
    reader.feed(as_bytes(piece));
    ByteSpan message;
    while (reader.next(message) == StreamReader::Step::Message) out.emplace_back(as_text(message));
  }
  return out;
}

const std::string kOne = v3(v4_chunks() + chunk(15, kPayload));
const std::string kTwo = v3(v4_chunks() + chunk(15, kPayload) + chunk(17, "c"), "EEP3");

}  // namespace

TEST_CASE("messages come whole out of segments of any size") {
  for (const size_t size : {size_t{1}, size_t{2}, size_t{5}, size_t{100}, size_t{10'000}}) {
    StreamReader reader;
    const std::vector<std::string> got = read_all(reader, kOne + kTwo + kOne, size);
    CHECK(got == std::vector<std::string>{kOne, kTwo, kOne});
    CHECK(reader.counters().resyncs == 0);
    CHECK(reader.pending() == 0);
  }
}

TEST_CASE("a message that lies whole in what was fed is not copied") {
  StreamReader reader;
  const std::string stream = kOne + kTwo;
  reader.feed(as_bytes(stream));
  ByteSpan message;
  REQUIRE(reader.next(message) == StreamReader::Step::Message);
  CHECK(as_text(message).data() == stream.data());
  REQUIRE(reader.next(message) == StreamReader::Step::Message);
  CHECK(as_text(message).data() == stream.data() + kOne.size());
  CHECK(reader.next(message) == StreamReader::Step::NeedMore);
}

TEST_CASE("garbage between messages is stepped over and counted") {
  const std::string garbage = "HEHEP HEP4 EEP" + octets("48455033 0003") + "xyzHEP";
  for (size_t size = 1; size < 60; ++size) {
    StreamReader reader;
    CHECK(read_all(reader, kOne + garbage + kTwo, size) == std::vector<std::string>{kOne, kTwo});
    CHECK(reader.counters().resyncs == 1);
    CHECK(reader.counters().skipped_octets == garbage.size());
    CHECK(reader.counters().messages == 2);
  }
}

TEST_CASE("a stream of garbage is given up, and stays so") {
  StreamReader reader;
  const std::string garbage(StreamReader::kMaxGarbage + 1, 'x');
  CHECK(read_all(reader, garbage, 1000).empty());
  reader.feed(as_bytes(kOne));
  ByteSpan message;
  CHECK(reader.next(message) == StreamReader::Step::Lost);
}

TEST_CASE("property: any cuts, any garbage without a magic") {
  CHECK(rc::check("the same messages", [](const std::vector<uint8_t>& noise) {
    std::string garbage(noise.begin(), noise.end());
    for (char& c : garbage) {
      if (c == 'H' || c == 'E') c = 'x';
    }
    StreamReader reader;
    const std::string stream = kOne + garbage + kTwo + kOne;
    RC_ASSERT(read_all(reader, stream, *rc::gen::inRange<size_t>(1, 200)) ==
              (std::vector<std::string>{kOne, kTwo, kOne}));
    RC_ASSERT(reader.counters().skipped_octets == garbage.size());
  }));
}
