// FileReader: one capture file in its own format and order. The format is told by content.
#pragma once

#include <memory>
#include <string>

#include "capture/source.h"
#include "capture/window.h"

namespace siploom::capture {

class FileReader {
 public:
  explicit FileReader(std::string name, std::unique_ptr<Window> window)
      : name_(std::move(name)), window_(std::move(window)) {}
  virtual ~FileReader() = default;
  enum class Step : uint8_t { More, Wait, End };
  // Appends about `target_bytes` of frames. What is wrong with the rest of the file ends it, with a
  // warning.
  virtual Step read(FrameBatch& batch, size_t target_bytes) = 0;

  const std::string& name() const { return name_; }
  Window& window() { return *window_; }
  SourceStats& stats() { return stats_; }

 protected:
  // The file ends in the middle of something.
  Step cut_off(uint64_t have, uint64_t want);
  Step stop_with(const std::string& warning);
  // The frames read so far keep the block that they lie in.
  void hold(FrameBatch& batch);
  // More: the window holds `size` octets.
  Step need(FrameBatch& batch, size_t size);

  std::string name_;
  std::unique_ptr<Window> window_;
  SourceStats stats_;
};

// A record that claims more than this is damage, not a packet.
constexpr uint32_t kMaxRecordBytes = 4u << 20;

bool is_pcap(ByteSpan head);
bool is_pcapng(ByteSpan head);
bool is_snoop(ByteSpan head);
bool is_netmon(ByteSpan head);
// heplify's disk buffer. With fewer octets than spool_head_bytes() of a head that may be one, the
// first message alone must be beyond doubt.
bool is_spool(ByteSpan head);
bool may_be_spool(ByteSpan head);
size_t spool_head_bytes(ByteSpan head);
std::unique_ptr<FileReader> pcap_reader(std::string name, std::unique_ptr<Window> window);
std::unique_ptr<FileReader> pcapng_reader(std::string name, std::unique_ptr<Window> window);
std::unique_ptr<FileReader> snoop_reader(std::string name, std::unique_ptr<Window> window);
std::unique_ptr<FileReader> netmon_reader(std::string name, std::unique_ptr<Window> window);
std::unique_ptr<FileReader> spool_reader(std::string name, std::unique_ptr<Window> window);

}  // namespace siploom::capture
