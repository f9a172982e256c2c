// What is asked of a row in memory without SQL: its times, and the keys that it is found by.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "store/bloom.h"
#include "store/entry.h"

namespace siploom::store {

// By its own clock (calls: start, streams: first packet) and by ours; kNoTime.ns: unknown.
int64_t time_of(const EntryHead& entry);
int64_t received_of(const EntryHead& entry);

// Where a row's keys come from.
enum class KeyPlace : uint8_t {
  CallId,
  CorrelationId,
  FromUser,
  ToUser,
  RuriUser,
  List,  // of ids, each in its turn
  kCount
};

// Calls text(place, kind, value) with each text that the row can be looked for by, and
// addresses(src, dst).
template <class Text, class Addresses>
void for_each_key(const EntryHead& entry, Text&& text, Addresses&& addresses) {
  const auto list = [&](std::string_view ids, bool named) {
    while (!ids.empty()) {
      const Halves halves = split_once(ids, '\n');
      text(KeyPlace::List, KeyKind::Id, halves.before);
      if (named) text(KeyPlace::List, KeyKind::Id, split_once(halves.before, ':').after);
      ids = halves.after;
    }
  };
  if (entry.table == Table::Records) {
    const auto& record = reinterpret_cast<const RecordHead&>(entry);
    text(KeyPlace::CallId, KeyKind::Id, record.text(RecordText::CallId));
    text(KeyPlace::CorrelationId, KeyKind::Id, record.text(RecordText::CorrelationId));
    list(record.text(RecordText::ExtraIds), true);  // "net:123" and 123
    text(KeyPlace::FromUser, KeyKind::Number, record.text(RecordText::FromUser));
    text(KeyPlace::ToUser, KeyKind::Number, record.text(RecordText::ToUser));
    text(KeyPlace::RuriUser, KeyKind::Number, record.text(RecordText::RuriUser));
    addresses(record.src, record.dst);
  } else if (entry.table == Table::Calls) {
    const auto& call = reinterpret_cast<const CallHead&>(entry);
    text(KeyPlace::CallId, KeyKind::Id, call.text(CallText::CallId));
    list(call.text(CallText::CorrelationIds), false);
    text(KeyPlace::FromUser, KeyKind::Number, call.text(CallText::FromUser));
    text(KeyPlace::ToUser, KeyKind::Number, call.text(CallText::ToUser));
    text(KeyPlace::RuriUser, KeyKind::Number, call.text(CallText::RuriUser));
    addresses(call.src, call.dst);
  } else if (entry.table == Table::Streams) {
    const auto& stream = reinterpret_cast<const StreamHead&>(entry);
    text(KeyPlace::CallId, KeyKind::Id, stream.text(StreamText::CallId));
    addresses(stream.src, stream.dst);
  }
}

// What a row has to have one of.
class AnyKey final {
 public:
  void add(KeyKind kind, std::string_view text) { texts_.insert({kind, std::string(text)}); }
  void add(const IpAddress& address) { addresses_.push_back(address); }
  void add(const AnyKey& others);
  bool is_empty() const { return texts_.empty() && addresses_.empty(); }
  std::vector<uint64_t> bloom_keys() const;
  bool has(KeyKind kind, std::string_view text) const;
  bool has(const std::array<uint8_t, 16>& address) const;

 private:
  // There may be thousands, and every row asks: by length first, which most differ in.
  struct Less {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      if (a.first != b.first) return a.first < b.first;
      if (a.second.size() != b.second.size()) return a.second.size() < b.second.size();
      return a.second < b.second;
    }
  };
  std::set<std::pair<KeyKind, std::string>, Less> texts_;
  std::vector<IpAddress> addresses_;
};
bool meets(const EntryHead& entry, const AnyKey& any);

}  // namespace siploom::store
