// The parts of collecting that need no store: media index, ledger, node table, tails, fan-in.
#include <doctest/doctest.h>

#include <map>
#include <thread>

#include "pipeline/event_subject.h"
#include "pipeline/fan_in.h"
#include "pipeline/ledger.h"
#include "pipeline/media_index.h"
#include "pipeline/node_table.h"
#include "pipeline/sighting_filter.h"
#include "pipeline/stored.h"
#include "pipeline/tails.h"
#include "pipeline/test_capture.h"
#include "store/batch.h"
#include "wire/hep/quirk.h"

namespace siploom::pipeline {

using test::kStart;

namespace {

model::Call call_with_media(std::string_view call_id, const char* where) {
  model::Call call;
  call.legs.push_back({call_id, {}, {}});
  call.media.push_back({*parse_endpoint(where), kStart, true});
  return call;
}

model::AgentFacts agent(std::string_view node, Timestamp received) {
  model::AgentFacts facts;
  facts.node = node;
  facts.received = received;
  facts.sender = *parse_ip("192.0.2.9");
  return facts;
}

}  // namespace

TEST_CASE("a report belongs to the call that announced its endpoint last, RTCP's port included") {
  MediaIndex index;
  index.add(call_with_media("first", "10.0.0.1:4000"));
  index.add(call_with_media("second", "10.0.0.1:4000"));
  index.add(call_with_media("held", "0.0.0.0:4002"));
  const Endpoint far = *parse_endpoint("10.0.0.9:9999");
  CHECK(index.find(far, *parse_endpoint("10.0.0.1:4000")) == "second");
  CHECK(index.find(*parse_endpoint("10.0.0.1:4001"), far) == "second");
  CHECK(index.find(far, *parse_endpoint("10.0.0.1:4002")).empty());
  CHECK(index.find(far, *parse_endpoint("0.0.0.0:4002")).empty());
}

TEST_CASE("the media index forgets the oldest and never grows beyond its size") {
  MediaIndex index(100);
  for (int i = 1; i < 1000; ++i) {
    index.add(call_with_media(std::to_string(i), fmt::format("10.0.0.1:{}", i * 2).c_str()));
  }
  const Endpoint far = *parse_endpoint("10.0.0.9:9999");
  CHECK(index.find(far, *parse_endpoint("10.0.0.1:1998")) == "999");
  CHECK(index.find(far, *parse_endpoint("10.0.0.1:2")).empty());
}

TEST_CASE("the ledger writes what was counted within a second, each message once") {
  Ledger ledger;
  std::string entries;
  const IpAddress source = *parse_ip("192.0.2.1");
  ledger.write(entries, kStart);
  for (int i = 0; i < 5; ++i) ledger.count(store::Fate::Stored, source, "edge1", "sip", 1, 100);
  ledger.count(store::Fate::Lost, source, "", "hep-damaged", 2);
  ledger.write(entries, kStart + 500 * kMillisecond);
  CHECK(entries.empty());
  ledger.write(entries, kStart + kSecond);
  const size_t first = entries.size();
  CHECK(first > 0);
  ledger.count(store::Fate::Lost, source, "", "hep-damaged", 3);
  ledger.write(entries, kStart + kSecond + 500 * kMillisecond);
  CHECK(entries.size() == first);
  ledger.write(entries, kStart + 61 * kSecond);
  std::map<std::string, uint64_t> counts;
  store::for_each_entry(as_bytes(entries), [&](ByteSpan entry) {
    const auto& row = *reinterpret_cast<const store::LedgerHead*>(entry.data());
    counts[std::string(row.text(store::LedgerText::Reason))] += row.count;
    CHECK(row.minute_ns % (60 * kSecond) == 0);
    CHECK(row.minute_ns <= kStart.ns);
  });
  CHECK(counts == std::map<std::string, uint64_t>{{"sip", 5}, {"hep-damaged", 5}});
  entries.clear();
  ledger.write(entries, kStart + 130 * kSecond);
  CHECK(entries.empty());
}

TEST_CASE("a ledger with many sources writes less often") {
  Ledger ledger;
  std::string entries;
  ledger.write(entries, kStart);
  for (uint32_t i = 0; i < 640; ++i) {
    ledger.count(store::Fate::Stored, IpAddress::v4(i), "edge1", "sip", 1);
  }
  ledger.write(entries, kStart + 9 * kSecond);
  CHECK(entries.empty());
  ledger.write(entries, kStart + 10 * kSecond);
  CHECK_FALSE(entries.empty());
}

TEST_CASE("the ledger stays small when sources are made up") {
  Ledger ledger;
  std::string entries;
  ledger.write(entries, kStart);
  for (uint32_t i = 0; i < 50'000; ++i) {
    ledger.count(store::Fate::Lost, IpAddress::v4(i), "", "not-hep", 1);
  }
  ledger.write(entries, kStart, true);
  uint64_t sum = 0, rows = 0;
  store::for_each_entry(as_bytes(entries), [&](ByteSpan entry) {
    sum += reinterpret_cast<const store::LedgerHead*>(entry.data())->count;
    ++rows;
  });
  CHECK(sum == 50'000);
  CHECK(rows < 20'000);
}

TEST_CASE("a node's clock is told by its quickest message, its lag by the slowest") {
  NodeTable nodes;
  // 3 s behind ours; the network takes 1 to 40 ms.
  for (const int ms : {5, 1, 40}) {
    const Timestamp received = kStart + ms * kMillisecond;
    nodes.see(agent("edge1", received), kStart + -3 * kSecond, {true, false, false, 700});
  }
  nodes.see(agent("edge1", kStart + kSecond), kStart + -2 * kSecond, {true, true, false, 700});
  const auto rows = nodes.snapshot(kStart + kSecond);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].records == 4);
  CHECK(rows[0].doubled == 1);
  CHECK(rows[0].clock_offset == 3 * kSecond);
  CHECK(rows[0].lag_max == 3 * kSecond + 40 * kMillisecond);
}

TEST_CASE("a message stamped 2036 does not become the node's clock, and is counted") {
  NodeTable nodes;
  const Timestamp far = *parse_time("2036-02-07T06:28:16Z");
  for (const int ms : {5, 1}) {
    const Timestamp received = kStart + ms * kMillisecond;
    nodes.see(agent("edge1", received), kStart + -3 * kSecond, {true, false, false, 700});
  }
  nodes.see(agent("edge1", kStart + kSecond), far, {true, false, false, 700});
  nodes.see(agent("edge1", kStart + kSecond), {}, {true, false, false, 700});  // 1970
  auto rows = nodes.snapshot(kStart + kSecond);
  CHECK(rows[0].clock_offset == 3 * kSecond + kMillisecond);
  CHECK(rows[0].lag_max == 3 * kSecond + 5 * kMillisecond);
  CHECK(rows[0].clock_absurd == 2);
  // Once it stamps nothing else, that is its clock.
  for (const int minutes : {3, 6, 9}) {
    const Timestamp received = kStart + minutes * 60 * kSecond;
    nodes.see(agent("edge1", received), received + -kSecond * 86400 * 400, {});
  }
  rows = nodes.snapshot(kStart + 600 * kSecond);
  CHECK(rows[0].clock_offset == kSecond * 86400 * 400);
  CHECK(rows[0].clock_absurd == 5);
}

TEST_CASE("the node table keeps so many nodes and counts the rest") {
  NodeTable nodes;
  for (int i = 0; i < 6000; ++i) {
    const std::string name = std::to_string(i);
    nodes.see(agent(name, kStart), kStart, {});
  }
  CHECK(nodes.snapshot(kStart).size() == 4096);
  CHECK(nodes.forgotten() == 6000 - 4096);
}

TEST_CASE("the same message again is doubled, elsewhere, or sent again") {
  SightingFilter filter;
  const auto at = [](Nanoseconds after) { return kStart + after; };
  CHECK(filter.judge(1, 10, at(0), at(0)) == Sighting::First);
  CHECK(filter.judge(1, 10, at(kMillisecond), at(kMillisecond)) == Sighting::Doubled);
  CHECK(filter.judge(1, 11, at(-3600 * kSecond), at(100 * kMillisecond)) == Sighting::Elsewhere);
  CHECK(filter.judge(2, 10, at(0), at(0)) == Sighting::First);
  CHECK(filter.judge(1, 10, at(500 * kMillisecond), at(500 * kMillisecond)) == Sighting::First);
  CHECK(filter.judge(1, 10, at(10 * kSecond), at(10 * kSecond)) == Sighting::First);
}

TEST_CASE("a tail is told as long as its handle lives; so many watch and no more") {
  Tails tails;
  CHECK(tails.is_empty());
  std::vector<std::shared_ptr<void>> handles;
  for (size_t i = 0; i < Tails::kMost; ++i) handles.push_back(tails.add({}));
  CHECK(handles.back() != nullptr);
  CHECK(tails.add({}) == nullptr);
  handles.pop_back();
  CHECK(tails.list()->size() == Tails::kMost - 1);
  handles.clear();
  CHECK(tails.is_empty());
}

TEST_CASE("several sources are one, their frames numbered as they come") {
  std::vector<std::unique_ptr<capture::Source>> sources;
  for (int i = 0; i < 3; ++i) {
    std::vector<test::TestFrame> frames;
    for (int call = 0; call < 20; ++call) test::add_call(frames, i * 100 + call, kStart);
    sources.push_back(std::make_unique<test::TestSource>(std::move(frames)));
  }
  FanIn all(std::move(sources));
  size_t frames = 0;
  uint64_t next = 1;
  capture::FrameBatch batch;
  for (int turn = 0; turn < 1000 && frames < 360; ++turn) {
    REQUIRE(all.next(batch, 4096));
    CHECK(batch.first_number == next);
    next += batch.frames.size();
    frames += batch.frames.size();
  }
  while (*all.rest(batch)) frames += batch.frames.size();
  CHECK(frames == 360);
}

TEST_CASE("an event answers a filter by its ids, kind and words") {
  Event event;
  event.record.kind = model::RecordKind::Log;
  event.record.payload = as_bytes(std::string_view("NOTICE trunk down"));
  event.primary_id = "c1@h";
  event.event = "NOTICE";
  event.extra_ids = "call:c1@h\nnet:99";
  const EventSubject subject(event);
  const auto matches = [&](const char* text) {
    return query::Filter::compile(text, registry::Scope::Message)->matches(subject);
  };
  CHECK(matches("record == log and call_id == c1@h"));
  CHECK(matches("extra_id == \"net:99\""));
  CHECK(matches("\"trunk down\""));
  CHECK_FALSE(matches("record == sip"));
  CHECK_FALSE(matches("has from.user"));
}

TEST_CASE("a record as JSON tells what had to be healed of it, by name") {
  StoredRecord record;
  std::string text;
  JsonWriter plain(text);
  write_record(plain, record);
  CHECK(text.find("\"quirks\":[],") != std::string::npos);
  record.quirks = 1u << static_cast<unsigned>(hep::Quirk::SwappedAgentId) |
                  1u << static_cast<unsigned>(hep::Quirk::NtpTime);
  text.clear();
  JsonWriter json(text);
  write_record(json, record);
  CHECK(text.find("\"quirks\":[\"swapped-agent-id\",\"ntp-time\"],") != std::string::npos);
}

}  // namespace siploom::pipeline
