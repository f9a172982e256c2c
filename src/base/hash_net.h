// Hashes of addresses and endpoints as keys of tables.
#pragma once

#include "base/hash.h"
#include "base/net.h"

namespace siploom {

inline uint64_t hash_address(const IpAddress& address) {
  return mix(load_le64(&address.octets[0]) ^ hash_seed(), load_le64(&address.octets[8]));
}
// The port by a fold of its own: beside the address it would cancel out with a neighbour's.
inline uint64_t hash_endpoint(const Endpoint& endpoint) {
  return mix(hash_address(endpoint.address), endpoint.port);
}

}  // namespace siploom
