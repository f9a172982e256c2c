#include "view/ladder_layout.h"

#include <fmt/format.h>

#include <unordered_map>

namespace siploom::view {

using model::Message;

namespace {

class Layout {
 public:
  Layout(const std::vector<Message>& messages, const LadderOptions& options)
      : messages_(messages), options_(options) {}

  LadderLayout make() {
    find_lanes();
    fold();
    for (LadderStep& step : out_.steps) step.label = label_of(step);
    return std::move(out_);
  }

 private:
  std::string key_of(const Endpoint& e) const {
    return options_.by_ip ? format_ip(e.address) : format_endpoint(e);
  }
  std::string title_of(const Endpoint& e) const {
    for (const std::string& name : {format_endpoint(e), format_ip(e.address)}) {
      const auto alias = options_.aliases.find(name);
      if (alias != options_.aliases.end()) return safe(alias->second);
    }
    return key_of(e);
  }
  size_t lane_of(const Endpoint& e) {
    const std::string key = key_of(e);
    for (size_t i = 0; i < out_.lanes.size(); ++i) {
      if (out_.lanes[i].key == key) return i;
    }
    // Beyond what can be drawn, the last lane stands for all the others.
    if (out_.lanes.size() == kMaxLadderLanes) return kMaxLadderLanes - 1;
    out_.lanes.push_back({key, out_.lanes.size() + 1 == kMaxLadderLanes ? "others" : title_of(e)});
    return out_.lanes.size() - 1;
  }

  // Requests go from left to right where they can: each sender stands before whom it sends to.
  void find_lanes() {
    for (const Message& message : messages_) {
      const bool request = message.status == 0;
      lane_of(request ? message.src : message.dst);
      lane_of(request ? message.dst : message.src);
    }
  }

  // RFC 3261 17: the same request or response of the same transaction over the same hop.
  static std::string identity_of(const Message& m) {
    return fmt::format("{}|{}|{}|{}|{}|{}|{}|{}", m.status, m.method, m.cseq, m.branch, m.to_tag,
                       format_endpoint(m.src), format_endpoint(m.dst), m.call_id);
  }

  void fold() {
    std::unordered_map<std::string, size_t> known;
    for (size_t i = 0; i < messages_.size(); ++i) {
      const Message& message = messages_[i];
      if (!options_.unfold) {
        const auto [at, fresh] = known.emplace(identity_of(message), out_.steps.size());
        if (!fresh) {
          out_.steps[at->second].repeated.push_back(message.time);
          out_.steps[at->second].repeated_at.push_back(i);
          continue;
        }
      }
      LadderStep step;
      step.message = &message;
      step.index = i;
      step.from = lane_of(message.src);
      step.to = lane_of(message.dst);
      out_.steps.push_back(std::move(step));
    }
  }

  std::string label_of(const LadderStep& step) const {
    const Message& m = *step.message;
    std::string label =
        m.status == 0 ? safe(m.method) : safe(fmt::format("{} {}", m.status, m.reason));
    if (m.status != 0 && m.cseq_method != "INVITE" && !m.cseq_method.empty())
      label += fmt::format(" ({})", safe(m.cseq_method));
    if (!m.sdp.empty()) label += " SDP";
    if (!step.repeated.empty()) label += fmt::format(" x{}", step.repeated.size() + 1);
    return label;
  }

  const std::vector<Message>& messages_;
  const LadderOptions& options_;
  LadderLayout out_;
};

}  // namespace

LadderLayout lay_out_ladder(const std::vector<Message>& messages, const LadderOptions& options) {
  return Layout(messages, options).make();
}

}  // namespace siploom::view
