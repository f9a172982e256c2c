// The intake's sockets: opened, bound, and set as wanted. All of them non-blocking.
#pragma once

#include <sys/socket.h>

#include "base/net.h"
#include "base/result.h"
#include "intake/fd.h"
#include "intake/options.h"

namespace siploom::intake {

struct Listener {
  Endpoint local;  // with the port that the kernel chose
  Fd tcp;
  Fd sctp;  // one-to-one style (RFC 6458 4); when it is wanted
  std::vector<Fd> udp;
};

// TCP and UDP on every address of the options, with one port each for both (and SCTP).
Result<std::vector<Listener>> open_listeners(const IntakeOptions& options);

// The endpoint in a socket address; IPv4 in its mapped form.
Endpoint to_endpoint(const sockaddr_storage& address);
// As asked for with SO_RCVBUF (the kernel counts twice as much, with what it needs itself).
size_t receive_buffer_of(int fd);
// Datagrams that did not fit since the socket was made, modulo 2^32.
uint32_t kernel_drops_of(int fd);

}  // namespace siploom::intake
