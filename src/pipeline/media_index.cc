#include "pipeline/media_index.h"

#include <utility>

#include "base/hash.h"

namespace siploom::pipeline {

uint64_t MediaIndex::hash(const Endpoint& e) {
  return mix(load_le64(&e.address.octets[0]) ^ load_le64(&e.address.octets[8]) ^ hash_seed(),
             uint64_t{e.port} + 1);
}

void MediaIndex::add(const model::Call& call) {
  for (const model::MediaEndpoint& media : call.media) {
    if (media.where.port == 0 || media.where.address.is_unspecified()) continue;
    if (current_.size() >= most_ / 2) previous_ = std::exchange(current_, Map{});
    std::string& slot = *current_.insert(hash(media.where), media.where).first;
    if (slot != model::call_id(call)) slot = model::call_id(call);
  }
}

const std::string* MediaIndex::find(const Endpoint& endpoint) const {
  const uint64_t h = hash(endpoint);
  if (const std::string* found = current_.find(h, endpoint)) return found;
  return previous_.find(h, endpoint);
}

std::string_view MediaIndex::find(const Endpoint& src, const Endpoint& dst) const {
  for (const Endpoint* end : {&dst, &src}) {
    if (const std::string* found = find(*end)) return *found;
    if (end->port == 0) continue;
    const Endpoint below{end->address, static_cast<uint16_t>(end->port - 1)};
    if (const std::string* found = find(below)) return *found;
  }
  return {};
}

}  // namespace siploom::pipeline
