// Where frames come from. A Source gives batches in the order of reading; one thread calls it at a
// time. Frame bytes live as long as their FrameBatch (mapped files: as long as the Source).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"

namespace siploom::capture {

// LINKTYPE_ values of the pcap registry (https://www.tcpdump.org/linktypes.html); any other number
// is kept as it is.
enum class LinkType : uint16_t {
  Null = 0,
  Ethernet = 1,
  Ppp = 9,
  RawBsd = 12,
  RawOpenBsd = 14,
  PppHdlc = 50,
  PppEther = 51,
  CHdlc = 104,
  Raw = 101,
  Loop = 108,
  LinuxSll = 113,
  Ipv4 = 228,
  Ipv6 = 229,
  LinuxSll2 = 276,
  UpperPdu = 252,
  // Our own, outside the registry ("~H"): capture/intake_header.h, then a HEP message as it came.
  HepIntake = 0xFE48
};

struct Frame {
  Timestamp time;
  const uint8_t* data = nullptr;
  uint32_t captured = 0;  // octets at `data`
  uint32_t original = 0;  // octets on the wire
  LinkType link = LinkType::Ethernet;
  uint16_t interface = 0;  // number of the interface within its source
  ByteSpan bytes() const { return {data, captured}; }
};

// A run of frames that are processed together. Numbers are consecutive from `first_number` (1 is
// the first frame read).
struct FrameBatch {
  std::vector<Frame> frames;
  uint64_t first_number = 1;
  uint64_t file_bytes = 0;  // what reading it consumed, for progress
  std::vector<std::shared_ptr<const void>>
      owners;  // buffers that frames point into, if they are not mapped
  void clear() {
    frames.clear();
    owners.clear();
    file_bytes = 0;
  }
};

struct InterfaceInfo {
  LinkType link = LinkType::Ethernet;
  uint32_t snaplen = 0;
  std::string name, description;
};

// What a reading left to say, for the user: a file cut off, packets dropped by the kernel ...
struct SourceStats {
  uint64_t frames = 0;
  uint64_t bytes = 0;                 // captured octets of frames
  uint64_t kernel_dropped = 0;        // live only
  uint64_t total_file_bytes = 0;      // 0: not known (a stream)
  std::vector<std::string> warnings;  // "trunk.pcap: cut off after packet 812 (24 of 74 octets)"
  std::vector<std::string> comments;  // pcapng comments and names, a few
  std::vector<std::string>
      tls_secrets;  // pcapng decryption secrets blocks (TLS key log text), kept for later
};

class Source {
 public:
  virtual ~Source() = default;
  // Fills `batch` (cleared first) with about `target_bytes` of frames. False: the end. A batch
  // without frames is no end: a live source or a slow pipe had nothing within its patience (about
  // 100 ms).
  virtual Result<bool> next(FrameBatch& batch, size_t target_bytes) = 0;
  // What had come in when reading was asked to stop, given once. False: nothing.
  virtual Result<bool> rest(FrameBatch& batch) {
    batch.clear();
    return false;
  }
  virtual SourceStats stats() const = 0;
  // The caller no longer needs frames numbered below `number`; a mapped file lets go of their
  // pages.
  virtual void release_before(uint64_t number) { static_cast<void>(number); }
};

struct OpenOptions {
  std::vector<std::string>
      files;              // files, directories (their captures, sorted), "-" for standard input
  std::string interface;  // live capture instead: a name or "any"
  std::string bpf;        // live: tcpdump filter
  bool promiscuous = false;
  uint32_t snaplen = 262'144;
  uint32_t kernel_buffer_bytes = 16u << 20;
  bool drop_privileges = true;  // live: root gives up its rights once the device is open
  bool writes_files = false;    // live: the command writes files after that
  const std::atomic<bool>* stop = nullptr;  // waiting for input ends when it is set
};

// Opens everything named: container by content (pcap, pcapng, snoop, NetMon 2, heplify's spool,
// text dumps; gzip, zstd, xz, lz4 around them), several files merged by time, frames within one
// file put into time order as far as a window of them reaches. Errors name the file and what to do.
// Reading the same options again gives the same frames with the same numbers (standard input and
// live: not).
Result<std::unique_ptr<Source>> open_source(const OpenOptions& options);

}  // namespace siploom::capture
