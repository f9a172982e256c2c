#include "store/entry.h"

#include "base/text.h"
#include "store/entry_writer.h"

namespace siploom::store {

namespace {

template <class Head>
bool slices_fit(const Head& head) {
  for (const Slice& slice : head.texts) {
    if (size_t{slice.offset} + slice.size > head.entry.size) return false;
  }
  return true;
}

// Reads a copy: the octets of a damaged file may lie anywhere.
template <class Head>
bool is_sound(ByteSpan bytes) {
  if (bytes.size() < sizeof(Head)) return false;
  Head head;
  std::memcpy(static_cast<void*>(&head), bytes.data(), sizeof head);
  if (head.entry.size < sizeof(Head)) return false;
  if constexpr (std::is_same_v<Head, RecordHead>) {
    if (uint64_t{head.payload_offset} + head.payload_size > head.entry.size) return false;
    // Nobody looks again at texts that are said to be plain.
    if ((head.flags & kPlain) != 0) {
      for (const Slice& slice : head.texts) {
        if (size_t{slice.offset} + slice.size > head.entry.size ||
            !is_plain_ascii(text_at(bytes.data(), slice))) {
          return false;
        }
      }
    }
  }
  return slices_fit(head);
}

}  // namespace

bool is_entry(ByteSpan bytes, size_t& size) {
  EntryHead head;
  if (bytes.size() < sizeof head) return false;
  std::memcpy(static_cast<void*>(&head), bytes.data(), sizeof head);
  if (head.version != kEntryVersion || head.size % 8 != 0 || head.size < sizeof head ||
      head.size > bytes.size() || head.size > kMaxEntryBytes) {
    return false;
  }
  size = head.size;
  bytes = bytes.first(head.size);
  switch (head.table) {
    case Table::Records:
      return is_sound<RecordHead>(bytes);
    case Table::Calls:
      return is_sound<CallHead>(bytes);
    case Table::Streams:
      return is_sound<StreamHead>(bytes);
    case Table::Ledger:
      return is_sound<LedgerHead>(bytes);
  }
  return false;
}

}  // namespace siploom::store
