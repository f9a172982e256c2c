// What the store gives back as the rows that everything else works with: calls, records, and all
// that belongs to one call.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/json_writer.h"
#include "model/call.h"
#include "model/message.h"
#include "model/record.h"
#include "store/search.h"

namespace siploom::pipeline {

// One row of an answer, whoever gave it: the store, or a server by its API. Columns by position.
class RowValues {
 public:
  virtual ~RowValues() = default;
  virtual bool is_null(size_t column) const = 0;
  virtual std::string_view text(size_t column) const = 0;
  virtual int64_t integer(size_t column) const = 0;  // times in ns
  virtual size_t list_size(size_t column) const = 0;
  virtual std::string_view list_text(size_t column, size_t item) const = 0;
};

// A call that owns its texts. It stays where it is: `call` points into it.
struct StoredCall {
  StoredCall() = default;
  StoredCall(const StoredCall&) = delete;
  StoredCall& operator=(const StoredCall&) = delete;

  model::Call call;
  bool open = false;  // not over when the row was made
  std::deque<std::string> texts;
};

// Columns that read_call() wants, in this order.
const std::vector<std::string>& call_columns();
std::unique_ptr<StoredCall> read_call(const RowValues& row);
std::unique_ptr<StoredCall> read_call(const store::Rows& rows);

// A record that owns its octets.
struct StoredRecord {
  uint64_t sequence = 0;
  Timestamp time, received;
  model::RecordKind kind = model::RecordKind::Other;
  std::string node;
  uint32_t agent_id = 0;
  Transport transport = Transport::Udp;
  Endpoint src, dst;
  std::string primary_id;  // of SIP: the Call-ID
  std::string correlation_id;
  std::vector<std::string> extra_ids;  // "space:value"
  std::string event;                   // of SIP: the method
  uint16_t status = 0;
  uint32_t cseq = 0;
  std::string summary;
  bool retransmission = false, copy = false, malformed = false, datagram = false;
  uint32_t quirks = 0;
  std::string chunks;  // JSON, or empty
  std::string payload;
  uint32_t copies = 0;  // of a message of a CallDetail: how often it was seen elsewhere
};

const std::vector<std::string>& record_columns();
StoredRecord read_record(const RowValues& row);
StoredRecord read_record(const store::Rows& rows);
// With docs/json.md's names; a payload that is no text comes in base64.
void write_record(JsonWriter& json, const StoredRecord& record, bool with_payload = true);
// As a record of the pipeline; views into `stored`.
model::Record as_record(const StoredRecord& stored);
// Of a SIP message: the row that ladders and texts are made of.
model::Message as_message(const StoredRecord& stored);

struct CallDetail {
  std::unique_ptr<StoredCall> call;
  std::vector<StoredRecord> messages;  // SIP, in causal order, each once
  std::vector<StoredRecord> copies;    // the same messages as other agents saw them
  std::vector<StoredRecord> tied;      // other kinds that belong to it, by time
  bool is_cut = false;                 // there were more than kMaxDetailRows
};
constexpr size_t kMaxDetailRows = 20'000;

struct CallKey {
  std::string call_id;
  Timestamp at =
      kNoTime;  // of several calls under one Call-ID the one that was going on; or the last
};
// Error NotFound: no such call within the question's range and scope. `question.table` and filter
// are not used.
Result<CallDetail> load_call(store::Search& search, const store::View& view, const CallKey& key,
                             const store::Question& question);

// Puts records into causal order (weave/causal_order.h).
void order_causally(std::vector<StoredRecord>& messages);

}  // namespace siploom::pipeline
