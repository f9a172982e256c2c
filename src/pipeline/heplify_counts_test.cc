#include "pipeline/heplify_counts.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "wire/report/report.h"

namespace siploom::pipeline {

namespace {

weave::SipFacts facts_of(uint16_t status, sip::Method method, std::string_view reason = {}) {
  weave::SipFacts facts;
  facts.status = status;
  facts.method_id = method;
  facts.reason_header = reason;
  return facts;
}

std::string text_of(const HeplifySeries::Response& each) {
  return fmt::format("{} {} {} {}", each.node, each.response, each.method, each.count);
}

}  // namespace

TEST_CASE("packets are told by agent and type, the size is the last one's") {
  HeplifyCounts counts;
  counts.packet("edge", 1, 500);
  counts.packet("edge", 1, 300);
  counts.packet("edge", 100, 20);
  counts.packet("pbx", 0x3d, 7);
  size_t seen = 0;
  for (const auto& each : counts.series().packets) {
    const std::string text =
        fmt::format("{} {} {} {}", each.node, each.type, each.count, each.last_octets);
    seen += text == "edge sip 2 300" || text == "edge log 1 20" || text == "pbx 61 1 7" ? 1 : 100;
  }
  CHECK(seen == 3);
}

TEST_CASE("responses by method, causes of Q.850 alone") {
  HeplifyCounts counts;
  counts.sip("edge", facts_of(0, sip::Method::Invite));
  counts.sip("edge", facts_of(486, sip::Method::Invite, "Q.850 ;cause=17;text=\"User busy\""));
  counts.sip("edge", facts_of(0, sip::Method::Bye, "SIP;cause=200"));
  counts.sip("edge", facts_of(0, sip::Method::Bye, "Q.850;cause=999"));
  counts.sip("edge", facts_of(0, sip::Method::Unknown));
  const HeplifySeries series = counts.series();
  REQUIRE(series.responses.size() == 3);
  for (const auto& each : series.responses) {
    const std::string text = text_of(each);
    CAPTURE(text);
    CHECK((text == "edge INVITE INVITE 1" || text == "edge 486 INVITE 1" ||
           text == "edge BYE BYE 2"));
  }
  REQUIRE(series.causes.size() == 1);
  CHECK(series.causes[0].cause == 17);
  CHECK(series.causes[0].method == "486");
  CHECK(series.left_out == 1);
}

TEST_CASE("reports are the last ones, in heplify's units; what one does not hold stays") {
  HeplifyCounts counts;
  report::Quality quality;
  quality.lost_share = 0.25;
  quality.lost = -3;
  quality.jitter_rtp = 61;
  Event event;
  event.record.kind = model::RecordKind::RtcpReport;
  counts.report("edge", event);  // without any figure
  event.quality = &quality;
  counts.report("edge", event);
  quality = {};
  quality.jitter_rtp = 12;
  counts.report("edge", event);
  quality = {};
  quality.lost_share = 0.02;
  event.record.kind = model::RecordKind::VqReport;
  counts.report("edge", event);
  counts.setup_began("edge", 1500 * kMillisecond);
  const auto reports = counts.series().reports;
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].fraction_lost == 64);
  CHECK(reports[0].packets_lost == -3);
  CHECK(reports[0].jitter == 12);
  CHECK_FALSE(reports[0].dlsr);
  CHECK(reports[0].nlr == doctest::Approx(2));
  CHECK_FALSE(reports[0].iaj);
  CHECK(reports[0].srd_ns == 1.5e9);
}

TEST_CASE("however many agents and series there are, memory is bounded") {
  HeplifyCounts counts;
  for (size_t i = 0; i < HeplifyCounts::kMaxNodes + 10; ++i) {
    counts.packet(fmt::format("node-{}", i), 1, 1);
  }
  CHECK(counts.series().packets.size() == HeplifyCounts::kMaxNodes);
  CHECK(counts.series().left_out == 10);
  for (size_t i = 0; i < HeplifyCounts::kMaxSeries + 10; ++i) {
    const auto status = static_cast<uint16_t>(100 + i % 600);
    const auto node = fmt::format("node-{}", i / 600);
    counts.sip(node, facts_of(status, sip::Method::Invite));
  }
  CHECK(counts.series().responses.size() == HeplifyCounts::kMaxSeries);
  CHECK(counts.series().left_out == 20);
}

}  // namespace siploom::pipeline
