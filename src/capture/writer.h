// Writes frames to capture files. Buffered; finish() reports what the system refused. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "capture/source.h"

namespace siploom::capture {

enum class FileFormat : uint8_t { Pcap, PcapNg };

struct WriterOptions {
  FileFormat format = FileFormat::Pcap;   // pcap with microseconds unless `nanoseconds`
  bool nanoseconds = false;
  uint32_t snaplen = 262'144;
};

class Writer {
 public:
  virtual ~Writer() = default;
  // Plain pcap holds one link type: a frame of another one is refused with an error that says to use pcapng.
  virtual Result<void> write(const Frame& frame) = 0;
  virtual Result<void> finish() = 0;
};

// `path` "-" is standard output. `append`: goes on with a file that an earlier Writer of the same options made.
Result<std::unique_ptr<Writer>> open_writer(const std::string& path, const WriterOptions& options,
                                            LinkType link = LinkType::Ethernet, bool append = false);

}  // namespace siploom::capture
