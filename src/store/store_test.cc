#include "store/store.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <rapidcheck.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/text.h"
#include "store/bloom.h"
#include "store/duckdb/database.h"
#include "store/entry_writer.h"
#include "store/files.h"
#include "store/segment_index.h"
#include "store/test_rows.h"
#include "support/temp_folder.h"

namespace siploom::store {

using test_rows::kNow;
namespace fs = std::filesystem;

namespace {

std::string message(uint64_t i) {
  return fmt::format("INVITE sip:{0}@b SIP/2.0\r\nCall-ID: call-{1}@host\r\nCSeq: 1 INVITE\r\n\r\n",
                     100 + i, i / 4);
}

std::string entries(uint64_t first_sequence, uint64_t count) {
  std::string out;
  for (uint64_t i = 0; i < count; ++i) {
    const std::string payload = message(first_sequence + i);
    RecordFields fields;
    fields.time = fields.received = kNow + static_cast<int64_t>(first_sequence + i) * kMillisecond;
    fields.sequence = first_sequence + i;
    fields.src = *parse_endpoint("192.0.2.1:5060");
    fields.dst = *parse_endpoint("[2001:db8::2]:5061");
    fields.text(RecordText::CallId) = std::string_view(payload).substr(
        payload.find("call-"), payload.find("@host") + 5 - payload.find("call-"));
    fields.text(RecordText::Method) = std::string_view(payload).substr(0, 6);
    fields.text(RecordText::Node) = "edge1";
    fields.payload = as_bytes(payload);
    append_record(out, fields);
  }
  return out;
}

StoreOptions small_options(const std::string& folder) {
  StoreOptions options;
  options.folder = folder;
  options.seal_rows = 1000;
  options.most_waiting = 2;
  options.clock = [] { return kNow; };
  return options;
}

size_t rows_in(const View& view) {
  size_t sum = 0;
  for (const Segment& segment : view.manifest->segments) sum += segment.rows;
  for (const View::Part& part : view.parts) sum += part.counts[0];
  return sum;
}

void append_all(Store& store, uint64_t count, uint64_t step = 100) {
  for (uint64_t done = 0; done < count; done += step) {
    const uint64_t sequence = store.take_sequences(step);
    REQUIRE(store.append(as_bytes(entries(sequence, step))));
  }
}

}  // namespace

TEST_CASE("an entry keeps what it was made of, slices and others alike") {
  const std::string bytes = entries(7, 1);
  size_t size = 0;
  REQUIRE(is_entry(as_bytes(bytes), size));
  CHECK(size == bytes.size());
  const auto& head = *reinterpret_cast<const RecordHead*>(bytes.data());
  CHECK(head.text(RecordText::CallId) == "call-1@host");
  CHECK(head.text(RecordText::Method) == "INVITE");
  CHECK(head.text(RecordText::Node) == "edge1");
  CHECK(head.text(RecordText::UserAgent).empty());
  CHECK(as_text(head.payload()) == message(7));
  CHECK(head.sequence == 7);
}

TEST_CASE("texts and payloads beyond the limits are cut and told") {
  std::string out;
  RecordFields fields;
  const std::string longest(100'000, 'x'), payload(kMaxPayloadBytes + 5, 'p');
  fields.text(RecordText::Reason) = longest;
  fields.payload = as_bytes(payload);
  append_record(out, fields);
  size_t size = 0;
  REQUIRE(is_entry(as_bytes(out), size));
  const auto& head = *reinterpret_cast<const RecordHead*>(out.data());
  CHECK(head.text(RecordText::Reason).size() == kMaxTextBytes);
  CHECK(head.payload().size() == kMaxPayloadBytes);
  CHECK((head.flags & kMalformed) != 0);
}

TEST_CASE("octets that are no entry are not taken for one") {
  rc::check("any change of a head is refused or stays within its octets", [] {
    std::string bytes = entries(1, 1);
    const auto at = *rc::gen::inRange<size_t>(0, sizeof(RecordHead));
    bytes[at] = static_cast<char>(*rc::gen::arbitrary<uint8_t>());
    size_t size = 0;
    if (!is_entry(as_bytes(bytes), size)) return;
    RC_ASSERT(size <= bytes.size());
    EntryHead plain;
    std::memcpy(static_cast<void*>(&plain), bytes.data(), sizeof plain);
    if (plain.table != Table::Records) return;
    const auto& head = *reinterpret_cast<const RecordHead*>(bytes.data());
    for (size_t i = 0; i < kRecordTexts; ++i) {
      const std::string_view text = head.text(static_cast<RecordText>(i));
      RC_ASSERT(text.data() + text.size() <= bytes.data() + bytes.size());
    }
    RC_ASSERT(head.payload_offset + size_t{head.payload_size} <= bytes.size());
  });
}

TEST_CASE("a log that is cut off gives the frames before that, a damaged one all others") {
  const test::TempFolder folder;
  const std::string path = folder.path + "/one.log";
  std::vector<size_t> ends = {kLogHeadBytes};
  {
    auto log = LogWriter::create(path, 42);
    REQUIRE(log);
    for (uint64_t i = 0; i < 5; ++i) {
      REQUIRE(log->append(as_bytes(entries(1 + i * 3, 3))));
      ends.push_back(log->size());
    }
  }
  const std::string whole = [&] {
    std::ifstream in(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }();
  rc::check("cut", [&] {
    const auto cut = *rc::gen::inRange<size_t>(0, whole.size() + 1);
    const std::string other = folder.path + "/cut.log";
    std::ofstream(other, std::ios::binary) << whole.substr(0, cut);
    uint64_t rows = 0;
    const auto read =
        read_log(other, [&](ByteSpan bytes) { for_each_entry(bytes, [&](ByteSpan) { ++rows; }); });
    RC_ASSERT(read.has_value());
    const auto frames =
        std::count_if(ends.begin() + 1, ends.end(), [&](size_t end) { return end <= cut; });
    RC_ASSERT(rows == static_cast<uint64_t>(frames) * 3);
    RC_ASSERT(read->entries == rows);
  });
  rc::check("one octet changed", [&] {
    std::string bad = whole;
    const auto at = *rc::gen::inRange<size_t>(0, whole.size());
    bad[at] = static_cast<char>(bad[at] ^ *rc::gen::inRange(1, 256));
    const std::string other = folder.path + "/bad.log";
    std::ofstream(other, std::ios::binary) << bad;
    uint64_t rows = 0;
    const auto read =
        read_log(other, [&](ByteSpan bytes) { for_each_entry(bytes, [&](ByteSpan) { ++rows; }); });
    RC_ASSERT(read.has_value());
    const bool in_head = at < kLogHeadBytes;  // which is there twice
    RC_ASSERT(rows == (in_head ? 15u : 12u));
    RC_ASSERT((read->bytes_cut > 0) == (at >= ends[4]));
    RC_ASSERT((read->bytes_damaged > 0) == (!in_head && at < ends[4]));
    RC_ASSERT(read->damage.empty() == (read->bytes_damaged == 0));
  });
}

TEST_CASE("a bloom filter has what was put in, and little else") {
  std::vector<uint64_t> keys;
  for (int i = 0; i < 20'000; ++i) keys.push_back(bloom_key(KeyKind::Id, std::to_string(i)));
  const std::vector<uint8_t> filter = make_bloom(keys);
  for (const uint64_t key : keys) REQUIRE(bloom_has(filter, key));
  int wrong = 0;
  for (int i = 0; i < 20'000; ++i) {
    if (bloom_has(filter, bloom_key(KeyKind::Number, std::to_string(i)))) ++wrong;
  }
  CHECK(wrong < 20'000 / 50);  // 12 bits a key in blocks of 512: about 0.5 %
  CHECK_FALSE(bloom_has({}, keys[0]));
}

TEST_CASE("a manifest is read as it was written, and a damaged one is refused") {
  Manifest manifest;
  manifest.next_segment = 9;
  manifest.sealed_log = 4;
  manifest.next_sequence = 77;
  Segment segment;
  segment.number = 8;
  segment.shelf = Shelf::Logs;
  segment.path = "segments/2026-01-01/00/logs-8.parquet";
  segment.rows = 5;
  segment.first = kNow;
  segment.last = kNoTime;
  segment.hash = 0xFFEEDDCCBBAA9988;
  manifest.segments.push_back(segment);
  manifest.damaged.push_back({"damaged/x.parquet", "its checksum is wrong", 5, kNow, kNow});
  const std::string text = manifest.text();
  const auto again = Manifest::parse(text);
  REQUIRE(again);
  CHECK(*again == manifest);
  rc::check("one octet changed", [&] {
    std::string bad = text;
    const auto at = *rc::gen::inRange<size_t>(0, text.size() - 1);
    bad[at] = static_cast<char>(bad[at] ^ *rc::gen::inRange(1, 256));
    RC_ASSERT(!Manifest::parse(bad).has_value());
  });
}

TEST_CASE("what is appended is there after a restart, sealed or not") {
  const test::TempFolder folder;
  const StoreOptions options = small_options(folder.path + "/store");
  {
    auto store = Store::open(options);
    REQUIRE(store);
    append_all(**store, 2500);
    CHECK(rows_in((*store)->view()) == 2500);
    const auto sealed = (*store)->seal();
    REQUIRE(sealed);
    CHECK(*sealed);
    CHECK(rows_in((*store)->view()) == 2500);
    CHECK((*store)->view().manifest->segments.size() == 1);
    // A second process is told who has it.
    const auto second = Store::open(options);
    REQUIRE_FALSE(second);
    CHECK(second.error().message.find("in use by process") != std::string::npos);
    // But may read.
    const auto reader = Store::read(options.folder);
    REQUIRE(reader);
    CHECK(rows_in(*reader) == 2500);
  }
  auto store = Store::open(options);
  REQUIRE(store);
  CHECK((*store)->recovery().rows == 1500);
  CHECK((*store)->recovery().cut_bytes == 0);
  CHECK(rows_in((*store)->view()) == 2500);
  CHECK((*store)->take_sequences(1) == 2501);
  while (*(*store)->seal()) {
  }
  CHECK(rows_in((*store)->view()) == 2500);
  CHECK((*store)->view().parts.size() == 1);
}

TEST_CASE("rows without an id are sealed like others") {
  const test::TempFolder folder;
  auto store = Store::open(small_options(folder.path));
  REQUIRE(store);
  std::string rows;
  for (int i = 0; i < 3; ++i) {
    LedgerFields fields;
    fields.minute = kNow + i * 60 * kSecond;
    fields.count = 7;
    append_ledger(rows, fields);
  }
  REQUIRE((*store)->append(as_bytes(rows)));
  REQUIRE((*store)->rotate(true));
  CHECK((*store)->seal().value());
  CHECK(rows_in((*store)->view()) == 3);
}

TEST_CASE("parts of a minute's ledger are one row once they are sealed") {
  const test::TempFolder folder;
  auto store = Store::open(small_options(folder.path));
  REQUIRE(store);
  for (int part = 0; part < 30; ++part) {
    std::string rows;
    for (const std::string_view reason : {"sip", "doubled"}) {
      LedgerFields fields;
      fields.minute = kNow + (part / 20) * 60 * kSecond;
      fields.source = *parse_ip("192.0.2.1");
      fields.reason = reason;
      fields.count = 7;
      fields.bytes = 100;
      append_ledger(rows, fields);
    }
    REQUIRE((*store)->append(as_bytes(rows)));
  }
  CHECK((*store)->view().parts.at(0).counts[3] == 60);
  REQUIRE((*store)->rotate(true));
  CHECK((*store)->seal().value());
  CHECK((*store)->view().manifest->segments.at(0).rows == 4);
  auto database = Database::open({});
  REQUIRE(database);
  auto connection = (*database)->connect();
  REQUIRE(connection);
  auto sums = connection->query(fmt::format(
      "SELECT count(*), sum(count)::BIGINT, max(count)::BIGINT, sum(bytes)::BIGINT FROM "
      "read_parquet('{}/segments/*/*/ledger-*.parquet')",
      folder.path));
  REQUIRE(sums);
  REQUIRE(*sums->next());
  CHECK(sums->integer(0) == 4);
  CHECK(sums->integer(1) == 60 * 7);
  CHECK(sums->integer(2) == 20 * 7);
  CHECK(sums->integer(3) == 6000);
}

TEST_CASE("a torn log loses its tail and nothing before it; what a sealing left is removed") {
  const test::TempFolder folder;
  const StoreOptions options = small_options(folder.path + "/store");
  {
    auto store = Store::open(options);
    REQUIRE(store);
    append_all(**store, 300);
  }
  const std::string log = log_path(options.folder, 1);
  fs::resize_file(log, fs::file_size(log) - 10);
  fs::create_directories(options.folder + "/segments/2026-01-01/00");
  std::ofstream(options.folder + "/segments/2026-01-01/00/sip-0000000001.parquet") << "half";
  auto store = Store::open(options);
  REQUIRE(store);
  CHECK((*store)->recovery().rows == 200);
  CHECK((*store)->recovery().cut_bytes > 0);
  CHECK((*store)->recovery().orphans == 1);
  CHECK(rows_in((*store)->view()) == 200);
}

TEST_CASE("who reads while another seals sees every row, in the log or in a segment") {
  const test::TempFolder folder;
  auto store = Store::open(small_options(folder.path));
  REQUIRE(store);
  std::atomic<bool> over{false};
  std::thread writer([&] {
    for (int i = 0; i < 40; ++i) {
      append_all(**store, 100);
      static_cast<void>((*store)->rotate(true));
      static_cast<void>((*store)->seal());
    }
    over = true;
  });
  size_t seen = 0, fewer = 0;
  while (!over) {
    const auto view = Store::read(folder.path);
    if (!view) continue;  // sealed too often meanwhile; an error, but no wrong answer
    const size_t rows = rows_in(*view);
    fewer += rows < seen ? 1 : 0;
    seen = std::max(seen, rows);
  }
  writer.join();
  CHECK(fewer == 0);
  CHECK(rows_in(*Store::read(folder.path)) == 4000);
}

TEST_CASE("a segment's file is there as long as somebody reads it") {
  const test::TempFolder folder;
  auto store = Store::open(small_options(folder.path + "/store"));
  REQUIRE(store);
  append_all(**store, 100);
  REQUIRE((*store)->rotate(true));
  REQUIRE((*store)->seal());
  auto early = std::make_unique<View>((*store)->view());
  const Segment segment = early->manifest->segments.at(0);
  const std::string path = (*store)->folder() + "/" + segment.path;
  append_all(**store, 100);
  REQUIRE((*store)->rotate(true));
  REQUIRE((*store)->seal());  // a manifest in between
  REQUIRE((*store)->replace({segment.number}, {}));
  CHECK((*store)->view().manifest->segments.size() == 1);
  CHECK(fs::exists(path));
  early.reset();
  REQUIRE((*store)->replace({}, {}));
  CHECK_FALSE(fs::exists(path));
}

TEST_CASE("a segment's side file knows its ids and counts its minutes") {
  const test::TempFolder folder;
  auto store = Store::open(small_options(folder.path + "/store"));
  REQUIRE(store);
  append_all(**store, 400);
  REQUIRE((*store)->rotate(true));
  REQUIRE((*store)->seal());
  const Segment segment = (*store)->view().manifest->segments.at(0);
  const auto index = SegmentIndex::open((*store)->folder() + "/" + segment.path + ".idx");
  REQUIRE(index);
  CHECK(index->may_have(bloom_key(KeyKind::Id, "call-7@host")));
  CHECK(index->may_have(bloom_key(*parse_ip("2001:db8::2"))));
  CHECK_FALSE(index->may_have(bloom_key(KeyKind::Id, "call-7777@host")));
  uint64_t count = 0;
  index->for_each([&](const RollupRow& row) {
    CHECK(row.kind == "sip");
    CHECK(row.name == "INVITE");
    CHECK(row.node == "edge1");
    count += row.count;
  });
  CHECK(count == 400);
  CHECK(segment.rows == 400);
  CHECK(segment.sequence_first == 1);
  CHECK(segment.sequence_last == 400);
  CHECK(hash_file((*store)->folder() + "/" + segment.path).value() == segment.hash);
}

}  // namespace siploom::store
