// Load for a collector: HEP v3 messages of ever new SIP dialogs, sent over UDP or TCP at a rate, or
// written to a file as heplify's spool has them (length as u32 BE, message). Prints what it did as
// JSON. `hep_load --help` lists the options.
#include <fmt/format.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>
#include <optional>

#include "base/json_writer.h"
#include "base/text.h"
#include "simulate/live/destination.h"
#include "simulate/load/load.h"

using namespace siploom;

namespace {

constexpr const char* kHelp =
    "hep_load --to udp|tcp:HOST:PORT | --file FILE  [OPTIONS]\n"
    "  --rate N           messages a second (default: as fast as it goes)\n"
    "  --seconds N        for so long\n"
    "  --messages N       so many\n"
    "  --size N           mean octets of SIP (default 700)\n"
    "  --connections N    sockets; a dialog stays on one (default 1)\n"
    "  --nodes N          capture nodes (default 4)\n"
    "  --capture-id N     of the first node (default 2001)\n"
    "  --under-way N      dialogs whose messages mingle (default 8192)\n"
    "  --backfill DAYS    times spread evenly over so many days up to now; needs --messages\n"
    "  --end TIME         the end of those days, in seconds since 1970 (default: now)\n"
    "  --key SECRET       password\n"
    "  --seed N           same seed, same octets (but for times)\n";

constexpr size_t kDatagrams = 64;        // in one sendmmsg
constexpr size_t kStreamMessages = 256;  // in one write
constexpr Nanoseconds kBurst = 1 * kMillisecond;
constexpr Nanoseconds kMostCredit = 100 * kMillisecond;  // what was missed longer ago stays so
constexpr Nanoseconds kLinger = 10 * kSecond;
constexpr int kSendBuffer = 4 << 20;

std::atomic<bool> g_stop{false};

struct Settings {
  simulate::load::LoadOptions load;
  std::optional<simulate::live::Destination> to;
  std::string file;
  double rate = 0, seconds = 0, backfill_days = 0;
  uint64_t messages = 0;
  int64_t end_s = 0;
};

struct Counters {
  uint64_t sent = 0, octets = 0, errors = 0, refused = 0, missed = 0;
  Nanoseconds blocked = 0, making = 0;
};

Nanoseconds read_clock(clockid_t which) {
  timespec now{};
  clock_gettime(which, &now);
  return Nanoseconds{now.tv_sec} * kSecond + now.tv_nsec;
}
Nanoseconds monotonic() { return read_clock(CLOCK_MONOTONIC); }

[[noreturn]] void die(const std::string& message) {
  fmt::print(stderr, "hep_load: {}\n", message);
  std::exit(2);
}

// ---------------------------------------------------------------------------------------- options

template <class T>
T number(std::string_view name, std::string_view text) {
  const auto value = parse_number<T>(text);
  if (!value) die(fmt::format("{}: '{}' is no number", name, text));
  return *value;
}

void set_option(Settings& s, std::string_view name, const std::string& value) {
  const auto whole = [&] { return number<uint64_t>(name, value); };
  const auto real = [&] { return number<double>(name, value); };
  if (name == "--to") {
    auto all = simulate::live::parse_destinations(value);
    if (!all || all->size() != 1) die("--to: write it like udp:127.0.0.1:9060");
    s.to = all->front();
  } else if (name == "--file") {
    s.file = value;
  } else if (name == "--rate") {
    s.rate = real();
  } else if (name == "--seconds") {
    s.seconds = real();
  } else if (name == "--messages") {
    s.messages = whole();
  } else if (name == "--size") {
    s.load.sip_bytes = whole();
  } else if (name == "--connections") {
    s.load.groups = whole();
  } else if (name == "--nodes") {
    s.load.nodes = number<uint32_t>(name, value);
  } else if (name == "--capture-id") {
    s.load.first_node_id = number<uint32_t>(name, value);
  } else if (name == "--under-way") {
    s.load.under_way = whole();
  } else if (name == "--backfill") {
    s.backfill_days = real();
  } else if (name == "--end") {
    s.end_s = number<int64_t>(name, value);
  } else if (name == "--key") {
    s.load.key = value;
  } else if (name == "--seed") {
    s.load.seed = whole();
  } else {
    die(fmt::format("there is no option {}\n{}", name, kHelp));
  }
}

Settings parse(int argc, char** argv) {
  Settings s;
  for (int i = 1; i < argc; i += 2) {
    if (std::string_view(argv[i]) == "--help") {
      fmt::print("{}", kHelp);
      std::exit(0);
    }
    if (i + 1 == argc) die(fmt::format("{} needs a value", argv[i]));
    set_option(s, argv[i], argv[i + 1]);
  }
  if (s.to.has_value() != s.file.empty()) die("give either --to or --file");
  if (s.messages == 0 && !(s.seconds > 0)) die("give --messages or --seconds");
  if (!(s.rate >= 0 && s.rate <= 1e9)) die("--rate: give messages a second");
  if (!(s.backfill_days >= 0 && s.backfill_days <= 10'000)) die("--backfill: give days");
  if (s.backfill_days > 0 && s.messages == 0) die("--backfill needs --messages");
  if (!s.file.empty()) s.load.groups = 1;
  return s;
}

// ------------------------------------------------------------------------------------------ sinks

// Messages side by side; in a file each has its length before it.
struct Batch {
  std::unique_ptr<uint8_t[]> octets;
  std::vector<iovec> messages;
  size_t count = 0, size = 0;
};

class Sink {
 public:
  virtual ~Sink() = default;
  virtual bool send(size_t connection, Batch& batch, Counters& counters) = 0;
  virtual bool finish() = 0;
};

bool waits(int code) { return code == EAGAIN || code == EWOULDBLOCK || code == ENOBUFS; }

void wait_writable(int socket, Counters& counters) {
  const Nanoseconds begin = monotonic();
  pollfd ready{socket, POLLOUT, 0};
  static_cast<void>(::poll(&ready, 1, 100));
  counters.blocked += monotonic() - begin;
}

class Sockets : public Sink {
 public:
  Sockets(const simulate::live::Destination& to, size_t count) {
    const auto address = simulate::live::resolve(to);
    if (!address) die(address.error().message);
    const auto* const plain =
        static_cast<const sockaddr*>(static_cast<const void*>(&address->bytes));
    for (size_t i = 0; i < count; ++i) {
      const int type = to.tcp ? SOCK_STREAM : SOCK_DGRAM;
      const int one = ::socket(address->bytes.ss_family, type | SOCK_CLOEXEC, 0);
      if (one < 0 || ::connect(one, plain, address->size) != 0) {
        die(fmt::format("{}: {}", to.text(), std::strerror(errno)));
      }
      setsockopt(one, SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof kSendBuffer);
      sockets_.push_back(one);
    }
  }

 protected:
  std::vector<int> sockets_;
};

class UdpSink final : public Sockets {
 public:
  using Sockets::Sockets;
  bool send(size_t connection, Batch& batch, Counters& counters) override {
    for (size_t i = 0; i < batch.count; ++i) {
      headers_[i].msg_hdr.msg_iov = &batch.messages[i];
      headers_[i].msg_hdr.msg_iovlen = 1;
    }
    size_t done = 0;
    while (done < batch.count) {
      const int sent = ::sendmmsg(sockets_[connection], &headers_[done],
                                  static_cast<unsigned>(batch.count - done), MSG_DONTWAIT);
      if (sent > 0) {
        done += static_cast<size_t>(sent);
      } else if (errno == ECONNREFUSED) {
        ++counters.refused;  // of an earlier one
      } else if (waits(errno)) {
        if (g_stop) return false;
        wait_writable(sockets_[connection], counters);
      } else if (errno != EINTR) {
        ++counters.errors;
        ++done;
      }
    }
    return true;
  }
  bool finish() override { return true; }

 private:
  std::array<mmsghdr, kDatagrams> headers_{};
};

class TcpSink final : public Sockets {
 public:
  using Sockets::Sockets;
  bool send(size_t connection, Batch& batch, Counters& counters) override {
    size_t done = 0;
    while (done < batch.size) {
      const ssize_t sent = ::send(sockets_[connection], batch.octets.get() + done,
                                  batch.size - done, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent > 0) {
        done += static_cast<size_t>(sent);
      } else if (waits(errno)) {
        // A message that was begun is sent to its end, unless nobody takes it.
        if (g_stop) return false;
        wait_writable(sockets_[connection], counters);
      } else if (errno != EINTR) {
        fmt::print(stderr, "hep_load: {}\n", std::strerror(errno));
        ++counters.errors;
        return false;
      }
    }
    return true;
  }
  // Until the other side's kernel has all.
  bool finish() override {
    const Nanoseconds last = monotonic() + kLinger;
    for (const int one : sockets_) {
      ::shutdown(one, SHUT_WR);
      int queued = 1;
      while (ioctl(one, SIOCOUTQ, &queued) == 0 && queued > 0 && monotonic() < last) usleep(1000);
      if (queued > 0) return false;
    }
    return true;
  }
};

class FileSink final : public Sink {
 public:
  explicit FileSink(const std::string& path) : file_(std::fopen(path.c_str(), "wb")) {
    if (file_ == nullptr) die(fmt::format("cannot write {}: {}", path, std::strerror(errno)));
    std::setvbuf(file_, nullptr, _IONBF, 0);  // batches are large
  }
  bool send(size_t, Batch& batch, Counters&) override {
    return std::fwrite(batch.octets.get(), 1, batch.size, file_) == batch.size;
  }
  bool finish() override { return std::fclose(file_) == 0; }

 private:
  std::FILE* file_;
};

std::unique_ptr<Sink> make_sink(const Settings& s) {
  if (!s.file.empty()) return std::make_unique<FileSink>(s.file);
  if (s.to->tcp) return std::make_unique<TcpSink>(*s.to, s.load.groups);
  return std::make_unique<UdpSink>(*s.to, s.load.groups);
}

// ------------------------------------------------------------------------------------------- load

class Load final {
 public:
  explicit Load(const Settings& s)
      : s_(s),
        stream_(make_stream(s)),
        most_(s.to && !s.to->tcp ? kDatagrams : kStreamMessages),
        prefix_(s.file.empty() ? 0 : 4),
        sink_(make_sink(s)) {
    batch_.octets = std::make_unique<uint8_t[]>(most_ * (stream_.max_message() + prefix_));
    batch_.messages.resize(most_);
    burst_ = most_;
    if (s.rate > 0) {
      const double fits = s.rate * static_cast<double>(kBurst) / 1e9;
      burst_ = std::clamp<size_t>(static_cast<size_t>(fits), 1, most_);
    }
    const Nanoseconds now = read_clock(CLOCK_REALTIME);
    end_ = s.end_s != 0 ? s.end_s * kSecond : now;
    span_ = static_cast<Nanoseconds>(s.backfill_days * 86'400e9);
  }

  bool run();
  void print(bool good) const;

 private:
  static simulate::load::LoadStream make_stream(const Settings& s) {
    auto options = s.load;
    // A short run ends with few dialogs open.
    const auto paced = static_cast<uint64_t>(s.rate * s.seconds);
    const uint64_t planned = s.messages > 0 ? s.messages : paced;
    if (planned > 0) options.under_way = std::min(options.under_way, planned / 64 + 1);
    auto stream = simulate::load::LoadStream::make(options);
    if (!stream) die(stream.error().message);
    return std::move(*stream);
  }
  void pace();
  void fill(size_t connection, size_t count);
  Nanoseconds time_of(uint64_t message, Nanoseconds now, size_t behind) const {
    if (span_ == 0) return now - static_cast<Nanoseconds>(behind) * kMicrosecond;
    using Wide = __int128;
    return end_ - span_ + static_cast<Nanoseconds>(Wide{span_} * message / s_.messages);
  }

  const Settings& s_;
  simulate::load::LoadStream stream_;
  size_t most_, prefix_, burst_ = 0;
  std::unique_ptr<Sink> sink_;
  Batch batch_;
  Counters counters_;
  Nanoseconds end_ = 0, span_ = 0;
  Nanoseconds begin_ = 0, due_ = 0, took_ = 0;
  Nanoseconds cpu_before_ = 0;  // making the templates
};

// Waits until the next burst is due.
void Load::pace() {
  if (s_.rate <= 0) return;
  const auto each = static_cast<double>(kSecond) / s_.rate;
  due_ += static_cast<Nanoseconds>(each * static_cast<double>(burst_));
  const Nanoseconds now = monotonic();
  if (due_ > now) {
    const timespec until{due_ / kSecond, due_ % kSecond};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
  } else if (now - due_ > kMostCredit) {
    const Nanoseconds missed = now - due_ - kMostCredit;
    counters_.missed += static_cast<uint64_t>(static_cast<double>(missed) / each);
    due_ += missed;
  }
}

void Load::fill(size_t connection, size_t count) {
  const Nanoseconds now = span_ == 0 ? read_clock(CLOCK_REALTIME) : 0;
  uint8_t* out = batch_.octets.get();
  for (size_t i = 0; i < count; ++i) {
    const Timestamp time{time_of(counters_.sent + i, now, count - i)};
    uint8_t* const message = out + prefix_;
    const size_t size = stream_.next(connection, time, message);
    if (prefix_ != 0) {
      const uint32_t length = __builtin_bswap32(static_cast<uint32_t>(size));
      std::memcpy(out, &length, sizeof length);
    }
    batch_.messages[i] = {message, size};
    counters_.octets += size;
    out = message + size;
  }
  batch_.count = count;
  batch_.size = static_cast<size_t>(out - batch_.octets.get());
}

bool Load::run() {
  cpu_before_ = read_clock(CLOCK_PROCESS_CPUTIME_ID);
  begin_ = due_ = monotonic();
  const Nanoseconds last =
      s_.seconds > 0 ? begin_ + static_cast<Nanoseconds>(s_.seconds * 1e9) : INT64_MAX;
  bool good = true;
  for (size_t connection = 0; good && !g_stop; connection = (connection + 1) % s_.load.groups) {
    size_t count = burst_;
    if (s_.messages > 0) count = std::min<uint64_t>(count, s_.messages - counters_.sent);
    if (count == 0 || monotonic() >= last) break;
    const Nanoseconds before = monotonic();
    fill(connection, count);
    counters_.making += monotonic() - before;
    good = sink_->send(connection, batch_, counters_);
    if (good) counters_.sent += count;
    pace();
  }
  good = sink_->finish() && good;
  took_ = monotonic() - begin_;
  return good;
}

void Load::print(bool good) const {
  // The system's division into user and kernel is too coarse for bursts.
  const Nanoseconds cpu = read_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu_before_;
  const double seconds = static_cast<double>(took_) / 1e9;
  const auto sent = static_cast<double>(std::max<uint64_t>(counters_.sent, 1));
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.field("complete", good && !g_stop);
  json.field("sent", counters_.sent);
  json.field("octets", counters_.octets);
  json.field("dialogs", stream_.dialogs());
  json.field("seconds", seconds);
  json.field("rate", static_cast<double>(counters_.sent) / seconds);
  json.field("rate_wanted", s_.rate);
  json.field("missed", counters_.missed);
  json.field("blocked_s", static_cast<double>(counters_.blocked) / 1e9);
  json.field("errors", counters_.errors);
  json.field("refused", counters_.refused);
  json.field("mean_sip_octets", static_cast<double>(stream_.sip_bytes()) / sent);
  json.field("mean_hep_octets", static_cast<double>(counters_.octets) / sent);
  json.field("make_us_per_message", static_cast<double>(counters_.making) / 1e3 / sent);
  json.field("cpu_us_per_message", static_cast<double>(cpu) / 1e3 / sent);
  json.end_object();
  fmt::print("{}\n", out);
}

extern "C" void on_signal(int) { g_stop = true; }

}  // namespace

int main(int argc, char** argv) {
  const Settings settings = parse(argc, argv);
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  prctl(PR_SET_TIMERSLACK, 1UL);  // bursts of a millisecond come when they are due
  Load load(settings);
  const bool good = load.run();
  load.print(good);
  return good ? 0 : 1;
}
