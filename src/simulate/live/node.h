// Nodes: who reports what. "edge1" stands where all messages pass and reports each; "pbx1" reports
// those that it sends or receives, by a clock of its own; "media1" reports the RTCP that passes it.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "simulate/feed.h"
#include "simulate/live/link.h"

namespace siploom::simulate::live {

constexpr size_t kNodes = 3;
constexpr size_t kEdge = 0, kPbx = 1, kMedia = 2;
// How far each clock is ahead; the simulation's own is that of the edge.
constexpr std::array<Nanoseconds, kNodes> kAhead = {0, 3'200 * kMicrosecond, -1'100 * kMicrosecond};

struct NodeOptions {
  // In the order edge, pbx, media; missing or empty ones are as they are by default.
  std::vector<std::string> profiles, names;
  uint32_t capture_id = 2001;  // of the edge; the others follow
  std::string key;
};

struct Node {
  std::string name, profile;
  uint32_t capture_id = 0;
  Link* link = nullptr;
  uint64_t unencodable = 0;  // larger than a HEP message
};

class Nodes final {
 public:
  // InvalidArgument: a profile that is none, or that cannot say what its node has to.
  static Result<std::unique_ptr<Nodes>> make(const NodeOptions& options);
  // Not before this anything is sent; links outlive the nodes.
  void set_link(size_t node, Link& link) { nodes_[node].link = &link; }
  const std::array<Node, kNodes>& nodes() const { return nodes_; }

  // `wall`: what the edge's clock shows. True: the pbx saw it, too.
  bool sip(const SeenSip& seen, Nanoseconds wall);
  void rtcp(const SeenReport& seen, Nanoseconds wall);

 private:
  explicit Nodes(const NodeOptions& options);
  Result<void> check() const;
  void log(const SeenSip& seen, const hep::HepInput& message);
  void send(size_t node, Kind kind, hep::HepInput& input);

  std::array<Node, kNodes> nodes_;
  std::string key_;
  size_t logger_ = kEdge;
  bool logs_ = false, pbx_reports_rtcp_ = false;
};

}  // namespace siploom::simulate::live
