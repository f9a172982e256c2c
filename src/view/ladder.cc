#include "view/ladder.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "view/ladder_layout.h"

namespace siploom::view {

using model::Message;

namespace {

constexpr size_t kMinLane = 14;  // between two lanes, below which names and arrows say nothing
constexpr size_t kMaxLane = 44;
constexpr size_t kClockColumns = 12;  // 01:25:02.123
constexpr size_t kDeltaColumns = 9;
constexpr size_t kGutter = kClockColumns + kDeltaColumns + 2;
constexpr size_t kNarrowGutter = kClockColumns + 1;  // without deltas
constexpr size_t kGoodLane = 18;                     // "100 Trying" and an arrow's ends
constexpr Nanoseconds kSilence = 5 * kSecond;
constexpr size_t kWideRemarks = 36;  // remarks stand to the right only when there is room for them

struct Marks {
  std::string_view line, dash, right, left, loop;
};
constexpr Marks kUnicode = {"│", "─", "▶", "◀", "↺"};
constexpr Marks kAscii = {"|", "-", ">", "<", "@"};

using Lane = LadderLane;
using Step = LadderStep;

class Ladder {
 public:
  Ladder(const std::vector<Message>& messages, const LadderOptions& options)
      : messages_(messages), options_(options), marks_(options.ascii ? kAscii : kUnicode) {}

  std::string text() {
    if (messages_.empty()) return "";
    LadderLayout layout_of = lay_out_ladder(messages_, options_);
    lanes_ = std::move(layout_of.lanes);
    steps_ = std::move(layout_of.steps);
    layout();
    write_heads();
    // A delta is to the time in the line above; silence ends with what was folded there, too.
    Timestamp above = messages_.front().time, last = above;
    for (const Step& step : steps_) {
      const Timestamp time = step.message->time;
      if (time - last >= kSilence) write_silence(time - last);
      write_step(step, time - above);
      above = last = time;
      if (!step.repeated.empty()) last = std::max(last, step.repeated.back());
    }
    return std::move(out_);
  }

 private:
  void layout() {
    size_t widest = kMinLane;
    for (const Lane& lane : lanes_) widest = std::max(widest, display_width(lane.title) + 2);
    for (const Step& step : steps_) widest = std::max(widest, display_width(step.label) + 6);
    lane_width_ = std::min(widest, kMaxLane);
    const size_t gaps = lanes_.size();
    if (options_.width != 0) {
      // Where it is tight the messages matter more than the deltas.
      if (options_.width < kGutter + gaps * kGoodLane) gutter_ = kNarrowGutter;
      const size_t room = options_.width > gutter_ ? options_.width - gutter_ : 0;
      // Remarks get the right edge if the lanes leave enough for them; else they go below their
      // arrow.
      remarks_right_ = room >= gaps * lane_width_ + kWideRemarks;
      lane_width_ = std::max(std::min<size_t>(lane_width_, room / gaps), size_t{6});
      remark_room_ = remarks_right_ ? room - gaps * lane_width_ : room;
    } else {
      remark_room_ = 200;
    }
    // Lane names that do not fit are replaced by letters with a legend above.
    for (size_t i = 0; i < lanes_.size(); ++i) {
      if (display_width(lanes_[i].title) + 1 > lane_width_) legend_ = true;
    }
  }

  size_t center_of(size_t lane) const { return lane_width_ / 2 + lane * lane_width_; }

  void line(std::string text) {
    text.erase(text.find_last_not_of(' ') + 1);
    out_ += text + "\n";
  }

  void write_heads() {
    if (legend_) {
      for (size_t i = 0; i < lanes_.size(); ++i)
        line(fmt::format("{} = {}", letter(i), lanes_[i].title));
    }
    std::string heads(gutter_, ' ');
    for (size_t i = 0; i < lanes_.size(); ++i) {
      heads += fit(legend_ ? letter(i) : lanes_[i].title, lane_width_, Align::Center);
    }
    line(paint(Role::Heading, heads, options_.color));
    line(std::string(gutter_, ' ') + bars());
  }

  static std::string letter(size_t i) { return std::string(1, static_cast<char>('A' + i)); }

  std::string bars() const {
    std::string out;
    for (size_t lane = 0; lane < lanes_.size(); ++lane) {
      out += std::string(lane_width_ / 2, ' ');
      out += marks_.line;
      out += std::string(lane_width_ - lane_width_ / 2 - 1, ' ');
    }
    return out;
  }

  std::string arrow(const Step& step) const {
    std::string out;
    const size_t low = std::min(step.from, step.to), high = std::max(step.from, step.to);
    const std::string label = step.label;
    const Role role = role_of_status(step.message->status);
    const size_t columns = lanes_.size() * lane_width_;
    for (size_t at = 0; at < columns;) {
      const size_t lane = at / lane_width_;
      const bool at_center = at == center_of(std::min(lane, lanes_.size() - 1));
      if (at == center_of(low) && low != high) {
        const size_t size = center_of(high) - center_of(low) - 1;
        out += marks_.line;
        out += paint(role, shaft(label, size, step.to > step.from), options_.color);
        out += marks_.line;
        at = center_of(high) + 1;
      } else if (low == high && at == center_of(low)) {
        // To itself: the label stands beside the lane.
        const std::string text =
            fit_width(std::string(marks_.loop) + " " + label, columns - at - 1);
        out += marks_.line;
        out += paint(role, text, options_.color);
        at += 1 + display_width(text);
        // Lanes that the label has covered are not drawn.
      } else {
        if (at_center) {
          out += marks_.line;
        } else {
          out += ' ';
        }
        ++at;
      }
    }
    return out;
  }

  // "── INVITE SDP ──▶" in `size` columns.
  std::string shaft(const std::string& label, size_t size, bool to_right) const {
    // Without room for the phrase the number says it.
    const bool cut = size < kGoodLane && display_width(label) + 4 > size;
    const std::string brief = cut && is_digit(label[0]) ? label.substr(0, 3) : label;
    const std::string text = size > 4 ? " " + fit_width(brief, size - 4) + " " : "";
    const size_t used = display_width(text) + 1;
    const size_t dashes = size > used ? size - used : 0;
    std::string out = to_right ? "" : std::string(marks_.left);
    for (size_t i = 0; i < dashes / 2; ++i) out += marks_.dash;
    out += text;
    for (size_t i = 0; i < dashes - dashes / 2; ++i) out += marks_.dash;
    if (to_right) out += marks_.right;
    return out;
  }

  std::vector<std::string> remarks(const Step& step) const {
    std::vector<std::string> out;
    for (const model::SdpSummary& sdp : step.message->sdp) {
      std::string codecs;
      for (const std::string& codec : sdp.codecs) codecs += " " + codec;
      out.push_back(safe(fmt::format("{} {}{}{}", sdp.media, sdp.address, codecs,
                                     sdp.direction == "sendrecv" ? "" : " " + sdp.direction)));
    }
    if (!step.repeated.empty()) {
      std::string again = "again";
      constexpr size_t kMost = 8;
      for (size_t i = 0; i < std::min(kMost, step.repeated.size()); ++i) {
        again += fmt::format(" +{}", format_seconds(step.repeated[i] - step.message->time, 1));
      }
      out.push_back(again + " s");
    }
    for (const std::string& defect : step.message->defects) out.push_back("! " + safe(defect));
    return out;
  }

  std::string stamp(const Step& step, Nanoseconds delta) const {
    const Timestamp time = step.message->time;
    const std::string clock = options_.relative ? format_seconds(time - messages_.front().time, 3)
                                                : format_clock(time, 3);
    const std::string since = step.message == &messages_.front()
                                  ? ""
                                  : "+" + format_seconds(std::max<Nanoseconds>(0, delta), 3);
    const std::string begin =
        fit(clock, kClockColumns, options_.relative ? Align::Right : Align::Left) + " ";
    if (gutter_ == kNarrowGutter) return begin;
    return begin + paint(Role::Dim, fit(since, kDeltaColumns, Align::Right), options_.color) + " ";
  }

  void write_step(const Step& step, Nanoseconds delta) {
    const std::vector<std::string> notes = remarks(step);
    std::string first = stamp(step, delta) + arrow(step);
    size_t written = 0;
    if (remarks_right_ && !notes.empty()) {
      first += " " + paint(role_of_remark(notes[0]), fit_width(notes[0], remark_room_ - 1),
                           options_.color);
      written = 1;
    }
    line(first);
    for (; written < notes.size(); ++written) {
      const std::string indent =
          remarks_right_ ? std::string(gutter_, ' ') + bars() + " " : std::string(gutter_, ' ');
      const size_t room = remarks_right_ ? remark_room_ - 1 : remark_room_;
      line(indent +
           paint(role_of_remark(notes[written]), fit_width(notes[written], room), options_.color));
    }
  }

  static Role role_of_remark(const std::string& text) {
    return text.starts_with("!") || text.starts_with("again") ? Role::Warning : Role::Dim;
  }

  void write_silence(Nanoseconds delta) {
    line(std::string(gutter_, ' ') + bars());
    const std::string words =
        fmt::format("... {} ...", delta < 60 * kSecond ? format_seconds(delta, 1) + " s"
                                                       : format_duration(delta));
    line(fit("", gutter_) +
         paint(Role::Dim, fit(words, lanes_.size() * lane_width_, Align::Center), options_.color));
  }

  const std::vector<Message>& messages_;
  const LadderOptions& options_;
  const Marks& marks_;
  std::vector<Lane> lanes_;
  std::vector<Step> steps_;
  size_t lane_width_ = kMinLane, remark_room_ = 0;
  size_t gutter_ = kGutter;
  bool remarks_right_ = true, legend_ = false;
  std::string out_;
};

}  // namespace

std::string ladder(const std::vector<Message>& messages, const LadderOptions& options) {
  return Ladder(messages, options).text();
}

}  // namespace siploom::view
