#include "packet/tcp.h"

#include <utility>

#include "base/flat_map.h"
#include "base/hash.h"
#include "packet/tcp_flow.h"

namespace siploom::packet {

namespace {

// Both directions of a connection have one key.
struct ConnectionKey {
  Endpoint low, high;
  bool operator==(const ConnectionKey&) const = default;
};
static_assert(sizeof(ConnectionKey) == 36, "hashed as octets, so there must be no padding");

uint64_t hash_of(const ConnectionKey& key) {
  return hash_bytes({reinterpret_cast<const uint8_t*>(&key), sizeof key});
}

struct Connection {
  ConnectionKey key;
  uint64_t hash = 0;
  std::unique_ptr<Flow> flows[2];  // from low to high, and back
  uint32_t acked[2] = {};          // what the other side acknowledged last of each
  bool has_acked[2] = {};
  ListLink<Connection> by_use;
};

}  // namespace

struct TcpReassembler::State {
  State(TcpReader& reader, const TcpLimits& limits)
      : max_flows(limits.max_flows), assembler(reader, limits) {}

  void add(const Datagram& datagram, const TcpSegment& segment);
  void begin_flow(Connection& connection, int side, const TcpSegment& segment,
                  const Datagram& datagram);
  void forget(Connection& connection);
  void make_room(const Connection& wanted);

  size_t max_flows;
  size_t flow_count = 0;
  StreamAssembler assembler;
  FlatMap<ConnectionKey, std::unique_ptr<Connection>> connections;
  IntrusiveList<Connection, &Connection::by_use> least_recently_used;
  Timestamp now;
};

TcpReassembler::TcpReassembler(TcpReader& reader, const TcpLimits& limits)
    : state_(std::make_unique<State>(reader, limits)) {}

TcpReassembler::~TcpReassembler() = default;

const TcpCounters& TcpReassembler::counters() const { return state_->assembler.counters(); }

void TcpReassembler::add(const Datagram& datagram, Timestamp time, uint64_t frame) {
  State& state = *state_;
  if (is_known(time)) state.now = time;
  TcpSegment segment;
  if (!parse_tcp(datagram, state.now, frame, segment)) {
    ++state.assembler.counters().malformed;
    return;
  }
  ++state.assembler.counters().segments;
  state.assembler.expire(state.now);
  state.add(datagram, segment);
}

void TcpReassembler::State::add(const Datagram& datagram, const TcpSegment& segment) {
  const int side = datagram.dst < datagram.src ? 1 : 0;
  const ConnectionKey key = side == 0 ? ConnectionKey{datagram.src, datagram.dst}
                                      : ConnectionKey{datagram.dst, datagram.src};
  const uint64_t hash = hash_of(key);
  const bool begins = segment.syn || segment.size() > 0;
  std::unique_ptr<Connection>* found = connections.find(hash, key);
  if (found == nullptr) {
    // Acknowledgements and ends of connections of which no data was seen tell nothing.
    if (!begins || segment.rst) return;
    found = connections.insert(hash, key).first;
    *found = std::make_unique<Connection>();
    (*found)->key = key;
    (*found)->hash = hash;
  }
  Connection& connection = **found;
  const int peer = 1 - side;
  if (segment.has_ack) {
    connection.acked[peer] = segment.ack;
    connection.has_acked[peer] = true;
    Flow* flow = connection.flows[peer].get();
    if (flow != nullptr) assembler.acknowledge(*flow, segment.ack, segment.time);
  }
  if (!begins && !segment.fin && !segment.rst) return;
  least_recently_used.push_back(connection);
  if (Flow* flow = connection.flows[side].get()) {
    if (assembler.add(*flow, segment)) return;
    assembler.close(*flow);
  }
  if (begins && !segment.rst) begin_flow(connection, side, segment, datagram);
}

void TcpReassembler::State::begin_flow(Connection& connection, int side, const TcpSegment& segment,
                                       const Datagram& datagram) {
  std::unique_ptr<Flow>& flow = connection.flows[side];
  const Flow* peer = connection.flows[1 - side].get();
  if (flow == nullptr) ++flow_count;
  make_room(connection);
  flow = std::make_unique<Flow>();
  flow->facts.src = datagram.src;
  flow->facts.dst = datagram.dst;
  flow->facts.id = assembler.new_flow_id();
  if (peer != nullptr) {
    flow->facts.peer_id = peer->facts.id;
    connection.flows[1 - side]->facts.peer_id = flow->facts.id;
  }
  const bool is_next = connection.has_acked[side] && connection.acked[side] == segment.sequence;
  assembler.begin(*flow, segment, is_next);
}

// `wanted` is the one that was used last, so it stays.
void TcpReassembler::State::make_room(const Connection& wanted) {
  while (flow_count > max_flows && least_recently_used.front() != &wanted) {
    Connection& oldest = *least_recently_used.front();
    for (const std::unique_ptr<Flow>& flow : oldest.flows) {
      if (flow != nullptr && flow->phase != Flow::Phase::Closed) ++assembler.counters().evicted;
    }
    forget(oldest);
  }
}

void TcpReassembler::State::forget(Connection& connection) {
  for (std::unique_ptr<Flow>& flow : connection.flows) {
    if (flow == nullptr) continue;
    assembler.close(*flow);
    --flow_count;
  }
  const ConnectionKey key = connection.key;
  connections.erase(connection.hash, key);
}

void TcpReassembler::expire(Timestamp now) { state_->assembler.expire(now); }

void TcpReassembler::finish() {
  // In order of use, so that two runs end alike.
  while (Connection* connection = state_->least_recently_used.front()) state_->forget(*connection);
}

}  // namespace siploom::packet
