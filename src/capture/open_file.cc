#include "capture/open_file.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "capture/ordered_source.h"
#include "capture/text/text_source.h"

namespace siploom::capture {

namespace {

constexpr size_t kHeadBytes = 64 * 1024;  // what a text dump is told by
constexpr uint64_t kSortWholeBytes =
    64u << 20;  // files up to this size are sorted wholly when they need it
constexpr size_t kMaxTextBytes = size_t{1} << 30;

using MakeReader = std::unique_ptr<FileReader> (*)(std::string, std::unique_ptr<Window>);

MakeReader reader_for(ByteSpan head) {
  if (is_pcap(head)) return pcap_reader;
  if (is_pcapng(head)) return pcapng_reader;
  if (is_snoop(head)) return snoop_reader;
  if (is_netmon(head)) return netmon_reader;
  if (is_spool(head)) return spool_reader;
  return nullptr;
}

std::string first_octets(ByteSpan head) {
  std::string out;
  for (const uint8_t octet : head.first(std::min<size_t>(4, head.size())))
    out += fmt::format(" {:02x}", octet);
  return out;
}

tl::unexpected<Error> not_a_capture(const std::string& name, const Window& window) {
  const ByteSpan head{window.data(), window.available()};
  if (window.error())
    return fail(ErrorCode::Malformed, fmt::format("{}: {}", name, window.error()->message));
  if (head.empty()) return fail(ErrorCode::Malformed, fmt::format("{}: is empty", name));
  if (as_text(head).starts_with("BZh")) {
    return fail(ErrorCode::Unsupported,
                fmt::format("{}: bzip2 is not read; use bzcat {} | siploom ... -", name, name));
  }
  return fail(
      ErrorCode::Malformed,
      fmt::format(
          "{}: not a capture: it begins with{}; siploom reads pcap, pcapng, snoop, NetMon, spooled "
          "HEP and text dumps, plain or in gzip, zstd, xz or lz4",
          name, first_octets(head)));
}

// Waits until the head is there, however slowly it comes.
void fill_head(Window& window, size_t size, const std::atomic<bool>* stop) {
  while (window.ensure(size) == Window::Status::Wait) {
    if (stop != nullptr && stop->load(std::memory_order_relaxed)) return;
    // A pipe whose writer pauses after a few packets: what is there is enough to tell the format.
    if (window.available() >= 24) return;
  }
}

Result<std::unique_ptr<Source>> open_text_window(const std::string& name, Window& window,
                                                 const std::atomic<bool>* stop) {
  auto text = std::make_shared<std::string>();
  while (true) {
    const auto status = window.ensure(window.available() + kHeadBytes);
    if (status == Window::Status::Wait) {
      if (stop != nullptr && stop->load(std::memory_order_relaxed)) break;
      continue;
    }
    if (status == Window::Status::Short || window.available() > kMaxTextBytes) break;
  }
  text->assign(as_text({window.data(), std::min(window.available(), kMaxTextBytes)}));
  return open_text(name, std::move(text));
}

// Whether a mapped file's frames are out of order; read once to see, with nothing kept.
bool is_disordered(FileReader& reader) {
  FrameBatch batch;
  Timestamp last = kNoTime;
  FileReader::Step step = FileReader::Step::More;
  while (step == FileReader::Step::More) {
    batch.clear();
    step = reader.read(batch, kHeadBytes * 8);
    for (const Frame& frame : batch.frames) {
      if (frame.time < last) return true;
      last = frame.time;
    }
  }
  return false;
}

Result<std::unique_ptr<Source>> open_window(const std::string& name, std::unique_ptr<Window> window,
                                            const std::atomic<bool>* stop, int depth) {
  fill_head(*window, 24, stop);
  ByteSpan head{window->data(), window->available()};
  if (const Compression kind = compression_of(head); kind != Compression::None && depth < 2) {
    const Timestamp modified = window->modified();
    // The window lives on as the decompressor's input.
    struct FromWindow final : ByteSource {
      explicit FromWindow(std::unique_ptr<Window> w) : from(std::move(w)) {}
      Result<Read> read(uint8_t* to, size_t size) override {
        const auto status = from->available() != 0 ? Window::Status::Ready : from->ensure(1);
        if (status == Window::Status::Wait) return Read{Status::Wait, 0};
        if (status == Window::Status::Short && from->error())
          return tl::unexpected<Error>(*from->error());
        if (status == Window::Status::Short) return Read{};
        const size_t take = std::min(size, from->available());
        std::copy_n(from->data(), take, to);
        from->advance(take);
        from->release_before(from->offset());
        return Read{Status::Data, take};
      }
      std::unique_ptr<Window> from;
    };
    auto inflated =
        Window::stream(decompressor(kind, std::make_unique<FromWindow>(std::move(window))));
    inflated->set_modified(modified);
    return open_window(name, std::move(inflated), stop, depth + 1);
  }
  if (may_be_spool(head)) {
    fill_head(*window, spool_head_bytes(head), stop);
    head = {window->data(), window->available()};
  }
  if (const MakeReader make = reader_for(head)) {
    const bool small = window->is_mapped() && window->size() <= kSortWholeBytes;
    const ByteSpan whole = small ? ByteSpan{window->data(), window->available()} : ByteSpan{};
    bool sort_whole = false;
    if (small) {
      auto twin = Window::memory(whole);
      twin->set_modified(window->modified());
      const auto once = make(name, std::move(twin));
      sort_whole = is_disordered(*once);
    }
    return std::unique_ptr<Source>(
        std::make_unique<OrderedSource>(make(name, std::move(window)), sort_whole));
  }
  fill_head(*window, kHeadBytes, stop);
  const ByteSpan more{window->data(), std::min(window->available(), kHeadBytes)};
  if (looks_like_text_dump(as_text(more))) return open_text_window(name, *window, stop);
  return not_a_capture(name, *window);
}

}  // namespace

Result<std::unique_ptr<Source>> open_file(const std::string& path, const std::atomic<bool>* stop) {
  if (path == "-") {
    auto window = Window::stream(descriptor_source(STDIN_FILENO, stop));
    struct stat info {};
    if (::fstat(STDIN_FILENO, &info) == 0 && S_ISREG(info.st_mode))
      window->set_modified({info.st_mtim.tv_sec * kSecond + info.st_mtim.tv_nsec});
    return open_window("standard input", std::move(window), stop, 0);
  }
  return open_window(path, SL_TRY(Window::map(path)), stop, 0);
}

Result<std::unique_ptr<Source>> open_memory(const std::string& name, ByteSpan bytes) {
  return open_window(name, Window::memory(bytes), nullptr, 0);
}

}  // namespace siploom::capture
