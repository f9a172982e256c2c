#include "capture/live_source.h"

#include <fmt/format.h>
#include <pcap/pcap.h>
#include <poll.h>

#include <cstring>

#include "capture/bpf_source.h"
#include "capture/privileges.h"

namespace siploom::capture {

namespace {

constexpr int kLivePatienceMs = 100;
constexpr int kMostRests = 64;
constexpr size_t kLiveBlockBytes = 1u << 20;

std::string interface_names() {
  pcap_if_t* all = nullptr;
  char error[PCAP_ERRBUF_SIZE] = {};
  std::string out;
  if (pcap_findalldevs(&all, error) != 0) return out;
  for (const pcap_if_t* each = all; each != nullptr; each = each->next) {
    if (!out.empty()) out += ", ";
    out += each->name;
  }
  pcap_freealldevs(all);
  return out;
}

class LiveSource final : public Source {
 public:
  LiveSource(pcap_t* handle, const std::atomic<bool>* stop) : handle_(handle), stop_(stop) {
    link_ = static_cast<LinkType>(pcap_datalink(handle));
    nanoseconds_ = pcap_get_tstamp_precision(handle) == PCAP_TSTAMP_PRECISION_NANO;
    ready_.fd = pcap_get_selectable_fd(handle);
    ready_.events = POLLIN;
  }
  ~LiveSource() override { pcap_close(handle_); }

  Result<bool> next(FrameBatch& batch, size_t target_bytes) override {
    batch.clear();
    while (batch.file_bytes < target_bytes) {
      if (stop_ != nullptr && stop_->load(std::memory_order_relaxed))
        break;  // then rest() is asked
      pcap_pkthdr* header = nullptr;
      const u_char* data = nullptr;
      const int got = pcap_next_ex(handle_, &header, &data);
      if (got == 0 && (batch.frames.size() != 0 || !wait())) break;  // give what is there
      if (got == 0) continue;
      if (got < 0)
        return fail(ErrorCode::Io, fmt::format("capture ended: {}", pcap_geterr(handle_)));
      add(batch, *header, data);
    }
    return true;
  }

  // The kernel hands packets over in blocks: what came before the stop may be some blocks behind,
  // and the last may still be open. On a busy wire there is no end of them.
  Result<bool> rest(FrameBatch& batch) override {
    batch.clear();
    stop_ = nullptr;
    while (rests_ < kMostRests) {
      ++rests_;
      const bool ready = wait();
      SL_TRY(next(batch, kLiveBlockBytes));
      if (!batch.frames.empty()) return true;
      if (!ready && rests_ > 1) break;  // the first wait may have ended by the signal to stop
    }
    return false;
  }

  SourceStats stats() const override {
    SourceStats out;
    out.frames = frames_;
    out.bytes = bytes_;
    pcap_stat counts{};
    if (pcap_stats(handle_, &counts) == 0)
      out.kernel_dropped = uint64_t{counts.ps_drop} + counts.ps_ifdrop;
    return out;
  }

 private:
  // False when nothing came, or a signal did. libpcap's own wait has no end on a quiet wire.
  bool wait() { return ::poll(&ready_, 1, kLivePatienceMs) > 0; }

  void add(FrameBatch& batch, const pcap_pkthdr& header, const u_char* data) {
    if (block_ == nullptr || kLiveBlockBytes - used_ < header.caplen) {
      block_ =
          std::shared_ptr<uint8_t[]>(new uint8_t[std::max<size_t>(kLiveBlockBytes, header.caplen)]);
      used_ = 0;
    }
    if (batch.owners.empty() || batch.owners.back() != block_) batch.owners.push_back(block_);
    Frame& frame = batch.frames.emplace_back();
    std::memcpy(block_.get() + used_, data, header.caplen);
    frame.data = block_.get() + used_;
    used_ += header.caplen;
    frame.captured = header.caplen;
    frame.original = header.len;
    frame.link = link_;
    frame.time.ns = int64_t{header.ts.tv_sec} * kSecond +
                    int64_t{header.ts.tv_usec} * (nanoseconds_ ? 1 : 1000);
    batch.file_bytes += header.caplen;
    ++frames_;
    bytes_ += header.caplen;
  }

  pcap_t* handle_;
  const std::atomic<bool>* stop_;
  LinkType link_ = LinkType::Ethernet;
  bool nanoseconds_ = false;
  int rests_ = 0;
  pollfd ready_{};
  std::shared_ptr<uint8_t[]> block_;
  size_t used_ = 0;
  uint64_t frames_ = 0, bytes_ = 0;
};

tl::unexpected<Error> explain(const OpenOptions& options, pcap_t* handle, int code) {
  const std::string detail = pcap_geterr(handle);
  if (code == PCAP_ERROR_NO_SUCH_DEVICE) {
    return fail(ErrorCode::NotFound, fmt::format("no interface '{}'; there are: {}",
                                                 options.interface, interface_names()));
  }
  if (code == PCAP_ERROR_PERM_DENIED) {
    return fail(ErrorCode::Io, fmt::format("no right to capture on '{}'; run as root, or once: "
                                           "setcap cap_net_raw+ep $(which siploom)",
                                           options.interface));
  }
  return fail(ErrorCode::Io, fmt::format("cannot capture on '{}': {} {}", options.interface,
                                         pcap_statustostr(code), detail));
}

Result<void> set_filter(const OpenOptions& options, pcap_t* handle) {
  if (options.bpf.empty()) return {};
  bpf_program program{};
  if (pcap_compile(handle, &program, options.bpf.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0) {
    return bad_expression(options.bpf, pcap_geterr(handle));
  }
  const int failed = pcap_setfilter(handle, &program);
  pcap_freecode(&program);
  if (failed != 0) return bad_expression(options.bpf, pcap_geterr(handle));
  return {};
}

}  // namespace

Result<std::unique_ptr<Source>> open_live(const OpenOptions& options) {
  char error[PCAP_ERRBUF_SIZE] = {};
  pcap_t* handle = pcap_create(options.interface.c_str(), error);
  if (handle == nullptr)
    return fail(ErrorCode::Io, fmt::format("cannot capture on '{}': {}", options.interface, error));
  pcap_set_snaplen(handle, static_cast<int>(std::min(options.snaplen, 262'144u)));
  pcap_set_promisc(handle, options.promiscuous ? 1 : 0);
  pcap_set_timeout(handle, kLivePatienceMs);
  pcap_set_buffer_size(handle, static_cast<int>(options.kernel_buffer_bytes));
  pcap_set_tstamp_precision(handle, PCAP_TSTAMP_PRECISION_NANO);
  const int code = pcap_activate(handle);
  if (code < 0) {
    auto why = explain(options, handle, code);
    pcap_close(handle);
    return why;
  }
  if (pcap_setnonblock(handle, 1, error) != 0) {
    pcap_close(handle);
    return fail(ErrorCode::Io, fmt::format("cannot capture on '{}': {}", options.interface, error));
  }
  auto source = std::make_unique<LiveSource>(handle, options.stop);
  SL_TRY_VOID(set_filter(options, handle));
  if (options.drop_privileges) SL_TRY_VOID(drop_privileges(options.writes_files));
  return std::unique_ptr<Source>(std::move(source));
}

}  // namespace siploom::capture
