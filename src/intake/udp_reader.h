// UdpReader: takes datagrams off a socket, many with one call. Each has room for the largest there
// is, but only the pages that a datagram reaches are ever touched.
#pragma once

#include <sys/socket.h>

#include <array>
#include <memory>

#include "base/bytes.h"
#include "base/net.h"
#include "base/time.h"

namespace siploom::intake {

class UdpReader final {
 public:
  static constexpr size_t kBatch = 64;
  static constexpr size_t kMaxDatagramBytes = 65'535;

  UdpReader();
  // Number of datagrams taken, at most kBatch; 0: none were there.
  size_t read(int fd);
  // Of the last read(), until the next.
  ByteSpan octets(size_t i) const { return {slot(i), headers_[i].msg_len}; }
  Endpoint peer(size_t i) const;
  Timestamp time(size_t i) const;  // of receipt, by the kernel; kNoTime: it gave none

 private:
  // Not a power of two, so that the beginnings of all slots do not fall into the same cache lines.
  static constexpr size_t kSlotBytes = 65'536 + 33 * 64;
  static constexpr size_t kControlBytes = 64;
  uint8_t* slot(size_t i) const { return slots_.get() + i * kSlotBytes; }

  std::unique_ptr<uint8_t[]> slots_;
  std::array<mmsghdr, kBatch> headers_{};
  std::array<iovec, kBatch> vectors_{};
  std::array<sockaddr_storage, kBatch> names_{};
  struct alignas(cmsghdr) Control {
    std::array<char, kControlBytes> octets;
  };
  std::array<Control, kBatch> controls_{};
};

}  // namespace siploom::intake
