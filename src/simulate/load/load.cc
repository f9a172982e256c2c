#include "simulate/load/load.h"

#include <algorithm>

#include "simulate/put.h"

namespace siploom::simulate::load {

Result<LoadStream> LoadStream::make(const LoadOptions& options) {
  if (options.sip_bytes > kMaxSipBytes || options.nodes < 1 || options.nodes > kMaxNodes ||
      options.groups < 1 || options.groups > kMaxGroups || options.key.size() > 256) {
    return fail(ErrorCode::InvalidArgument,
                "give a size up to 16000, 1 to 100 nodes, 1 to 256 connections, a short key");
  }
  if (options.under_way < 1 || options.under_way > (size_t{1} << 24)) {
    return fail(ErrorCode::InvalidArgument, "dialogs under way: give 1 to 16777216");
  }
  return LoadStream(options);
}

LoadStream::LoadStream(const LoadOptions& options)
    : options_(options),
      rng_(mix(options.seed, 0x10AD)),
      templates_(make_templates(options.seed, options.sip_bytes, options.key)),
      group_size_(std::max<size_t>(options.under_way / options.groups, 1)) {
  dialogs_under_way_.resize(group_size_ * options.groups);
  for (Dialog& dialog : dialogs_under_way_) begin(dialog);
}

void LoadStream::begin(Dialog& dialog) {
  const auto node = static_cast<uint32_t>(rng_.below(options_.nodes));
  dialog.begin(rng_, node, options_.first_node_id);
  dialog.flow = static_cast<uint16_t>(rng_.below(templates_.flows.size()));
}

size_t LoadStream::next(size_t group, Timestamp time, uint8_t* out) {
  Dialog& dialog = dialogs_under_way_[group * group_size_ + rng_.below(group_size_)];
  const Flow& flow = templates_.flows[dialog.flow];
  if (dialog.next == 0) ++dialogs_;
  const Template& message = flow[dialog.next];
  std::memcpy(out, message.octets.data(), message.octets.size());
  for (const Patch& patch : message.patches) {
    std::memcpy(out + patch.at, dialog.field(patch.field),
                kWidths[static_cast<size_t>(patch.field)]);
  }
  put_be32(out + kSecondsAt, static_cast<uint64_t>(time.ns / kSecond));
  put_be32(out + kMicrosecondsAt, static_cast<uint64_t>(time.ns % kSecond / kMicrosecond));
  sip_bytes_ += message.sip_bytes;
  if (++dialog.next == flow.size()) begin(dialog);
  return message.octets.size();
}

}  // namespace siploom::simulate::load
