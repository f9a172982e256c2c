// MediaIndex: which call had announced a media endpoint last (SDP), for RTCP, reports and streams
// that do not name their call. Bounded; the oldest half goes when it is full. One thread.
#pragma once

#include <string>
#include <string_view>

#include "base/flat_map.h"
#include "model/call.h"

namespace siploom::pipeline {

class MediaIndex final {
 public:
  explicit MediaIndex(size_t most = 1u << 18) : most_(most) {}
  // Endpoints that the call's last SDP named.
  void add(const model::Call& call);
  // The Call-ID behind one of both ends; RTCP may use the port above (RFC 3550 11). Empty: none.
  std::string_view find(const Endpoint& src, const Endpoint& dst) const;

 private:
  using Map = FlatMap<Endpoint, std::string>;
  const std::string* find(const Endpoint& endpoint) const;
  static uint64_t hash(const Endpoint& endpoint);
  size_t most_;
  Map current_, previous_;
};

}  // namespace siploom::pipeline
