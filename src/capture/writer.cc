#include "capture/writer.h"

#include <algorithm>
#include <cstring>

#include "capture/pcapng_blocks.h"
#include "capture/writer_output.h"

namespace siploom::capture {

namespace {

// Both formats are written in the order of this machine, little-endian (base/bytes.h asserts it).
void put16(uint8_t* at, uint16_t value) { std::memcpy(at, &value, sizeof value); }
void put32(uint8_t* at, uint32_t value) { std::memcpy(at, &value, sizeof value); }

constexpr uint32_t kPcapMicroseconds = 0xA1B2C3D4;
constexpr uint32_t kPcapNanoseconds = 0xA1B23C4D;
constexpr size_t kPcapHeaderBytes = 24;
constexpr size_t kPcapRecordBytes = 16;

constexpr uint16_t kOptionComment = 1;
constexpr uint16_t kOptionInterfaceName = 2;
constexpr uint16_t kOptionUserApplication = 4;
constexpr uint16_t kOptionTimeResolution = 9;
constexpr size_t kEnhancedPacketBytes = 28;  // without data and the closing length

uint32_t kept_octets(const Frame& frame, uint32_t snaplen) {
  return std::min(frame.captured, snaplen);
}

// draft-ietf-opsawg-pcap: one header, one link type, records of 16 octets and data.
class PcapWriter final : public Writer {
 public:
  PcapWriter(std::unique_ptr<OutputFile> file, const WriterOptions& options, LinkType link)
      : file_(std::move(file)),
        snaplen_(options.snaplen),
        link_(link),
        nanoseconds_(options.nanoseconds) {}

  Result<void> begin() {
    uint8_t header[kPcapHeaderBytes] = {};
    put32(header, nanoseconds_ ? kPcapNanoseconds : kPcapMicroseconds);
    put16(header + 4, 2);
    put16(header + 6, 4);
    put32(header + 16, snaplen_);
    put32(header + 20, static_cast<uint32_t>(link_));
    if (!file_->append(header)) return file_->error();
    return {};
  }

  Result<void> go_on() {
    uint8_t header[kPcapHeaderBytes] = {};
    const size_t have = SL_TRY(file_->read_start(header, sizeof header));
    const uint32_t magic = nanoseconds_ ? kPcapNanoseconds : kPcapMicroseconds;
    if (have < sizeof header || load_le32(header) != magic) {
      return fail(
          ErrorCode::InvalidArgument,
          "cannot append: the file is no pcap with times of this resolution; write to a new file");
    }
    if ((load_le32(header + 20) & 0xFFFF) != static_cast<uint32_t>(link_)) {
      return fail(ErrorCode::InvalidArgument,
                  "cannot append: the file holds frames of another link type; write to a new file");
    }
    snaplen_ = std::max(load_le32(header + 16), 64u);
    return {};
  }

  Result<void> write(const Frame& frame) override {
    if (frame.link != link_) {
      return fail(
          ErrorCode::InvalidArgument,
          "frames of several link types do not fit into one pcap file; write pcapng instead");
    }
    const uint32_t kept = kept_octets(frame, snaplen_);
    // The format has 32 bits of seconds: 1970 to 2106.
    constexpr Nanoseconds kEnd = Nanoseconds{0xFFFFFFFF} * kSecond + kSecond - 1;
    const Nanoseconds time = std::clamp(frame.time.ns, Nanoseconds{0}, kEnd);
    uint8_t* out = file_->reserve(kPcapRecordBytes);
    if (out == nullptr) return file_->error();
    const auto fraction = static_cast<uint32_t>(time % kSecond);
    put32(out, static_cast<uint32_t>(time / kSecond));
    put32(out + 4, nanoseconds_ ? fraction : fraction / 1000);
    put32(out + 8, kept);
    put32(out + 12, std::max(frame.original, kept));
    file_->commit(kPcapRecordBytes);
    if (!file_->append({frame.data, kept})) return file_->error();
    return {};
  }
  Result<void> flush() override { return file_->flush(); }
  Result<void> finish() override { return file_->close(); }

 private:
  std::unique_ptr<OutputFile> file_;
  uint32_t snaplen_;
  LinkType link_;
  bool nanoseconds_;
};

// A block under construction: draft-ietf-opsawg-pcapng 3.1 (type, length, body, length again),
// options as in 3.5.
class Block final {
 public:
  explicit Block(uint32_t type) {
    add32(type);
    add32(0);
  }
  void add16(uint16_t value) {
    const size_t at = bytes_.size();
    bytes_.resize(at + sizeof value);
    put16(&bytes_[at], value);
  }
  void add32(uint32_t value) {
    const size_t at = bytes_.size();
    bytes_.resize(at + sizeof value);
    put32(&bytes_[at], value);
  }
  void option(uint16_t code, std::string_view value) {
    if (value.empty()) return;
    value = value.substr(0, 0xFFFF);
    add16(code);
    add16(static_cast<uint16_t>(value.size()));
    const ByteSpan octets = as_bytes(value);
    bytes_.insert(bytes_.end(), octets.begin(), octets.end());
    bytes_.resize((bytes_.size() + 3) & ~size_t{3});
    has_options_ = true;
  }
  ByteSpan finish() {
    if (has_options_) add32(0);  // opt_endofopt
    const auto length = static_cast<uint32_t>(bytes_.size() + 4);
    put32(&bytes_[4], length);
    add32(length);
    return bytes_;
  }

 private:
  std::vector<uint8_t> bytes_;
  bool has_options_ = false;
};

class PcapNgWriter final : public Writer {
 public:
  PcapNgWriter(std::unique_ptr<OutputFile> file, const WriterOptions& options)
      : file_(std::move(file)), options_(options) {}

  Result<void> begin(LinkType link) {
    Block section(kSectionHeader);
    section.add32(0x1A2B3C4D);
    section.add16(1);
    section.add16(0);
    section.add32(0xFFFFFFFF);  // section length: not said
    section.add32(0xFFFFFFFF);
    section.option(kOptionComment, options_.comment);
    section.option(kOptionUserApplication, options_.application);
    if (!file_->append(section.finish())) return file_->error();
    return add_interface(link);
  }

  // A second section may follow any first one, so only the kind of file has to fit.
  Result<void> check_appendable() const {
    uint8_t start[4] = {};
    const size_t have = SL_TRY(file_->read_start(start, sizeof start));
    if (have < sizeof start || load_le32(start) != kSectionHeader) {
      return fail(ErrorCode::InvalidArgument,
                  "cannot append: the file is no pcapng; write to a new file");
    }
    return {};
  }

  Result<void> write(const Frame& frame) override {
    uint32_t interface = 0;
    while (interface < links_.size() && links_[interface] != frame.link) ++interface;
    if (interface == links_.size()) {
      if (Result<void> added = add_interface(frame.link); !added) return added;
    }
    const uint32_t kept = kept_octets(frame, options_.snaplen);
    const uint32_t padded = (kept + 3) & ~3u;
    const auto total = static_cast<uint32_t>(kEnhancedPacketBytes + padded + 4);
    const auto time = static_cast<uint64_t>(std::max(frame.time.ns, Nanoseconds{0}));
    uint8_t* out = file_->reserve(kEnhancedPacketBytes);
    if (out == nullptr) return file_->error();
    put32(out, kEnhancedPacket);
    put32(out + 4, total);
    put32(out + 8, interface);
    put32(out + 12, static_cast<uint32_t>(time >> 32));
    put32(out + 16, static_cast<uint32_t>(time));
    put32(out + 20, kept);
    put32(out + 24, std::max(frame.original, kept));
    file_->commit(kEnhancedPacketBytes);
    if (!file_->append({frame.data, kept})) return file_->error();
    uint8_t tail[8] = {};
    put32(tail + (padded - kept), total);
    if (!file_->append({tail, padded - kept + 4})) return file_->error();
    return {};
  }
  Result<void> flush() override { return file_->flush(); }
  Result<void> finish() override { return file_->close(); }

 private:
  Result<void> add_interface(LinkType link) {
    Block block(kInterfaceDescription);
    block.add16(static_cast<uint16_t>(link));
    block.add16(0);
    block.add32(options_.snaplen);
    block.option(kOptionInterfaceName, options_.interface_name);
    block.option(kOptionTimeResolution, std::string_view("\x09", 1));  // 10^-9 s
    links_.push_back(link);
    if (!file_->append(block.finish())) return file_->error();
    return {};
  }

  std::unique_ptr<OutputFile> file_;
  WriterOptions options_;
  std::vector<LinkType>
      links_;  // interfaces of this section; few, so that a search in order is the quickest
};

tl::unexpected<Error> with_path(const std::string& path, Error error) {
  error.message = path + ": " + error.message;
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace

Result<std::unique_ptr<Writer>> open_writer(const std::string& path, const WriterOptions& options,
                                            LinkType link, bool append) {
  std::unique_ptr<OutputFile> file = SL_TRY(OutputFile::open(path, append));
  const bool go_on = append && file->existing_bytes() > 0;
  if (options.format == FileFormat::Pcap) {
    auto writer = std::make_unique<PcapWriter>(std::move(file), options, link);
    Result<void> begun = go_on ? writer->go_on() : writer->begin();
    if (!begun) return with_path(path, std::move(begun.error()));
    return std::unique_ptr<Writer>(std::move(writer));
  }
  auto writer = std::make_unique<PcapNgWriter>(std::move(file), options);
  Result<void> begun;
  if (go_on) begun = writer->check_appendable();
  if (begun) begun = writer->begin(link);
  if (!begun) return with_path(path, std::move(begun.error()));
  return std::unique_ptr<Writer>(std::move(writer));
}

}  // namespace siploom::capture
