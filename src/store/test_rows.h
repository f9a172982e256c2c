// Rows and stores for tests.
#pragma once

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "store/duckdb/database.h"
#include "store/entry_writer.h"
#include "store/store.h"

namespace siploom::store::test_rows {

constexpr Timestamp kNow{1'790'000'000 * kSecond};

struct RowOptions {
  Timestamp received = kNow;
  Nanoseconds step = kMillisecond;
  size_t calls = 10;  // Call-IDs that take turns
  size_t first_call = 0;
  size_t extra_bytes = 0;  // of payload
};

inline std::string call_id(size_t call) {
  return fmt::format("call-{:05}@host", call * 7919 % 100'000);
}

// Entries of `count` records, their numbers from `sequence`.
inline std::string records(uint64_t sequence, size_t count, const RowOptions& options = {}) {
  std::string out;
  for (size_t i = 0; i < count; ++i) {
    const std::string id = call_id(options.first_call + i % options.calls);
    const std::string payload =
        fmt::format("INVITE sip:{0}@b SIP/2.0\r\nCall-ID: {1}\r\nCSeq: 1 INVITE\r\n\r\n{2}",
                    100 + i, id, std::string(options.extra_bytes, static_cast<char>('a' + i % 26)));
    const std::string extra = fmt::format("leg-{}\ntrunk", i);
    RecordFields fields;
    fields.received = options.received + static_cast<int64_t>(i) * options.step;
    fields.time = fields.received;
    fields.sequence = sequence + i;
    fields.src = *parse_endpoint("192.0.2.1:5060");
    fields.dst = *parse_endpoint("[2001:db8::2]:5061");
    if (i % 3 == 0) fields.status = 200;
    fields.text(RecordText::CallId) = id;
    fields.text(RecordText::Method) = i % 2 == 0 ? "INVITE" : "BYE";
    fields.text(RecordText::Node) = "edge1";
    if (i % 5 == 0) fields.text(RecordText::ExtraIds) = extra;
    fields.payload = as_bytes(payload);
    append_record(out, fields);
  }
  return out;
}

inline std::string calls(size_t first, size_t count, Timestamp received = kNow) {
  std::string out;
  for (size_t i = 0; i < count; ++i) {
    model::Call call;
    model::Leg leg;
    const std::string id = call_id(first + i);
    leg.call_id = id;
    call.legs.push_back(leg);
    call.start = received + static_cast<int64_t>(i) * kMillisecond;
    call.method = "INVITE";
    call.status = 200;
    CallExtras extras;
    extras.received = received;
    extras.version = 1;
    append_call(out, call, extras);
  }
  return out;
}

inline StoreOptions options_in(const std::string& folder) {
  StoreOptions options;
  options.folder = folder;
  options.seal_rows = 100'000;
  options.clock = [] { return kNow; };
  return options;
}

inline std::unique_ptr<Store> open_store(const StoreOptions& options) {
  auto store = Store::open(options);
  REQUIRE_MESSAGE(store.has_value(), (store ? "" : store.error().message));
  return std::move(*store);
}

// Appends and seals: one segment a shelf.
inline void seal(Store& store, const std::string& entries) {
  REQUIRE(store.append(as_bytes(entries)));
  REQUIRE(store.rotate(true));
  const auto sealed = store.seal();
  REQUIRE_MESSAGE(sealed.has_value(), (sealed ? "" : sealed.error().message));
}
inline void seal_records(Store& store, size_t count, const RowOptions& options = {}) {
  seal(store, records(store.take_sequences(count), count, options));
}

// Numbers of all records, sealed or not, each as often as it is there.
inline std::multiset<uint64_t> sequences_in(const View& view) {
  std::multiset<uint64_t> out;
  auto database = Database::open({});
  REQUIRE(database);
  auto connection = (*database)->connect();
  REQUIRE(connection);
  for (const Segment& segment : view.manifest->segments) {
    if (table_of(segment.shelf) != Table::Records) continue;
    auto rows = connection->query(fmt::format("SELECT sequence FROM read_parquet({})",
                                              sql_text(view.folder + "/" + segment.path)));
    REQUIRE_MESSAGE(rows.has_value(), (rows ? "" : rows.error().message));
    while (*rows->next()) out.insert(static_cast<uint64_t>(rows->integer(0)));
  }
  for (const View::Part& part : view.parts) {
    const EntryList& list = part.batch->rows(Table::Records);
    for (size_t i = 0; i < part.counts[0]; ++i) {
      out.insert(reinterpret_cast<const RecordHead*>(list[i])->sequence);
    }
  }
  return out;
}

// Whether they are 1 .. count, each once.
inline bool is_run(const std::multiset<uint64_t>& sequences, size_t count) {
  return sequences.size() == count &&
         (count == 0 || (*sequences.begin() == 1 && *sequences.rbegin() == count &&
                         std::set<uint64_t>(sequences.begin(), sequences.end()).size() == count));
}

inline uint64_t rows_on(const View& view, Shelf shelf) {
  uint64_t sum = 0;
  for (const Segment& segment : view.manifest->segments) {
    if (segment.shelf == shelf) sum += segment.rows;
  }
  return sum;
}

inline std::string octets_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
inline void write_octets(const std::string& path, std::string_view octets) {
  std::ofstream out(path, std::ios::binary);
  out.write(octets.data(), static_cast<std::streamsize>(octets.size()));
}
// Damage as a disk does it.
inline void flip(const std::string& path, size_t at, size_t count = 1) {
  std::string octets = octets_of(path);
  for (size_t i = 0; i < count; ++i) {
    octets.at(at + i) = static_cast<char>(octets.at(at + i) ^ 0x55);
  }
  write_octets(path, octets);
}

}  // namespace siploom::store::test_rows
