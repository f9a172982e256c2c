#include "capture/bpf_source.h"

#include <fmt/format.h>
#include <pcap/pcap.h>

#include <map>

namespace siploom::capture {

namespace {

class BpfSource final : public Source {
 public:
  BpfSource(std::unique_ptr<Source> source, std::string expression)
      : source_(std::move(source)), expression_(std::move(expression)) {}
  ~BpfSource() override {
    for (auto& [link, program] : programs_) pcap_freecode(&program);
  }
  Result<bool> next(FrameBatch& batch, size_t target_bytes) override {
    const bool more = SL_TRY(source_->next(batch, target_bytes));
    std::vector<Frame> kept;
    kept.reserve(batch.frames.size());
    for (const Frame& frame : batch.frames) {
      const bpf_program* program = SL_TRY(program_for(frame.link));
      const pcap_pkthdr header{{0, 0}, frame.captured, frame.original};
      if (pcap_offline_filter(program, &header, frame.data) != 0) kept.push_back(frame);
    }
    batch.frames.swap(kept);
    return more;
  }
  SourceStats stats() const override { return source_->stats(); }

 private:
  Result<const bpf_program*> program_for(LinkType link) {
    const auto known = programs_.find(link);
    if (known != programs_.end()) return &known->second;
    pcap_t* dead = pcap_open_dead(static_cast<int>(link), 262'144);
    bpf_program program{};
    const int failed = pcap_compile(dead, &program, expression_.c_str(), 1, PCAP_NETMASK_UNKNOWN);
    const std::string why = failed != 0 ? pcap_geterr(dead) : "";
    pcap_close(dead);
    if (failed != 0) return bad_expression(expression_, why);
    return &(programs_[link] = program);
  }

  std::unique_ptr<Source> source_;
  std::string expression_;
  std::map<LinkType, bpf_program> programs_;
};

}  // namespace

tl::unexpected<Error> bad_expression(const std::string& expression, const std::string& why) {
  return fail(ErrorCode::InvalidArgument,
              fmt::format("--bpf '{}': {} (see pcap-filter(7))", expression, why));
}

std::unique_ptr<Source> filtered(std::unique_ptr<Source> source, const std::string& expression) {
  if (expression.empty()) return source;
  return std::make_unique<BpfSource>(std::move(source), expression);
}

}  // namespace siploom::capture
