// pcap (draft-ietf-opsawg-pcap): microseconds, nanoseconds and the "modified" form, in both byte
// orders; and snoop (RFC 1761).
#include <fmt/format.h>

#include <algorithm>

#include "capture/file_reader.h"

namespace siploom::capture {

namespace {

constexpr uint32_t kMicroseconds = 0xA1B2C3D4, kNanoseconds = 0xA1B23C4D, kModified = 0xA1B2CD34;
constexpr size_t kPcapHeader = 24;
constexpr size_t kTypicalFrame = 128;

// Where a record begins is known only from the one before it, so the processor cannot run ahead of
// us into the file; asking for the octets some way on hides the memory behind the work.
constexpr size_t kFetchAhead = 4096;
constexpr size_t kCacheLine = 64;

void fetch_ahead(const uint8_t* record, size_t size) {
  for (size_t i = 0; i < size; i += kCacheLine) __builtin_prefetch(record + kFetchAhead + i);
}

template <bool kSwapped>
uint32_t load32(const uint8_t* p) {
  return kSwapped ? load_be32(p) : load_le32(p);
}

class PcapReader final : public FileReader {
 public:
  using FileReader::FileReader;
  Step read(FrameBatch& batch, size_t target_bytes) override {
    if (!begun_) {
      const auto status = window_->ensure(kPcapHeader);
      if (status == Window::Status::Wait) return Step::Wait;
      if (status == Window::Status::Short) return cut_off(window_->available(), kPcapHeader);
      begin();
    }
    batch.frames.reserve(batch.frames.size() + target_bytes / kTypicalFrame);
    return swapped_ ? read_records<true>(batch, target_bytes)
                    : read_records<false>(batch, target_bytes);
  }

 private:
  void begin() {
    const uint8_t* p = window_->data();
    const uint32_t magic = load_le32(p);
    swapped_ = magic != kMicroseconds && magic != kNanoseconds && magic != kModified;
    const uint32_t real = swapped_ ? load_be32(p) : magic;
    unit_ns_ = real == kNanoseconds ? 1 : 1000;
    record_header_ = real == kModified ? 24 : 16;
    const uint32_t network = swapped_ ? load_be32(p + 20) : load_le32(p + 20);
    link_ = static_cast<LinkType>(network & 0xFFFF);
    // The top bits may tell how many octets of frame check sequence each frame ends with.
    fcs_bytes_ = (network & 0x04000000) != 0 ? (network >> 28) * 2 : 0;
    window_->advance(kPcapHeader);
    begun_ = true;
  }

  template <bool kSwapped>
  Step read_records(FrameBatch& batch, size_t target_bytes) {
    const uint64_t from = window_->offset();
    Step step = Step::More;
    while (window_->offset() - from < target_bytes) {
      if (window_->available() < record_header_ &&
          (step = need(batch, record_header_)) != Step::More)
        break;
      const uint8_t* p = window_->data();
      const uint32_t captured = load32<kSwapped>(p + 8), original = load32<kSwapped>(p + 12);
      if (captured > kMaxRecordBytes) {
        step = stop_with(fmt::format("damaged after packet {}: a record claims {} octets",
                                     stats_.frames, captured));
        break;
      }
      if (window_->available() < record_header_ + captured &&
          (step = need(batch, record_header_ + captured)) != Step::More)
        break;
      p = window_->data();
      if (window_->available() > kFetchAhead + record_header_ + captured) {
        fetch_ahead(p, record_header_ + captured);
      }
      Frame& frame = batch.frames.emplace_back();
      frame.time.ns =
          int64_t{load32<kSwapped>(p)} * kSecond + int64_t{load32<kSwapped>(p + 4)} * unit_ns_;
      frame.data = p + record_header_;
      frame.captured = captured;
      frame.original = std::max(original, captured);
      frame.link = link_;
      if (fcs_bytes_ != 0) frame.captured -= std::min(captured, fcs_bytes_);
      window_->advance(record_header_ + captured);
      ++stats_.frames;
      stats_.bytes += captured;
    }
    batch.file_bytes += window_->offset() - from;
    hold(batch);
    return step;
  }

  bool begun_ = false, swapped_ = false;
  int64_t unit_ns_ = 1000;
  size_t record_header_ = 16;
  LinkType link_ = LinkType::Ethernet;
  uint32_t fcs_bytes_ = 0;
};

// RFC 1761: everything big-endian.
class SnoopReader final : public FileReader {
 public:
  using FileReader::FileReader;
  Step read(FrameBatch& batch, size_t target_bytes) override {
    constexpr size_t kHeader = 16, kRecord = 24;
    const uint64_t from = window_->offset();
    if (!begun_) {
      const auto status = window_->ensure(kHeader);
      if (status == Window::Status::Wait) return Step::Wait;
      if (status == Window::Status::Short) return cut_off(window_->available(), kHeader);
      // Datalink 4 is Ethernet; the others of RFC 1761 carry no SIP that anybody captures today.
      link_ = load_be32(window_->data() + 12) == 4 ? LinkType::Ethernet : LinkType{0xFFFF};
      window_->advance(kHeader);
      begun_ = true;
    }
    Step step = Step::More;
    while (window_->offset() - from < target_bytes) {
      if ((step = need(batch, kRecord)) != Step::More) break;
      const uint32_t captured = load_be32(window_->data() + 4),
                     record = load_be32(window_->data() + 8);
      if (record > kMaxRecordBytes || record < kRecord || captured > record - kRecord) {
        step = stop_with(fmt::format("damaged after packet {}: a record claims {} octets",
                                     stats_.frames, record));
        break;
      }
      if ((step = need(batch, record)) != Step::More) break;
      const uint8_t* p = window_->data();
      Frame& frame = batch.frames.emplace_back();
      frame.time.ns =
          int64_t{load_be32(p + 16)} * kSecond + int64_t{load_be32(p + 20)} * kMicrosecond;
      frame.data = p + kRecord;
      frame.captured = captured;
      frame.original = load_be32(p);
      frame.link = link_;
      window_->advance(record);
      ++stats_.frames;
      stats_.bytes += captured;
    }
    batch.file_bytes += window_->offset() - from;
    hold(batch);
    return step;
  }

 private:
  bool begun_ = false;
  LinkType link_ = LinkType::Ethernet;
};

}  // namespace

bool is_pcap(ByteSpan head) {
  if (head.size() < 4) return false;
  for (const uint32_t magic : {load_le32(head.data()), load_be32(head.data())}) {
    if (magic == kMicroseconds || magic == kNanoseconds || magic == kModified) return true;
  }
  return false;
}
bool is_snoop(ByteSpan head) {
  return as_text(head).starts_with(std::string_view("snoop\0\0\0", 8));
}

std::unique_ptr<FileReader> pcap_reader(std::string name, std::unique_ptr<Window> window) {
  return std::make_unique<PcapReader>(std::move(name), std::move(window));
}
std::unique_ptr<FileReader> snoop_reader(std::string name, std::unique_ptr<Window> window) {
  return std::make_unique<SnoopReader>(std::move(name), std::move(window));
}

}  // namespace siploom::capture
