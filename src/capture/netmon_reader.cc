// Microsoft Network Monitor captures, 1.x ("RTSS") and 2.x ("GMBU"): frames by a table of offsets
// that stands anywhere in the file. Field meanings after Microsoft's "Capture File Format" page.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "capture/file_reader.h"

namespace siploom::capture {

namespace {

constexpr size_t kNetmonHeader = 128;
constexpr size_t kMaxFileBytes = size_t{1} << 30;  // of a stream, which has to be kept whole
constexpr size_t kReadStep = 1u << 20;
// Between 1601-01-01, where Windows counts from, and 1970-01-01, in 100 ns.
constexpr int64_t kUnixEpoch = 116'444'736'000'000'000;

uint64_t load_le16_at(const uint8_t* p, size_t offset) { return load_le16(p + offset); }

// SYSTEMTIME: year, month, day of week, day, hour, minute, second, millisecond.
Timestamp system_time(const uint8_t* p) {
  using namespace std::chrono;
  const year_month_day date{year{static_cast<int>(load_le16_at(p, 0))},
                            month{static_cast<unsigned>(load_le16_at(p, 2))},
                            day{static_cast<unsigned>(load_le16_at(p, 6))}};
  if (!date.ok() || date.year() < year{1970} || date.year() > year{2100}) return {0};
  const auto whole = sys_days{date} + hours{load_le16_at(p, 8)} + minutes{load_le16_at(p, 10)} +
                     seconds{load_le16_at(p, 12)} + milliseconds{load_le16_at(p, 14)};
  return {duration_cast<nanoseconds>(whole.time_since_epoch()).count()};
}

// Link types: NDIS media plus one; 0xE000 and up: a pcap link type, or records that are no frames.
std::optional<LinkType> link_of(uint32_t network) {
  if (network == 1) return LinkType::Ethernet;
  if (network >= 7 && network <= 9) return LinkType::Raw;
  if ((network & 0xF000) == 0xE000) return static_cast<LinkType>(network & 0x0FFF);
  return std::nullopt;
}

class NetmonReader final : public FileReader {
 public:
  using FileReader::FileReader;
  Step read(FrameBatch& batch, size_t target_bytes) override {
    while (!begun_) {
      const size_t before = window_->available();
      const auto status = window_->ensure(before + kReadStep);
      if (status == Window::Status::Wait) return Step::Wait;
      if (status == Window::Status::Short || before > kMaxFileBytes) {
        if (window_->available() < kNetmonHeader)
          return cut_off(window_->available(), kNetmonHeader);
        begin();
      }
    }
    hold(batch);
    uint64_t taken = 0;
    while (taken < target_bytes && next_ < count_) {
      const uint64_t at = has_table_ ? load_le32(data_ + table_ + uint64_t{next_} * 4) : walked_;
      if (at + record_header_ > size_) return stop_with(damaged());
      const uint8_t* p = data_ + at;
      const uint32_t original = major_ >= 2 ? load_le32(p + 8) : load_le16(p + 4);
      const uint32_t captured = major_ >= 2 ? load_le32(p + 12) : load_le16(p + 6);
      const uint64_t record = uint64_t{record_header_} + captured;
      if (captured > kMaxRecordBytes || at + record > size_) return stop_with(damaged());
      ++next_;
      taken += record;
      walked_ = at + record + trailer_bytes();
      add(batch, p, original, captured);
    }
    batch.file_bytes += taken;
    return next_ < count_ ? Step::More : Step::End;
  }

 private:
  void begin() {
    begun_ = true;
    data_ = window_->data();
    size_ = window_->available();
    minor_ = data_[4];
    major_ = data_[5];
    network_ = load_le16(data_ + 6);
    start_ = system_time(data_ + 8);
    table_ = load_le32(data_ + 24);
    count_ = load_le32(data_ + 28) / 4;
    record_header_ = major_ >= 2 ? 16 : 8;
    walked_ = kNetmonHeader;
    has_table_ = table_ + uint64_t{count_} * 4 <= size_;
  }
  std::string damaged() const { return fmt::format("damaged or cut off after frame {}", next_); }
  uint32_t trailer_bytes() const {
    constexpr uint32_t kBytes[] = {0, 2, 6, 15};
    return major_ < 2 ? 0 : kBytes[std::min<size_t>(minor_, 3)];
  }

  void add(FrameBatch& batch, const uint8_t* p, uint32_t original, uint32_t captured) {
    // Since the start of the capture: microseconds, before 2.0 milliseconds.
    constexpr uint64_t kLongest = uint64_t{100} * 366 * 86'400 * 1'000'000;
    const uint64_t since =
        major_ >= 2 ? std::min(load_le64(p), kLongest) : uint64_t{load_le32(p)} * 1000;
    Timestamp time = start_ + static_cast<Nanoseconds>(since) * kMicrosecond;
    uint32_t network = network_;
    // Since 2.1 each frame says its own medium, since 2.3 its time in UTC, too.
    const uint8_t* trailer = p + record_header_ + captured;
    const auto room = static_cast<size_t>(data_ + size_ - trailer);
    if (major_ == 2 && minor_ >= 1 && room >= 2) network = load_le16(trailer);
    if (major_ == 2 && minor_ >= 3 && room >= 14) {
      const auto utc = static_cast<int64_t>(load_le64(trailer + 6));
      if (utc > kUnixEpoch && utc - kUnixEpoch < INT64_MAX / 100) time = {(utc - kUnixEpoch) * 100};
    }
    const auto link = link_of(network);
    if (!link) return;  // a record about the network or a filter, not a frame
    Frame& frame = batch.frames.emplace_back();
    frame.time = time;
    frame.data = p + record_header_;
    frame.captured = captured;
    frame.original = std::max(original, captured);
    frame.link = *link;
    ++stats_.frames;
    stats_.bytes += captured;
  }

  bool begun_ = false;
  const uint8_t* data_ = nullptr;
  uint64_t size_ = 0;
  uint8_t major_ = 0, minor_ = 0;
  uint32_t network_ = 0;
  uint32_t record_header_ = 16;
  Timestamp start_;
  uint64_t table_ = 0;
  uint32_t count_ = 0, next_ = 0;
  // The table usually stands last: of a file that was cut off, the frames are walked over instead.
  bool has_table_ = true;
  uint64_t walked_ = 0;
};

}  // namespace

bool is_netmon(ByteSpan head) {
  const std::string_view text = as_text(head);
  return text.starts_with("GMBU") || text.starts_with("RTSS");
}

std::unique_ptr<FileReader> netmon_reader(std::string name, std::unique_ptr<Window> window) {
  return std::make_unique<NetmonReader>(std::move(name), std::move(window));
}

}  // namespace siploom::capture
