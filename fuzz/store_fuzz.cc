// What a store reads back from its files: entries, logs, side files, manifest, journal. The first
// octet says which; what has a checksum is tried as it is and with the checksum made right.
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "base/hash.h"
#include "seeds.h"
#include "store/batch.h"
#include "store/entry_writer.h"
#include "store/journal.h"
#include "store/log.h"
#include "store/manifest.h"
#include "store/segment_index.h"

using namespace siploom;

namespace {

enum class What : char { Entries = 'e', Log = 'l', Index = 'i', Manifest = 'm', Journal = 'j' };

std::string entries() {
  std::string out;
  store::RecordFields fields;
  fields.text(store::RecordText::CallId) = "a@h";
  fields.text(store::RecordText::ExtraIds) = "x\ny";
  fields.payload = as_bytes(fuzz::kInvite);
  store::append_record(out, fields);
  model::Call call;
  call.method = "INVITE";
  store::append_call(out, call, {});
  store::append_ledger(out, {{60 * kSecond}, store::Fate::Lost, {}, "node", "queue", 3, 4});
  return out;
}

void put(std::string& out, uint64_t value, size_t octets) {
  out.append(reinterpret_cast<const char*>(&value), octets);
}

std::string frame(const std::string& content) {
  std::string out = "SLFR";
  put(out, content.size(), 4);
  put(out, 0, 8);  // see with_sound_frames()
  put(out, 0, 8);
  return out + content;
}

const store::LogHead kHead{7, 0x1234567890ABCDEF, 3};

std::string log_head() {
  std::string block = "SLOG";
  put(block, store::kLogVersion, 4);
  put(block, kHead.number, 8);
  put(block, kHead.salt, 8);
  put(block, kHead.rows_before, 8);
  put(block, hash_bytes(as_bytes(block), 0), 8);
  block.resize(store::kLogHeadBytes / 2);
  return block + block;
}

// A log of these octets, where what begins like a frame has its mark, and most have their checksum.
std::string with_sound_frames(const std::string& text) {
  std::string out = log_head() + text;
  for (size_t at = store::kLogHeadBytes; at + store::kLogFrameBytes <= out.size(); at += 8) {
    if (out.compare(at, 4, "SLFR") != 0) continue;
    uint32_t bytes = 0;
    std::memcpy(&bytes, &out[at + 4], sizeof bytes);
    const uint64_t mark = store::frame_mark(kHead, at, bytes);
    if (out[at + 8] != 'x') std::memcpy(&out[at + 8], &mark, sizeof mark);
    if (bytes > out.size() - at - store::kLogFrameBytes || out[at + 16] == 'x') continue;
    const ByteSpan content = as_bytes(out).subspan(at + store::kLogFrameBytes, bytes);
    const uint64_t hash = hash_bytes(content, store::frame_seed(kHead, at));
    std::memcpy(&out[at + 16], &hash, sizeof hash);
  }
  return out;
}

std::string index_file() {
  store::SegmentIndexMaker maker;
  const std::string all = entries();
  store::for_each_entry(as_bytes(all), [&](ByteSpan entry) {
    maker.add(*reinterpret_cast<const store::EntryHead*>(entry.data()));
  });
  return maker.finish();
}

std::string manifest_text() {
  store::Manifest manifest;
  store::Segment segment;
  segment.number = 3;
  segment.path = "segments/2026-01-01/00/sip-0000000003.parquet";
  segment.first = kNoTime;
  manifest.segments = {segment, segment};
  manifest.damaged = {{"damaged/x.parquet", "its checksum is wrong", 1, {1}, {2}}};
  return manifest.text();
}

// A file in memory with a path.
class MemoryFile final {
 public:
  explicit MemoryFile(std::string_view content) : fd_(::memfd_create("fuzz", MFD_CLOEXEC)) {
    fuzz::require(fd_ >= 0, "a file in memory");
    fuzz::require(
        ::write(fd_, content.data(), content.size()) == static_cast<ssize_t>(content.size()),
        "written");
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() { ::close(fd_); }
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

void check_entry(ByteSpan bytes) {
  const auto& head = *reinterpret_cast<const store::EntryHead*>(bytes.data());
  const std::string_view whole = as_text(bytes);
  const auto texts = [&](const auto& entry) {
    for (const store::Slice& slice : entry.texts) {
      fuzz::require(fuzz::within(store::text_at(&entry, slice), whole), "a text in its entry");
    }
  };
  switch (head.table) {
    case store::Table::Records: {
      const auto& record = reinterpret_cast<const store::RecordHead&>(head);
      fuzz::require(fuzz::within(as_text(record.payload()), whole), "a payload in its entry");
      texts(record);
      break;
    }
    case store::Table::Calls:
      texts(reinterpret_cast<const store::CallHead&>(head));
      break;
    case store::Table::Streams:
      texts(reinterpret_cast<const store::StreamHead&>(head));
      break;
    case store::Table::Ledger:
      texts(reinterpret_cast<const store::LedgerHead&>(head));
      break;
  }
}

void check_entries(std::string_view text) {
  // Entries lie at multiples of 8 wherever they are read in place.
  std::vector<uint64_t> aligned(text.size() / 8 + 1);
  if (!text.empty()) std::memcpy(aligned.data(), text.data(), text.size());
  const ByteSpan bytes(reinterpret_cast<const uint8_t*>(aligned.data()), text.size());
  store::SegmentIndexMaker maker;
  const size_t end = store::for_each_entry(bytes, [&](ByteSpan entry) {
    check_entry(entry);
    maker.add(*reinterpret_cast<const store::EntryHead*>(entry.data()));
  });
  fuzz::require(end <= bytes.size(), "entries within the octets");
  store::Batch batch(1);
  if (end > 0) batch.append(bytes.first(end));
  maker.finish();
}

void check_log(const std::string& text) {
  const MemoryFile file(text);
  uint64_t count = 0;
  const auto read = store::read_log(file.path(), [&](ByteSpan entries) {
    store::for_each_entry(entries, [&](ByteSpan entry) {
      check_entry(entry);
      ++count;
    });
  });
  if (!read) return;
  fuzz::require(read->entries == count, "as many entries as told");
  fuzz::require(read->bytes_cut + read->bytes_damaged <= text.size(), "cut within the file");
  fuzz::require(read->damage.empty() == (read->bytes_damaged == 0), "a damage is named");
}

void check_index(const std::string& text) {
  const MemoryFile file(text);
  const auto index = store::SegmentIndex::open(file.path());
  if (!index) return;
  size_t texts = 0;
  index->may_have(store::bloom_key(store::KeyKind::Id, "a@h"));
  index->for_each([&](const store::RollupRow& row) {
    texts += row.kind.size() + row.name.size() + row.node.size();
  });
  fuzz::require(texts == 0 || !text.empty(), "texts of the file");
}

}  // namespace

namespace siploom::fuzz {
std::vector<std::string> seeds() {
  const store::DropEvent event{{1}, store::DropReason::Age, store::Shelf::Sip, 1, 2, 3, 0, {4},
                               {5}};
  std::string journal;
  put(journal, static_cast<uint64_t>(event.when.ns), 1);
  return {"e" + entries(),
          "l" + frame(entries()) + frame(entries()) + "????????" + frame(entries()),
          "i" + index_file(), "m" + manifest_text(),
          "j1\tage\tsip\t1\t2\t3\t0\t4\t5\t0000000000000000\n" + journal};
}
}  // namespace siploom::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (static_cast<What>(data[0])) {
    case What::Entries:
      check_entries(text);
      break;
    case What::Log:
      check_log(text);
      check_log(log_head() + text);
      check_log(with_sound_frames(text));
      break;
    case What::Index: {
      check_index(text);
      if (text.size() < 64) break;
      std::string healed = text;
      const uint64_t hash = hash_bytes(as_bytes(text).subspan(64), 0);
      std::memcpy(&healed[24], &hash, sizeof hash);
      check_index(healed);
      break;
    }
    case What::Manifest: {
      const size_t end = std::min(text.rfind("sum\t"), text.size());
      const std::string body = text.substr(0, end);
      char sum[32];
      std::snprintf(sum, sizeof sum, "sum\t%016llx\n",
                    static_cast<unsigned long long>(hash_text(body, 0)));
      for (const std::string& each : {text, body + sum}) {
        const auto manifest = store::Manifest::parse(each);
        if (!manifest) continue;
        const auto again = store::Manifest::parse(manifest->text());
        fuzz::require(again.has_value(), "what is written can be read");
      }
      break;
    }
    case What::Journal: {
      std::string healed = text.substr(0, text.find_first_of("\r\n"));
      healed = healed.substr(0, healed.rfind('\t') + 1);
      char sum[32];
      std::snprintf(sum, sizeof sum, "%016llx\n",
                    static_cast<unsigned long long>(hash_text(healed, 0)));
      for (const std::string& each : {text, healed + sum}) {
        fuzz::require(store::parse_journal(each).size() <= store::kMaxDropEvents, "a bounded list");
      }
      break;
    }
  }
  return 0;
}
