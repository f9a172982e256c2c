// A collector that relays: from its intake through the engine to another intake.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "intake/test_support.h"
#include "pipeline/collector.h"
#include "support/temp_folder.h"

namespace siploom::pipeline {

namespace {

using intake::test::Client;
using intake::test::eventually;
using intake::test::hep3;
using intake::test::Running;

std::string invite(int number) {
  return hep3(
      fmt::format("INVITE sip:b@y SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK{0}\r\nFrom: "
                  "<sip:a@x>;tag=1\r\nTo: <sip:b@y>\r\nCall-ID: call-{0}\r\nCSeq: 1 "
                  "INVITE\r\n\r\n",
                  number));
}

CollectorOptions collecting(const siploom::test::TempFolder& folder, std::string to) {
  CollectorOptions options;
  options.store.folder = folder.path + "/store";
  options.intake = intake::test::loopback();
  options.clock = [] { return intake::system_clock().wall(); };
  options.relay.to = {*relay::parse_destination(to)};
  return options;
}

}  // namespace

TEST_CASE("collector: what comes in is kept and goes on as it came") {
  const siploom::test::TempFolder folder;
  Running receiver;
  auto collector = Collector::start(collecting(folder, "tcp:" + format_endpoint(receiver.at())));
  REQUIRE_MESSAGE(collector.has_value(), (collector ? "" : collector.error().message));
  const Client client = Client::tcp((*collector)->intake()->endpoints().at(0));
  for (int i = 0; i < 300; ++i) REQUIRE(client.send(invite(i)));
  REQUIRE(receiver.wait_for(300));
  for (int i = 0; i < 300; ++i)
    CHECK(receiver.taken()[static_cast<size_t>(i)].message == invite(i));
  CHECK(eventually([&] { return (*collector)->keeper().counters().sip == 300; }));
  CHECK((*collector)->relay()->counters().taken == 300);
  CHECK((*collector)->stop());
}

TEST_CASE("collector: what the relay loses stands in the ledger; it does not send to itself") {
  const siploom::test::TempFolder folder;
  const Endpoint nobody = Running().at();
  CollectorOptions options = collecting(folder, "tcp:" + format_endpoint(nobody));
  options.relay.queue_bytes = 16 * 1024;
  options.relay.spool_bytes = 0;
  auto collector = Collector::start(options);
  REQUIRE(collector);
  const Client client = Client::tcp((*collector)->intake()->endpoints().at(0));
  for (int i = 0; i < 300; ++i) REQUIRE(client.send(invite(i)));
  CHECK(eventually([&] { return (*collector)->relay()->counters().taken == 300; }));
  const auto began = std::chrono::steady_clock::now();
  CHECK((*collector)->stop());
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(10));
  CHECK((*collector)->relay()->counters().lost() == 300);
  CHECK((*collector)->keeper().counters().sip == 300);

  options = collecting(folder, "tcp:127.0.0.1:" + std::to_string(nobody.port));
  options.store.folder = folder.path + "/other";
  options.intake.listen = {nobody};
  const auto round = Collector::start(options);
  REQUIRE(!round);
  CHECK(round.error().message.find("round and round") != std::string::npos);
}

}  // namespace siploom::pipeline
