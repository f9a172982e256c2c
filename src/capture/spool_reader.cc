// What heplify keeps on disk while its collector is away: { u32 length, network order; HEP message
// } again and again; hep_load and our own relay write the same. Each message becomes a frame as the
// network intake would have given it, of a peer that nobody knows.
#include <fmt/format.h>

#include <algorithm>

#include "capture/file_reader.h"
#include "capture/intake_header.h"
#include "wire/hep/hep.h"

namespace siploom::capture {

namespace {

constexpr size_t kLengthBytes = 4;
constexpr uint32_t kLeastMessage = 6;           // the header of HEP3 alone
constexpr uint32_t kMostMessage = 512u * 1024;  // as the intake takes them
constexpr size_t kMagicBytes = 4;
constexpr size_t kSpoolBlockBytes = 1u << 20;

// How sure it is that a message begins here.
enum class Shape : uint8_t { None, Possible, Sure };

Shape shape_of(ByteSpan message, uint32_t length) {
  if (message.size() < kMagicBytes) return Shape::None;
  if (hep::v3_magic(message)) {
    const bool told = message.size() >= kLeastMessage && load_be16(&message[4]) == length;
    return told ? Shape::Sure : Shape::Possible;
  }
  // v1 and v2: their length octet says 16 or 40 (section 2.3 of the draft; not all keep to it), and
  // the family is one of those there are.
  if (message[0] == 1 || message[0] == 2) {
    if (hep::looks_like_hep(message.first(std::min<size_t>(length, message.size()))))
      return Shape::Sure;
    const uint8_t family = message[2];
    return family == 2 || family == 10 ? Shape::Possible : Shape::None;
  }
  return message[0] == 0x1f && message[1] == 0x8b && message[2] == 8 ? Shape::Possible
                                                                     : Shape::None;
}

// A record at the start of `bytes`; they may end within it.
Shape record_shape(ByteSpan bytes) {
  if (bytes.size() < kLengthBytes + kMagicBytes) return Shape::None;
  const uint32_t length = load_be32(bytes.data());
  if (length < kLeastMessage || length > kMostMessage) return Shape::None;
  return shape_of(bytes.subspan(kLengthBytes), length);
}

class SpoolReader final : public FileReader {
 public:
  using FileReader::FileReader;

  Step read(FrameBatch& batch, size_t target_bytes) override {
    const uint64_t from = window_->offset();
    FrameBatch ignored;  // the window's blocks are not pointed to
    Step step = Step::More;
    while (window_->offset() - from < target_bytes) {
      if ((step = need(ignored, kLengthBytes)) != Step::More) break;
      const uint32_t length = load_be32(window_->data());
      if (length < kLeastMessage || length > kMostMessage) {
        step = damaged(fmt::format("a message claims {} octets", length));
        break;
      }
      if ((step = need(ignored, kLengthBytes + length)) != Step::More) break;
      const ByteSpan message{window_->data() + kLengthBytes, length};
      if (shape_of(message, length) == Shape::None) {
        step = damaged("what follows is no HEP");
        break;
      }
      add(batch, message);
      window_->advance(kLengthBytes + length);
    }
    batch.file_bytes += window_->offset() - from;
    return step;
  }

 private:
  Step damaged(const std::string& why) {
    return stop_with(fmt::format("damaged after packet {}: {}", stats_.frames, why));
  }

  // The intake's header needs more room than the length before the message has, so it is copied.
  void add(FrameBatch& batch, ByteSpan message) {
    const size_t size = kIntakeHeaderBytes + message.size();
    if (block_ == nullptr || kSpoolBlockBytes - used_ < size) {
      block_.reset(new uint8_t[std::max(kSpoolBlockBytes, size)]);
      used_ = 0;
    }
    if (batch.owners.empty() || batch.owners.back() != block_) batch.owners.push_back(block_);
    uint8_t* to = block_.get() + used_;
    used_ += size;
    encode_intake_header(IntakeHeader{}, to);
    std::copy(message.begin(), message.end(), to + kIntakeHeaderBytes);
    Frame& frame = batch.frames.emplace_back();
    frame.time = time_of(message);
    frame.data = to;
    frame.captured = frame.original = static_cast<uint32_t>(size);
    frame.link = LinkType::HepIntake;
    ++stats_.frames;
    stats_.bytes += message.size();
  }

  // v1 has no time: the file is known to have been written not before it.
  Timestamp time_of(ByteSpan message) {
    if (hep::decode(message, packet_, scratch_) && is_known(packet_.time)) last_ = packet_.time;
    const bool own = is_known(packet_.time);
    const Timestamp written = window_->modified();
    if (own || !is_known(written)) return last_;
    return written;
  }

  std::shared_ptr<uint8_t[]> block_;
  size_t used_ = 0;
  Timestamp last_{0};  // of the message before, for a file that nobody knows the age of
  hep::Packet packet_;
  std::string scratch_;
};

}  // namespace

bool may_be_spool(ByteSpan head) { return record_shape(head) != Shape::None; }

size_t spool_head_bytes(ByteSpan head) {
  return 2 * kLengthBytes + load_be32(head.data()) + kLeastMessage;
}

bool is_spool(ByteSpan head) {
  const Shape first = record_shape(head);
  if (first != Shape::Possible) return first == Shape::Sure;
  const size_t end = kLengthBytes + load_be32(head.data());
  return head.size() == end || (head.size() > end && may_be_spool(head.subspan(end)));
}

std::unique_ptr<FileReader> spool_reader(std::string name, std::unique_ptr<Window> window) {
  return std::make_unique<SpoolReader>(std::move(name), std::move(window));
}

}  // namespace siploom::capture
