// Leaves: parts of a filter that SQL cannot say, asked by functions of ours inside DuckDB. What a
// filter means is said in one place (query/evaluate.cc); SQL only carries it.
//
//   sl_text(LEAF, TEXT)                one text value against a comparison
//   sl_lines(LEAF, TEXT)               several, a line each
//   sl_address(LEAF, TEXT, PORT)       an address with its port (0: without)
//   sl_search(LEAF, PAYLOAD)           a text in the octets
//   sl_payload(LEAF, PAYLOAD, KIND, DATAGRAM)   what has to be read off the message
//   sl_value(FIELD, PAYLOAD, KIND, DATAGRAM)    a field's first value, as text
//   sl_masked(PAYLOAD)                 what who may not read secrets sees of it
//   sl_found(FINDS, SEQUENCE, TIME)    true; notes a record that satisfies all else
//
// Leaves end the query themselves once it is over: DuckDB alone comes to look for that only every
// hundred thousand rows or so.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "query/node.h"
#include "store/duckdb/database.h"

namespace siploom::store {

// Reads kept payloads as subjects of the filter language; made by whoever knows the wire. One
// thread.
class PayloadReader {
 public:
  virtual ~PayloadReader() = default;
  // Valid until the next call.
  virtual const query::Subject& read(ByteSpan payload, bool datagram) = 0;
};
using MakePayloadReader = std::function<std::unique_ptr<PayloadReader>()>;

// Overwrites secrets octet for octet; by whoever knows the wire.
using MaskPayload = void (*)(std::string& payload);

// The records that a search has found so far, for an answer that has to be cut off: the first
// `limit` by time, or just some. Any thread.
class Finds final {
 public:
  enum class Order : uint8_t { Earliest, Latest, Any };
  Finds(size_t limit, Order order) : limit_(limit), order_(order) {}
  void add(int64_t time_ns, uint64_t sequence);
  std::vector<uint64_t> sequences() const;  // ascending

 private:
  const size_t limit_;
  const Order order_;
  mutable std::mutex mutex_;
  std::set<std::pair<int64_t, uint64_t>> kept_;  // the worst last
};

// A part of a filter, and when what asks it has to give up.
struct Leaf {
  const query::Filter::Node* node = nullptr;
  QueryControl control;
};

// The nodes that SQL can name at the moment. Any thread. Outlives the database it is registered
// with.
class Leaves final {
 public:
  Leaves(MakePayloadReader make_reader, MaskPayload mask_payload)
      : make_reader_(std::move(make_reader)), mask_(mask_payload) {}
  // The node is kept alive by the caller until remove().
  uint64_t add(const Leaf& leaf);
  uint64_t add(std::shared_ptr<Finds> finds);
  void remove(uint64_t number);
  Leaf find(uint64_t number) const;  // without a node: there is none
  std::shared_ptr<Finds> finds(uint64_t number) const;
  std::unique_ptr<PayloadReader> make_reader() const { return make_reader_(); }
  MaskPayload mask() const { return mask_; }

 private:
  MakePayloadReader make_reader_;
  MaskPayload mask_;
  mutable std::mutex mutex_;
  uint64_t next_ = 1;
  std::unordered_map<uint64_t, Leaf> leaves_;
  std::unordered_map<uint64_t, std::shared_ptr<Finds>> finds_;
};

Result<void> register_leaves(Connection& connection, Leaves& leaves);

}  // namespace siploom::store
