#include "capture/text/text_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "capture/text/addresses.h"
#include "capture/text/clean.h"
#include "capture/text/clock.h"
#include "capture/text/dialect.h"
#include "capture/text/frame_writer.h"
#include "capture/text/lines.h"

namespace siploom::capture {
namespace {

using dump::AddressBook;
using dump::ClockJudge;
using dump::Dialects;
using dump::FrameBuffer;
using dump::FrameWriter;
using dump::LineCursor;
using dump::TextClock;
using dump::TextPacket;

// The first look at a dump ends here; what it is for shows early.
constexpr size_t kLearnBytes = 8u << 20;

// Numbered segments need no start line to make sense; anything else without octets is nothing.
bool is_empty(const TextPacket& packet) { return packet.octets.empty() && !packet.segment; }

void settle_transport(TextPacket& packet, const dump::Glimpse& message) {
  if (packet.transport == Transport::Unknown) packet.transport = message.via_transport;
}

// The first look: whose log it is, what its times of day mean, and whether there is anything at
// all.
class Learner final : public dump::PacketSink {
 public:
  void take(TextPacket packet) override {
    if (is_empty(packet)) return;
    ++packets_;
    judge_.see(packet.time);
    if (packet.link) return;
    const dump::Glimpse message = dump::glimpse(packet.octets);
    settle_transport(packet, message);
    addresses_.learn(packet, message);
  }

  uint64_t packets() const { return packets_; }
  TextClock clock() const { return TextClock(judge_.verdict()); }
  AddressBook take_addresses() { return std::move(addresses_); }

 private:
  AddressBook addresses_;
  ClockJudge judge_;
  uint64_t packets_ = 0;
};

class TextSource final : public Source, private dump::PacketSink {
 public:
  TextSource(std::string name, std::shared_ptr<const std::string> text, Learner learner)
      : name_(std::move(name)),
        text_(std::move(text)),
        at_(*text_),
        clock_(learner.clock()),
        addresses_(learner.take_addresses()) {}

  Result<bool> next(FrameBatch& batch, size_t target_bytes) override {
    batch.clear();
    batch.first_number = stats_.frames + 1;
    auto buffer = std::make_shared<FrameBuffer>();
    buffer_ = buffer.get();
    const size_t from = at_.offset();
    while (!ended_ && buffer->bytes.size() < target_bytes) {
      if (dialects_.step(at_, *this)) continue;
      dialects_.finish(*this);
      ended_ = true;
    }
    buffer_ = nullptr;
    batch.file_bytes = at_.offset() - from;
    batch.frames.reserve(buffer->entries.size());
    for (const FrameBuffer::Entry& entry : buffer->entries) {
      const auto size = static_cast<uint32_t>(entry.size);
      batch.frames.push_back(
          {entry.time, buffer->bytes.data() + entry.offset, size, size, entry.link, 0});
      stats_.bytes += size;
    }
    stats_.frames += batch.frames.size();
    if (!batch.frames.empty()) batch.owners.push_back(std::move(buffer));
    return !ended_ || !batch.frames.empty();
  }

  SourceStats stats() const override {
    SourceStats out = stats_;
    out.total_file_bytes = text_->size();
    if (writer_.cut() > 0) {
      out.warnings.push_back(fmt::format("{}: {} messages were longer than a datagram and are cut",
                                         name_, writer_.cut()));
    }
    if (addresses_.used_placeholder()) {
      out.warnings.push_back(fmt::format(
          "{}: does not tell the address of the host that wrote it; 192.0.2.1 stands for it",
          name_));
    }
    return out;
  }

 private:
  void take(TextPacket packet) override {
    if (is_empty(packet)) return;
    const Timestamp time = clock_.resolve(packet.time);
    if (packet.link) return writer_.write_octets(time, packet, *buffer_);
    const dump::Glimpse message = dump::glimpse(packet.octets);
    settle_transport(packet, message);
    writer_.write(time, addresses_.resolve(packet, message), packet, message, *buffer_);
  }

  std::string name_;
  std::shared_ptr<const std::string> text_;
  LineCursor at_;
  Dialects dialects_;
  TextClock clock_;
  AddressBook addresses_;
  FrameWriter writer_;
  FrameBuffer* buffer_ = nullptr;
  SourceStats stats_;
  bool ended_ = false;
};

}  // namespace

bool looks_like_text_dump(std::string_view head) {
  const std::optional<std::string> cleaned = dump::clean_text(head);
  if (cleaned) head = *cleaned;
  if (!dump::is_text(head)) return false;
  const Dialects dialects;
  for (LineCursor at(head); !at.done(); at.next()) {
    if (dialects.packet_at(at)) return true;
  }
  return false;
}

Result<std::unique_ptr<Source>> open_text(std::string name,
                                          std::shared_ptr<const std::string> text) {
  if (auto cleaned = dump::clean_text(*text)) {
    text = std::make_shared<const std::string>(std::move(*cleaned));
  }
  Learner learner;
  Dialects dialects;
  LineCursor at(*text);
  while ((at.offset() < kLearnBytes || learner.packets() == 0) && dialects.step(at, learner)) {
  }
  dialects.finish(learner);
  if (learner.packets() == 0) {
    return fail(ErrorCode::Malformed,
                fmt::format("{}: text without packets that can be read; of tcpdump the options -A "
                            "or -X are needed, of tshark -x, -V or -O sip",
                            name));
  }
  return std::make_unique<TextSource>(std::move(name), std::move(text), std::move(learner));
}

}  // namespace siploom::capture
