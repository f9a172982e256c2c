// LoadStream: HEP v3 messages of ever new SIP dialogs, as fast as memory goes: for benchmarks of
// collectors. The same options give the same octets. One thread.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "simulate/load/templates.h"

namespace siploom::simulate::load {

constexpr size_t kMaxSipBytes = 16'000;
constexpr uint32_t kMaxNodes = 100;
constexpr size_t kMaxGroups = 256;

struct LoadOptions {
  uint64_t seed = 1;
  size_t sip_bytes = 700;  // mean
  uint32_t nodes = 4, first_node_id = 2001;
  // A dialog's messages stay within one group (a connection), in order.
  size_t groups = 1;
  size_t under_way = 8192;  // dialogs whose messages mingle, of all groups
  std::string key;
};

class LoadStream final {
 public:
  // InvalidArgument: says which option.
  static Result<LoadStream> make(const LoadOptions& options);

  // The next message of a group into `out`, which holds max_message(); gives its octets.
  size_t next(size_t group, Timestamp time, uint8_t* out);
  size_t max_message() const { return templates_.largest; }
  const TemplateSet& templates() const { return templates_; }
  uint64_t dialogs() const { return dialogs_; }  // begun
  uint64_t sip_bytes() const { return sip_bytes_; }

 private:
  explicit LoadStream(const LoadOptions& options);
  void begin(Dialog& dialog);

  LoadOptions options_;
  Rng rng_;
  TemplateSet templates_;
  std::vector<Dialog> dialogs_under_way_;  // those of a group side by side
  size_t group_size_;
  uint64_t dialogs_ = 0, sip_bytes_ = 0;
};

}  // namespace siploom::simulate::load
