#include "store/segment_index.h"

#include <fmt/format.h>

#include <cstring>

#include "base/hash.h"
#include "base/text.h"
#include "model/call.h"
#include "model/record.h"
#include "store/utf8.h"

namespace siploom::store {

namespace {

// INDEX_FORMAT: "SLIX" u32 version, u32 octets of the bloom filter, u32 rollup rows, u32 texts,
// u32 zero, u64 xxh3 of what follows; at 64: the filter, the rows, the texts (u16 length each).
constexpr std::string_view kMagic = "SLIX";
constexpr uint32_t kVersion = 1;
constexpr size_t kHeadBytes = 64, kRowBytes = 16, kHashAt = 24;
// Methods and nodes are named by the outside: those beyond are counted as one.
constexpr size_t kMaxTexts = 4096, kMaxRollup = 262'144;
constexpr std::string_view kRest = "(other)";

template <class T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace

uint64_t SegmentIndexMaker::hash_of(const Key& key) {
  return mix(static_cast<uint64_t>(static_cast<uint32_t>(key.minute)) << 32 |
                 uint64_t{key.kind} << 16 | key.status,
             uint64_t{key.name} << 16 | key.node);
}

uint16_t SegmentIndexMaker::number_of(std::string_view text) {
  text = text.substr(0, 255);
  const uint64_t hash = hash_text(text);
  if (const uint16_t* known = numbers_.find(hash, text)) return *known;
  if (texts_.size() >= kMaxTexts) return number_of(kRest);
  const bool is_last = texts_.size() + 1 == kMaxTexts;
  const auto number = static_cast<uint16_t>(texts_.size());
  const std::string& kept = texts_.emplace_back(is_last ? kRest : text);
  *numbers_.insert(is_last ? hash_text(kept) : hash, kept).first = number;
  return number;
}

void SegmentIndexMaker::add_rollup(const RollupRow& row) {
  const Key key{static_cast<int32_t>(row.minute), number_of(row.kind), number_of(row.name),
                number_of(row.node), row.status};
  if (uint32_t* known = rollup_.find(hash_of(key), key)) {
    *known += row.count;
    return;
  }
  const bool full = rollup_.size() >= kMaxRollup;
  const Key counted = full ? Key{key.minute, key.kind, number_of(kRest), number_of(kRest), 0} : key;
  *rollup_.insert(hash_of(counted), counted).first += row.count;
}

void SegmentIndexMaker::add_addresses(const std::array<uint8_t, 16>& src,
                                      const std::array<uint8_t, 16>& dst) {
  const bool same =
      (src == src_before_ && dst == dst_before_) || (src == dst_before_ && dst == src_before_);
  if (any_addresses_ && same) return;
  any_addresses_ = true;
  src_before_ = src;
  dst_before_ = dst;
  add_key(bloom_key(IpAddress{src}));
  add_key(bloom_key(IpAddress{dst}));
}

void SegmentIndexMaker::add_text(KeyKind kind, std::string_view text) {
  if (text.empty()) return;
  add_key(bloom_key(kind, text));
  // The column has it as UTF-8, and so do questions about it.
  if (!is_column_text(text)) add_key(bloom_key(kind, to_column_text(text)));
}

void SegmentIndexMaker::count(const RecordHead& record) {
  const std::string_view kind =
      model::record_kind_name(static_cast<model::RecordKind>(record.entry.kind));
  std::string of_copies;
  if ((record.flags & kCopy) != 0) of_copies = std::string(kind) + std::string(kCopySuffix);
  add_rollup({record.time_ns / kMinute, of_copies.empty() ? kind : std::string_view(of_copies),
              record.text(RecordText::Method), record.text(RecordText::Node), record.status, 1});
}

void SegmentIndexMaker::count(const CallHead& call) {
  add_rollup({call.time(CallTime::Start).ns / kMinute,
              model::kind_name(static_cast<model::CallKind>(call.entry.kind)),
              model::state_name(static_cast<model::CallState>(call.state)),
              {},
              call.status,
              1});
}

void SegmentIndexMaker::add(const EntryHead& entry) {
  for_each_key(
      entry,
      [&](KeyPlace place, KeyKind kind, std::string_view text) {
        if (place == KeyPlace::List) return add_text(kind, text);
        std::string& before = before_[static_cast<size_t>(place)];
        if (text == before) return;
        before = text;
        add_text(kind, text);
      },
      [&](const auto& src, const auto& dst) { add_addresses(src, dst); });
  if (entry.table == Table::Records) count(reinterpret_cast<const RecordHead&>(entry));
  if (entry.table == Table::Calls) count(reinterpret_cast<const CallHead&>(entry));
}

std::string SegmentIndexMaker::finish() const {
  std::vector<uint64_t> keys;
  keys.reserve(keys_.size());
  keys_.for_each([&](uint64_t key) { keys.push_back(key); });
  const std::vector<uint8_t> bloom = make_bloom(keys);
  std::string body(reinterpret_cast<const char*>(bloom.data()), bloom.size());
  rollup_.for_each([&](const Key& key, uint32_t count) {
    put(body, key.minute);
    put(body, key.kind);
    put(body, key.name);
    put(body, key.node);
    put(body, key.status);
    put(body, count);
  });
  for (const std::string& text : texts_) {
    put(body, static_cast<uint16_t>(text.size()));
    body += text;
  }
  std::string out(kMagic);
  put(out, kVersion);
  put(out, static_cast<uint32_t>(bloom.size()));
  put(out, static_cast<uint32_t>(rollup_.size()));
  put(out, static_cast<uint32_t>(texts_.size()));
  put(out, uint32_t{0});
  put(out, hash_bytes(as_bytes(body), 0));
  out.resize(kHeadBytes);
  return out + body;
}

Result<SegmentIndex> SegmentIndex::open(const std::string& path) {
  SegmentIndex index;
  index.file_ = SL_TRY(MappedFile::open(path));
  const ByteSpan bytes = index.file_.bytes();
  const auto damaged = [&](std::string_view what) {
    return fail(ErrorCode::Malformed, fmt::format("{}: {}", path, what));
  };
  if (bytes.size() < kHeadBytes || as_text(bytes.first(4)) != kMagic) {
    return damaged("not a side file of a segment");
  }
  if (load_le32(&bytes[4]) != kVersion) return damaged("a side file of another version");
  const uint64_t bloom = load_le32(&bytes[8]);
  const uint64_t rows = load_le32(&bytes[12]);
  const uint64_t texts = load_le32(&bytes[16]);
  const ByteSpan body = bytes.subspan(kHeadBytes);
  if (hash_bytes(body, 0) != load_le64(&bytes[kHashAt])) return damaged("its checksum is wrong");
  if (bloom % kBloomBlockBytes != 0 || bloom + rows * kRowBytes > body.size()) {
    return damaged("cut off");
  }
  index.bloom_ = body.first(bloom);
  index.rollup_ = body.subspan(bloom, rows * kRowBytes);
  ByteReader reader(body.subspan(bloom + rows * kRowBytes));
  for (uint64_t i = 0; i < texts && reader.ok(); ++i) {
    const size_t size = reader.le16();
    index.texts_.push_back(as_text(reader.bytes(size)));
  }
  if (!reader.ok()) return damaged("its texts are cut off");
  return index;
}

bool SegmentIndex::may_have(uint64_t key) const { return bloom_has(bloom_, key); }

void SegmentIndex::for_each(const std::function<void(const RollupRow&)>& take) const {
  const auto text = [&](size_t number) {
    return number < texts_.size() ? texts_[number] : std::string_view{};
  };
  ByteReader reader(rollup_);
  while (reader.remaining() >= kRowBytes) {
    RollupRow row;
    row.minute = static_cast<int32_t>(reader.le32());
    row.kind = text(reader.le16());
    row.name = text(reader.le16());
    row.node = text(reader.le16());
    row.status = reader.le16();
    row.count = reader.le32();
    take(row);
  }
}

}  // namespace siploom::store
