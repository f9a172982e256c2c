#include "intake/udp_reader.h"

#include <ctime>

#include "intake/sockets.h"

namespace siploom::intake {

UdpReader::UdpReader() : slots_(new uint8_t[kBatch * kSlotBytes]) {
  for (size_t i = 0; i < kBatch; ++i) {
    vectors_[i] = {slot(i), kMaxDatagramBytes};
    msghdr& header = headers_[i].msg_hdr;
    header.msg_iov = &vectors_[i];
    header.msg_iovlen = 1;
    header.msg_name = &names_[i];
    header.msg_control = &controls_[i];
  }
}

size_t UdpReader::read(int fd) {
  for (mmsghdr& each : headers_) {
    each.msg_hdr.msg_namelen = sizeof(sockaddr_storage);
    each.msg_hdr.msg_controllen = kControlBytes;
  }
  const int count = ::recvmmsg(fd, headers_.data(), kBatch, MSG_DONTWAIT, nullptr);
  return count > 0 ? static_cast<size_t>(count) : 0;
}

Endpoint UdpReader::peer(size_t i) const { return to_endpoint(names_[i]); }

Timestamp UdpReader::time(size_t i) const {
  auto* header = const_cast<msghdr*>(&headers_[i].msg_hdr);
  for (cmsghdr* each = CMSG_FIRSTHDR(header); each != nullptr; each = CMSG_NXTHDR(header, each)) {
    if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_TIMESTAMPNS) continue;
    timespec time{};
    std::memcpy(&time, CMSG_DATA(each), sizeof time);
    return {int64_t{time.tv_sec} * kSecond + time.tv_nsec};
  }
  return kNoTime;
}

}  // namespace siploom::intake
