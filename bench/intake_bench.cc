// The intake on loopback: messages a second through next(), and processor time of the thread that
// reads. Argument: octets of a message's payload. On loopback the sender's thread does the kernel's
// share of receiving, too; with both on few cores cpu_us_per_message is the figure that counts.
#include <benchmark/benchmark.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <ctime>
#include <string>
#include <thread>

#include <arpa/inet.h>

#include "intake/intake.h"

namespace siploom::intake {

namespace {

std::string be16(size_t v) { return {static_cast<char>(v >> 8), static_cast<char>(v)}; }
std::string chunk(uint16_t type, const std::string& value) {
  return be16(0) + be16(type) + be16(value.size() + 6) + value;
}
std::string hep3(size_t payload) {
  const std::string chunks =
      chunk(1, "\x02") + chunk(2, "\x11") + chunk(3, std::string(4, '\x0a')) +
      chunk(4, std::string(4, '\x0b')) + chunk(7, be16(5060)) + chunk(8, be16(5060)) +
      chunk(9, std::string(4, 'a')) + chunk(10, std::string(4, 'a')) + chunk(11, "\x01") +
      chunk(12, std::string(4, 'a')) + chunk(14, "secret") + chunk(15, std::string(payload, 'x'));
  return "HEP3" + be16(chunks.size() + 6) + chunks;
}

double thread_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

int connect_to(const Endpoint& to, int type) {
  const int fd = ::socket(AF_INET, type, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(to.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) std::abort();
  return fd;
}

void send_udp(const Endpoint& to, const std::string& message, const std::atomic<bool>& stop) {
  const int fd = connect_to(to, SOCK_DGRAM);
  constexpr size_t kBatch = 64;
  iovec vector{const_cast<char*>(message.data()), message.size()};
  mmsghdr batch[kBatch] = {};
  for (mmsghdr& each : batch) {
    each.msg_hdr.msg_iov = &vector;
    each.msg_hdr.msg_iovlen = 1;
  }
  while (!stop) static_cast<void>(::sendmmsg(fd, batch, kBatch, 0));
  ::close(fd);
}

void send_tcp(const Endpoint& to, const std::string& message, const std::atomic<bool>& stop) {
  const int fd = connect_to(to, SOCK_STREAM);
  std::string many;
  while (many.size() < 60'000) many += message;
  size_t at = 0;
  while (!stop) {
    const ssize_t sent = ::send(fd, many.data() + at, many.size() - at, MSG_NOSIGNAL);
    if (sent < 0) break;
    at = (at + static_cast<size_t>(sent)) % many.size();
  }
  ::close(fd);
}

void receive(benchmark::State& state, bool udp) {
  IntakeOptions options;
  options.listen = {*parse_endpoint("127.0.0.1:0")};
  if (state.range(1) != 0) options.keys = {{*parse_cidr("127.0.0.0/8"), "secret"}};
  auto intake = *open_intake(options);
  const std::string message = hep3(static_cast<size_t>(state.range(0)));
  std::atomic<bool> stop{false};
  std::thread sender([&] {
    const Endpoint to = intake->endpoints()[0];
    udp ? send_udp(to, message, stop) : send_tcp(to, message, stop);
  });
  capture::FrameBatch batch;
  uint64_t messages = 0;
  const double began = thread_seconds();
  for (auto _ : state) {
    if (!intake->next(batch, 384 * 1024)) std::abort();
    messages += batch.frames.size();
  }
  const double used = thread_seconds() - began;
  stop = true;
  // A sender that waits for room gets it.
  std::atomic<bool> joined{false};
  std::thread drain([&] {
    while (!joined) static_cast<void>(intake->next(batch, 384 * 1024));
  });
  sender.join();
  joined = true;
  drain.join();
  state.SetItemsProcessed(static_cast<int64_t>(messages));
  state.counters["cpu_us_per_message"] = used * 1e6 / static_cast<double>(messages);
  state.counters["kernel_drops"] = static_cast<double>(intake->stats().kernel_dropped);
}

void udp(benchmark::State& state) { receive(state, true); }
void tcp(benchmark::State& state) { receive(state, false); }

// Payload octets; 1: a key is asked for.
BENCHMARK(udp)->Args({600, 0})->Args({600, 1})->Args({1'300, 0})->UseRealTime();
BENCHMARK(tcp)->Args({600, 0})->Args({600, 1})->Args({1'300, 0})->UseRealTime();

}  // namespace

}  // namespace siploom::intake
