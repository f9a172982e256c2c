// pcapng (draft-ietf-opsawg-pcapng): sections in either byte order, interfaces with their own
// clocks, packets in enhanced, simple and obsolete blocks; comments and TLS secrets are kept for
// later.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "capture/file_reader.h"
#include "capture/pcapng_blocks.h"

namespace siploom::capture {

namespace {

constexpr uint32_t kByteOrderMagic = 0x1A2B3C4D;
constexpr uint32_t kTlsKeyLog = 0x544C534B;  // "TLSK"
constexpr size_t kMaxInterfaces = 4096;
constexpr size_t kMaxComments = 64;
constexpr size_t kMaxSecretsBytes = 4u << 20;

struct Interface {
  LinkType link = LinkType::Ethernet;
  uint32_t snaplen = 0;
  // A time stamp counts units: 10^-n or 2^-n seconds.
  uint64_t units_per_second = 1'000'000;
  int64_t offset_seconds = 0;
};

int64_t to_nanoseconds(uint64_t stamp, const Interface& interface) {
  const uint64_t seconds = stamp / interface.units_per_second;
  const uint64_t rest = stamp % interface.units_per_second;
  using Wide = unsigned __int128;
  const auto nanos = static_cast<int64_t>(Wide{rest} * 1'000'000'000u / interface.units_per_second);
  // Impossible times are pinned to the end of what can be counted.
  constexpr uint64_t kMostSeconds = 9'000'000'000;
  const auto whole = static_cast<int64_t>(std::min(seconds, kMostSeconds));
  return std::clamp<int64_t>(whole + interface.offset_seconds, 0,
                             static_cast<int64_t>(kMostSeconds)) *
             kSecond +
         nanos;
}

class PcapngReader final : public FileReader {
 public:
  using FileReader::FileReader;
  Step read(FrameBatch& batch, size_t target_bytes) override {
    const uint64_t from = window_->offset();
    Step step = Step::More;
    while (step == Step::More && window_->offset() - from < target_bytes) step = read_block(batch);
    batch.file_bytes += window_->offset() - from;
    hold(batch);
    return step;
  }

 private:
  uint16_t u16(const uint8_t* p) const { return swapped_ ? load_be16(p) : load_le16(p); }
  uint32_t u32(const uint8_t* p) const { return swapped_ ? load_be32(p) : load_le32(p); }

  Step read_block(FrameBatch& batch) {
    Step step = need(batch, 12);
    if (step != Step::More) return step;
    const bool section = load_le32(window_->data()) == kSectionHeader;
    if (section && load_le32(window_->data() + 8) != kByteOrderMagic) {
      swapped_ = load_be32(window_->data() + 8) == kByteOrderMagic;
    } else if (section) {
      swapped_ = false;
    }
    const uint32_t type = u32(window_->data()), length = u32(window_->data() + 4);
    if (length < 12 || length % 4 != 0 || length > kMaxRecordBytes * 4) {
      return stop_with(
          fmt::format("damaged after packet {}: a block claims {} octets", stats_.frames, length));
    }
    step = need(batch, length);
    if (step != Step::More) return step;
    take_block(type, {window_->data() + 8, length - 12}, batch);
    window_->advance(length);
    return Step::More;
  }

  void take_block(uint32_t type, ByteSpan body, FrameBatch& batch) {
    switch (type) {
      case kSectionHeader:
        interfaces_.clear();  // numbered by section
        take_options(body, 16);
        break;
      case kInterfaceDescription:
        take_interface(body);
        break;
      case kEnhancedPacket:
        if (body.size() >= 20) {
          take_packet(batch, u32(&body[0]), u32(&body[4]), u32(&body[8]), u32(&body[12]),
                      u32(&body[16]), body.subspan(20));
        }
        break;
      case kOldPacket:
        if (body.size() >= 20) {
          take_packet(batch, u16(&body[0]), u32(&body[4]), u32(&body[8]), u32(&body[12]),
                      u32(&body[16]), body.subspan(20));
        }
        break;
      case kSimplePacket:
        take_simple(batch, body);
        break;
      case kDecryptionSecrets:
        take_secrets(body);
        break;
      case kNameResolution:
      default:
        break;  // of no use yet
    }
  }

  void take_interface(ByteSpan body) {
    if (body.size() < 8 || interfaces_.size() >= kMaxInterfaces) return;
    Interface interface;
    interface.link = static_cast<LinkType>(u16(&body[0]));
    interface.snaplen = u32(&body[4]);
    for_each_option(body.subspan(8), [&](uint16_t code, ByteSpan value) {
      if (code == 9 && value.size() == 1) interface.units_per_second = units(value[0]);
      if (code == 14 && value.size() == 8) {
        interface.offset_seconds =
            static_cast<int64_t>(swapped_ ? load_be64(value.data()) : load_le64(value.data()));
        interface.offset_seconds =
            std::clamp<int64_t>(interface.offset_seconds, -9'000'000'000, 9'000'000'000);
      }
    });
    interfaces_.push_back(interface);
  }

  // if_tsresol: the top bit chooses powers of two.
  static uint64_t units(uint8_t resolution) {
    const unsigned exponent = resolution & 0x7F;
    if ((resolution & 0x80) != 0) return uint64_t{1} << std::min(exponent, 62u);
    uint64_t out = 1;
    for (unsigned i = 0; i < std::min(exponent, 18u); ++i) out *= 10;
    return out;
  }

  void take_packet(FrameBatch& batch, uint32_t number, uint32_t high, uint32_t low,
                   uint32_t captured, uint32_t original, ByteSpan rest) {
    if (number >= interfaces_.size()) {
      if (!interfaces_warned_) {
        stats_.warnings.push_back(
            fmt::format("{}: packets of an interface that is not described are left out", name_));
      }
      interfaces_warned_ = true;
      return;
    }
    const Interface& interface = interfaces_[number];
    Frame& frame = batch.frames.emplace_back();
    frame.time.ns = to_nanoseconds(uint64_t{high} << 32 | low, interface);
    add(frame, interface, number, captured, original, rest);
  }

  // No time of its own: that of the packet before it.
  void take_simple(FrameBatch& batch, ByteSpan body) {
    if (body.size() < 4 || interfaces_.empty()) return;
    const uint32_t original = u32(&body[0]);
    const uint32_t most =
        interfaces_[0].snaplen == 0 ? original : std::min(original, interfaces_[0].snaplen);
    Frame& frame = batch.frames.emplace_back();
    frame.time = last_time_;
    add(frame, interfaces_[0], 0, most, original, body.subspan(4));
  }

  void add(Frame& frame, const Interface& interface, uint32_t number, uint32_t captured,
           uint32_t original, ByteSpan rest) {
    frame.data = rest.data();
    frame.captured = static_cast<uint32_t>(std::min<size_t>(captured, rest.size()));
    frame.original = std::max(original, frame.captured);
    frame.link = interface.link;
    frame.interface = static_cast<uint16_t>(number);
    last_time_ = frame.time;
    ++stats_.frames;
    stats_.bytes += frame.captured;
    const size_t padded = (size_t{frame.captured} + 3) / 4 * 4;
    if (padded < rest.size()) take_options(rest, padded);
  }

  template <class Fn>
  void for_each_option(ByteSpan options, Fn&& fn) const {
    while (options.size() >= 4) {
      const uint16_t code = u16(&options[0]), size = u16(&options[2]);
      const size_t padded = (size_t{size} + 3) / 4 * 4;
      if (code == 0 || 4 + padded > options.size()) return;
      fn(code, options.subspan(4, size));
      options = options.subspan(4 + padded);
    }
  }

  void take_options(ByteSpan body, size_t from) {
    if (body.size() <= from || stats_.comments.size() >= kMaxComments) return;
    for_each_option(body.subspan(from), [&](uint16_t code, ByteSpan value) {
      if (code == 1 && stats_.comments.size() < kMaxComments)
        stats_.comments.emplace_back(as_text(value));
    });
  }

  void take_secrets(ByteSpan body) {
    if (body.size() < 8 || u32(&body[0]) != kTlsKeyLog) return;
    const size_t size = std::min<size_t>(u32(&body[4]), body.size() - 8);
    if (secrets_bytes_ + size > kMaxSecretsBytes) return;
    secrets_bytes_ += size;
    stats_.tls_secrets.emplace_back(as_text(body.subspan(8, size)));
  }

  std::vector<Interface> interfaces_;
  Timestamp last_time_;
  size_t secrets_bytes_ = 0;
  bool swapped_ = false, interfaces_warned_ = false;
};

}  // namespace

bool is_pcapng(ByteSpan head) {
  return head.size() >= 4 && load_le32(head.data()) == kSectionHeader;
}

std::unique_ptr<FileReader> pcapng_reader(std::string name, std::unique_ptr<Window> window) {
  return std::make_unique<PcapngReader>(std::move(name), std::move(window));
}

}  // namespace siploom::capture
