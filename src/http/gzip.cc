#include "http/gzip.h"

#include <zlib.h>

#include <algorithm>

#include "base/check.h"
#include "base/text.h"

namespace siploom::http {

namespace {

constexpr int kLevel = 4;
constexpr int kGzipWindow = 15 + 16;  // zlib's way to ask for the gzip wrapper
constexpr size_t kInputAtOnce = 1u << 20;

// "q=0", "q=0.000": not acceptable.
bool is_refused(std::string_view parameters) {
  while (!parameters.empty()) {
    const Halves cut = split_once(parameters, ';');
    parameters = cut.after;
    const Halves halves = split_once(cut.before, '=');
    if (!iequals(trim(halves.before), "q")) continue;
    const auto weight = parse_number<double>(trim(halves.after));
    return !weight || !(*weight > 0);
  }
  return false;
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) {
  bool any = false, named = false, refused = false;
  while (!accept_encoding.empty()) {
    const Halves item = split_once(accept_encoding, ',');
    accept_encoding = item.after;
    const Halves halves = split_once(item.before, ';');
    const std::string_view coding = trim(halves.before);
    const bool no = is_refused(halves.after);
    if (iequals(coding, "gzip") || iequals(coding, "x-gzip")) (no ? refused : named) = true;
    if (coding == "*" && !no) any = true;
  }
  return named || (any && !refused);
}

bool is_compressible(std::string_view content_type) {
  const std::string type = lower(trim(split_once(content_type, ';').before));
  if (type == "text/event-stream") return false;
  if (type.starts_with("text/") || type.ends_with("+json") || type.ends_with("+xml")) return true;
  constexpr std::string_view kTypes[] = {"application/json",       "application/x-ndjson",
                                         "application/javascript", "application/xml",
                                         "application/yaml",       "application/wasm"};
  return std::find(std::begin(kTypes), std::end(kTypes), type) != std::end(kTypes);
}

struct GzipStream::State {
  z_stream z{};

  std::string run(std::string_view bytes, int flush) {
    std::string out;
    do {
      const std::string_view part = bytes.substr(0, kInputAtOnce);
      bytes.remove_prefix(part.size());
      z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
      z.avail_in = static_cast<uInt>(part.size());
      const int how = bytes.empty() ? flush : Z_NO_FLUSH;
      int code = Z_OK;
      do {
        const size_t at = out.size();
        out.resize(at + std::max<size_t>(256, part.size() / 3));
        z.next_out = reinterpret_cast<Bytef*>(out.data() + at);
        z.avail_out = static_cast<uInt>(out.size() - at);
        code = deflate(&z, how);
        SL_CHECK(code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR);
        out.resize(out.size() - z.avail_out);
      } while (z.avail_out == 0);
    } while (!bytes.empty());
    return out;
  }
};

GzipStream::GzipStream() : state_(std::make_unique<State>()) {
  SL_CHECK(deflateInit2(&state_->z, kLevel, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) ==
           Z_OK);
}
GzipStream::~GzipStream() { deflateEnd(&state_->z); }

std::string GzipStream::write(std::string_view bytes) {
  return bytes.empty() ? std::string() : state_->run(bytes, Z_SYNC_FLUSH);
}
std::string GzipStream::finish(std::string_view last) { return state_->run(last, Z_FINISH); }

}  // namespace siploom::http
