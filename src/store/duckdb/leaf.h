// Leaves: parts of a filter that SQL cannot say, asked by functions of ours inside DuckDB. What a
// filter means is said in one place (query/evaluate.cc); SQL only carries it.
//
//   sl_text(LEAF, TEXT)                one text value against a comparison
//   sl_lines(LEAF, TEXT)               several, a line each
//   sl_address(LEAF, TEXT, PORT)       an address with its port (0: without)
//   sl_search(LEAF, PAYLOAD)           a text in the octets
//   sl_payload(LEAF, PAYLOAD, KIND, DATAGRAM)   what has to be read off the message
//   sl_value(FIELD, PAYLOAD, KIND, DATAGRAM)    a field's first value, as text
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>

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

// The nodes that SQL can name at the moment. Any thread. Outlives the database it is registered
// with.
class Leaves final {
 public:
  explicit Leaves(MakePayloadReader make_reader) : make_reader_(std::move(make_reader)) {}
  // `node` is kept alive by the caller until remove().
  uint64_t add(const query::Filter::Node& node);
  void remove(uint64_t leaf);
  const query::Filter::Node* find(uint64_t leaf) const;
  std::unique_ptr<PayloadReader> make_reader() const { return make_reader_(); }

 private:
  MakePayloadReader make_reader_;
  mutable std::mutex mutex_;
  uint64_t next_ = 1;
  std::unordered_map<uint64_t, const query::Filter::Node*> nodes_;
};

Result<void> register_leaves(Connection& connection, Leaves& leaves);

}  // namespace siploom::store
