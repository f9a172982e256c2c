// Alias: a name for an address, a block of them, a port there, as one agent sees it. AliasTable
// answers which one is meant.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/flat_map.h"
#include "base/net.h"
#include "base/result.h"

namespace siploom::admin {

struct Alias {
  int64_t id = 0;
  Cidr block;                     // octets behind the prefix are zero
  std::optional<uint16_t> port;   // nothing: any
  std::optional<uint32_t> agent;  // HEP capture id; nothing: any
  std::string name, note;

  // Whether both stand for the very same.
  bool same_place(const Alias& other) const {
    return block == other.block && port == other.port && agent == other.agent;
  }
};

// "10.0.0.1" and "24", "/24", "255.255.255.0" or nothing (one address, or what the address says
// itself); what is wrong otherwise.
Result<Cidr> parse_block(std::string_view address, std::string_view mask);
IpAddress masked(const IpAddress& address, unsigned prefix_bits);
// Name, note, block.
Result<void> check_alias(const Alias& alias);

// Immutable, so that many threads may ask the same one. The longest prefix wins; of one prefix the
// alias with port and agent, then with port, then with agent, then with neither.
class AliasTable final {
 public:
  AliasTable() = default;
  explicit AliasTable(std::vector<Alias> aliases);

  // Null: there is none. `agent` 0: not known.
  const Alias* find(const Endpoint& endpoint, uint32_t agent = 0) const;
  size_t size() const { return aliases_.size(); }
  const std::vector<Alias>& aliases() const { return aliases_; }

 private:
  struct Key {
    IpAddress network;
    uint32_t port = 0, prefix_bits = 0;
    uint64_t agent = 0;
    bool operator==(const Key&) const = default;
  };
  // What there is of one prefix length: bit 2 * has_port + has_agent.
  struct Length {
    uint8_t prefix_bits = 0;
    uint8_t kinds = 0;
  };
  static uint64_t hash_of(const Key& key);

  std::vector<Alias> aliases_;
  FlatMap<Key, uint32_t> by_place_;
  std::vector<Length> lengths_;  // the longest first
};

}  // namespace siploom::admin
