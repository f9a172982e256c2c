#include "pipeline/match_consumer.h"

#include <algorithm>

#include "pipeline/message_subject.h"

namespace siploom::pipeline {

namespace {

struct Matches final : ConsumerData {
  std::vector<bool> matched;  // by message of the chunk
};

// A context-free filter can be refused by a text that every match must hold; the longest refuses
// most.
std::unique_ptr<Finder> literal_of(const MatchOptions& options) {
  const bool needs_others = options.invert || options.dialogs || options.context_after != 0;
  if (options.filter == nullptr || needs_others) return nullptr;
  const auto longest = [](const std::vector<std::string>& texts) {
    const auto shorter = [](const auto& a, const auto& b) { return a.size() < b.size(); };
    const auto found = std::max_element(texts.begin(), texts.end(), shorter);
    return found == texts.end() ? std::string() : *found;
  };
  const std::string exact = longest(options.filter->required_literals());
  if (!exact.empty()) return std::make_unique<Finder>(exact);
  const std::string word = longest(options.filter->required_words());
  return word.empty() ? nullptr : std::make_unique<Finder>(word, LetterCase::Any);
}

}  // namespace

MatchConsumer::MatchConsumer(const MatchOptions& options, OnMessage on_message)
    : options_(options), on_message_(std::move(on_message)), literal_(literal_of(options)) {}

Consumer::Wants MatchConsumer::wants() const { return {wants_facts(), false, literal_.get()}; }

void MatchConsumer::prepare(Chunk& chunk) {
  auto found = std::make_unique<Matches>();
  found->matched.assign(chunk.messages.size(), options_.filter == nullptr);
  if (options_.filter != nullptr) {
    const auto view = std::make_unique<sip::MessageView>();
    for (size_t i = 0; i < chunk.messages.size(); ++i) {
      const Message& message = chunk.messages[i];
      if (!message.wanted) continue;
      view->parse(message.record.payload, message.record.transport == Transport::Udp);
      const MessageSubject subject(message.record, *view);
      found->matched[i] = options_.filter->matches(subject) != options_.invert;
    }
  }
  chunk.data = std::move(found);
}

bool MatchConsumer::is_given(const Message& message, bool matched) {
  if (options_.call_ids != nullptr && !options_.call_ids->contains(message.facts.call_hash)) {
    return false;
  }
  if (matched) {
    if (options_.dialogs && !message.facts.call_id.empty())
      dialogs_.insert(message.facts.call_hash);
    context_left_ = options_.context_after;
    return true;
  }
  if (options_.dialogs && dialogs_.contains(message.facts.call_hash)) return true;
  if (context_left_ == 0) return false;
  --context_left_;
  return true;
}

void MatchConsumer::consume(size_t, Chunk& chunk) {
  if (before_chunk) before_chunk(chunk);
  const auto& matched = static_cast<const Matches&>(*chunk.data).matched;
  for (size_t i = 0; i < chunk.messages.size() && !is_satisfied(); ++i) {
    const Message& message = chunk.messages[i];
    if (!message.wanted || !may_be_given(matched[i])) continue;
    const uint64_t hash = wants_facts() ? message.copy_hash : copy_hash_of(message.record);
    if (copy_filter_.is_copy(message.record.time, message.record.copy_key, hash)) {
      ++copies_seen_;
      continue;
    }
    if (!is_given(message, matched[i])) continue;
    if (matched[i]) ++matches_;
    view_.parse(message.record.payload, message.record.transport == Transport::Udp);
    if (!on_message_(message, view_, chunk, matched[i])) satisfied_.store(true);
  }
  if (is_known(chunk.counters.last)) copy_filter_.advance(chunk.counters.last);
  if (on_chunk) on_chunk();
}

}  // namespace siploom::pipeline
