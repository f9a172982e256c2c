// Writes frames to capture files. Buffered; finish() reports what the system refused. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "capture/source.h"

namespace siploom::capture {

enum class FileFormat : uint8_t { Pcap, PcapNg };

struct WriterOptions {
  FileFormat format = FileFormat::Pcap;  // pcap with microseconds unless `nanoseconds`
  bool nanoseconds = false;              // pcapng always has nanoseconds
  uint32_t snaplen = 262'144;            // octets kept of a frame; longer ones are cut
  // pcapng only; plain pcap has no room for them.
  std::string application = "siploom";  // who wrote the section (shb_userappl)
  std::string comment;                  // about the section (opt_comment)
  std::string interface_name;           // of every interface (if_name)
};

class Writer {
 public:
  virtual ~Writer() = default;
  // Plain pcap holds one link type: a frame of another one is refused with an error that says to
  // use pcapng. pcapng gets an interface for every link type that comes.
  virtual Result<void> write(const Frame& frame) = 0;
  // Hands what is buffered to the system, so that a reader that follows the file sees whole frames.
  virtual Result<void> flush() = 0;
  // Flushes and closes; a second call does nothing. Without it the rest is written when the Writer
  // dies, unchecked.
  virtual Result<void> finish() = 0;
};

// `path` "-" is standard output. `append`: goes on with a file that an earlier Writer of the same
// options made (a pcapng file gets another section); a file that is not there or empty is begun.
Result<std::unique_ptr<Writer>> open_writer(const std::string& path, const WriterOptions& options,
                                            LinkType link = LinkType::Ethernet,
                                            bool append = false);

}  // namespace siploom::capture
