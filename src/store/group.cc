// Search::group: counts and other measures over groups of rows and over time.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "query/node.h"
#include "store/duckdb/field_sql.h"
#include "store/plan.h"

namespace siploom::store {

using registry::FieldId;
using registry::FieldInfo;
using MeasureKind = Measure::Kind;
using Node = query::Filter::Node;
using Shape = FieldSql::Shape;

namespace {

constexpr size_t kMaxGroups = 1'000'000;

struct MeasureName {
  std::string_view name;
  MeasureKind kind;
};
constexpr MeasureName kMeasures[] = {{"sum", MeasureKind::Sum},
                                     {"avg", MeasureKind::Average},
                                     {"min", MeasureKind::Minimum},
                                     {"max", MeasureKind::Maximum},
                                     {"distinct", MeasureKind::Distinct}};

// A row of a side file as the filter language asks about it.
class RollupSubject final : public query::Subject {
 public:
  explicit RollupSubject(const RollupRow& row) : row_(row) {}
  void values(FieldId field, Take take) const override {
    const std::string_view text = this->text(field);
    if (field == FieldId::Status) {
      if (row_.status != 0) take(query::Value(static_cast<double>(row_.status)));
    } else if (!text.empty()) {
      take(query::Value(text));
    }
  }
  void header(std::string_view, Take) const override {}
  std::string_view raw() const override { return {}; }
  bool any(size_t) const override { return false; }

  static bool knows(FieldId field, Table table) {
    switch (field) {
      case FieldId::Status:
        return true;
      case FieldId::RecordKind:
      case FieldId::Method:
      case FieldId::Request:
      case FieldId::Node:
        return table == Table::Records;
      case FieldId::CallKind:
      case FieldId::CallState:
        return table == Table::Calls;
      default:
        return false;
    }
  }
  std::string_view text(FieldId field) const {
    switch (field) {
      case FieldId::RecordKind:
      case FieldId::CallKind:
        return row_.kind;
      case FieldId::Method:
      case FieldId::CallState:
        return row_.name;
      case FieldId::Request:
        return row_.status == 0 && row_.kind == "sip" ? row_.name : std::string_view{};
      case FieldId::Node:
        return row_.node;
      default:
        return {};
    }
  }
  std::optional<std::string> key(FieldId field) const {
    if (field == FieldId::Status) {
      return row_.status == 0 ? std::nullopt : std::optional(std::to_string(row_.status));
    }
    const std::string_view text = this->text(field);
    return text.empty() ? std::nullopt : std::optional<std::string>(text);
  }

 private:
  const RollupRow& row_;
};

bool only_rolled(const Node& node, Table table) {
  switch (node.kind) {
    case Node::Kind::Search:
    case Node::Kind::Any:
      return false;
    case Node::Kind::Compare:
    case Node::Kind::Has:
      return !node.is_header && RollupSubject::knows(node.field, table);
    default:
      return std::all_of(node.children.begin(), node.children.end(),
                         [&](const auto& child) { return only_rolled(*child, table); });
  }
}

using Keys = std::vector<std::optional<std::string>>;
using GroupMap = std::map<std::pair<Timestamp, Keys>, std::vector<std::optional<double>>>;

// One grouping being worked off.
class Grouper final {
 public:
  Grouper(const Plan& plan, const Grouping& grouping) : plan_(plan), grouping_(grouping) {}

  Result<void> prepare() {
    for (const std::string& name : grouping_.by) {
      const FieldInfo* field = registry::find_field(name);
      if (field == nullptr) {
        return fail(ErrorCode::InvalidArgument,
                    fmt::format("unknown field '{}': `siploom fields` lists them", name));
      }
      fields_.push_back(field->id);
    }
    if (grouping_.measures.empty()) {
      return fail(ErrorCode::InvalidArgument, "a measure is missing, such as count");
    }
    return {};
  }

  // Takes what the side files know; gives the segments that need not be read.
  std::vector<uint64_t> take_rollups(IndexCache& indexes) {
    std::vector<uint64_t> done;
    if (!can_roll()) return done;
    SourceNeeds needs = plan_.needs();
    const Timestamp from = needs.from, to = needs.to;
    for (const Segment* segment : choose_segments(indexes, plan_.view(), needs)) {
      const bool inside =
          (!is_known(from) || segment->first >= from) && (!is_known(to) || segment->last < to);
      const bool aligned =
          (!is_known(from) || from.ns % kMinute == 0) && (!is_known(to) || to.ns % kMinute == 0);
      if (!inside && !aligned) continue;
      const auto index = indexes.get(plan_.view().folder + "/" + segment->path + ".idx");
      if (index == nullptr) continue;
      index->for_each([&](const RollupRow& row) { add_rollup(row); });
      done.push_back(segment->number);
    }
    return done;
  }

  Result<void> take_rows(Rows& rows) {
    const size_t keys = fields_.size();
    while (SL_TRY(rows.next())) {
      const Timestamp bucket = grouping_.bucket == 0 ? kNoTime : Timestamp{rows.integer(0)};
      Keys key;
      for (size_t i = 0; i < keys; ++i) {
        key.push_back(rows.is_null(1 + i) ? std::nullopt : std::optional(rows.display(1 + i)));
      }
      auto& values = groups_[{bucket, std::move(key)}];
      values.resize(grouping_.measures.size());
      for (size_t i = 0; i < values.size(); ++i) {
        if (rows.is_null(1 + keys + i)) continue;
        const double value = rows.real(1 + keys + i);
        // Only counts come from two places.
        values[i] = counts(i) ? values[i].value_or(0) + value : value;
      }
      const size_t first = 1 + keys + values.size();
      if (!rows.is_null(first)) {
        see({rows.integer(first)});
        see({rows.integer(first + 1)});
      }
      if (groups_.size() > kMaxGroups) {
        return fail(ErrorCode::LimitExceeded,
                    "more than a million groups; narrow the filter or the time range");
      }
    }
    return {};
  }

  std::string sql(const std::string& source) const {
    std::vector<std::string> inner, outer, by;
    const std::string_view time = time_column(plan_.question().table);
    inner.push_back(grouping_.bucket == 0 ? std::string("0::BIGINT AS b")
                                          : fmt::format("(epoch_ns({0}) // {1}) * {1} AS b",
                                                        quoted_name(time), grouping_.bucket));
    outer.push_back("b");
    by.push_back("b");
    for (size_t i = 0; i < fields_.size(); ++i) {
      const FieldSql field = field_sql(fields_[i], plan_.question().table);
      const std::string value = value_sql(fields_[i], plan_.question().table);
      inner.push_back(field.shape == Shape::List ? fmt::format("unnest({}) AS k{}", value, i)
                                                 : fmt::format("{} AS k{}", value, i));
      outer.push_back(fmt::format("k{}", i));
      by.push_back(outer.back());
    }
    for (size_t i = 0; i < grouping_.measures.size(); ++i) {
      const Measure& measure = grouping_.measures[i];
      if (!measure.field.empty()) {
        inner.push_back(fmt::format("{} AS m{}", measured(measure), i));
      }
      outer.push_back(aggregate(measure, i));
    }
    inner.push_back(fmt::format("epoch_ns({}) AS t", quoted_name(time)));
    outer.push_back("min(t)");
    outer.push_back("max(t)");
    return fmt::format("SELECT {} FROM (SELECT {} FROM {} WHERE {}) GROUP BY {}",
                       fmt::join(outer, ", "), fmt::join(inner, ", "), source, plan_.where(),
                       fmt::join(by, ", "));
  }

  Groups finish() const {
    Groups out;
    const double seconds = span_seconds();
    // The largest groups by what they come to over all buckets.
    std::map<Keys, double> totals;
    for (const auto& [key, values] : groups_) totals[key.second] += values[0].value_or(0);
    std::vector<std::pair<double, Keys>> ranked;
    for (const auto& [key, total] : totals) ranked.emplace_back(-total, key);
    std::sort(ranked.begin(), ranked.end());
    std::map<Keys, size_t> rank;
    for (size_t i = 0; i < std::min(ranked.size(), grouping_.limit); ++i) {
      rank.emplace(ranked[i].second, i);
    }
    out.dropped = ranked.size() - rank.size();
    for (const auto& [key, values] : groups_) {
      if (rank.find(key.second) == rank.end()) continue;
      GroupRow row{key.first, key.second, values};
      for (size_t i = 0; i < row.values.size(); ++i) {
        if (grouping_.measures[i].kind != MeasureKind::Rate || !row.values[i]) continue;
        if (seconds > 0) {
          *row.values[i] /= seconds;
        } else {
          row.values[i] = std::nullopt;  // of a single moment there is none
        }
      }
      out.rows.push_back(std::move(row));
    }
    std::stable_sort(out.rows.begin(), out.rows.end(), [&](const GroupRow& a, const GroupRow& b) {
      if (a.bucket != b.bucket) return a.bucket < b.bucket;
      return rank.at(a.keys) < rank.at(b.keys);
    });
    return out;
  }

 private:
  bool counts(size_t measure) const {
    const MeasureKind kind = grouping_.measures[measure].kind;
    return kind == MeasureKind::Count || kind == MeasureKind::Rate;
  }
  bool can_roll() const {
    const Table table = plan_.question().table;
    if (table != Table::Records && table != Table::Calls) return false;
    if (plan_.question().sequence_from != 0) return false;
    for (size_t i = 0; i < grouping_.measures.size(); ++i) {
      if (!counts(i)) return false;
    }
    for (const FieldId field : fields_) {
      if (!RollupSubject::knows(field, table)) return false;
    }
    for (const query::Filter& filter : plan_.filters()) {
      if (!only_rolled(filter.root(), table)) return false;
    }
    return grouping_.bucket % kMinute == 0;
  }
  void add_rollup(RollupRow row) {
    const Question& question = plan_.question();
    if (row.kind.ends_with(kCopySuffix)) {
      if (!question.with_copies) return;
      row.kind.remove_suffix(kCopySuffix.size());
    }
    const Timestamp minute{row.minute * kMinute};
    if (is_known(question.from) && minute.ns + kMinute <= question.from.ns) return;
    if (is_known(question.to) && minute >= question.to) return;
    const RollupSubject subject(row);
    for (const query::Filter& filter : plan_.filters()) {
      if (!filter.matches(subject)) return;
    }
    see(minute);
    see(minute + kMinute);
    Keys key;
    for (const FieldId field : fields_) key.push_back(subject.key(field));
    const Timestamp bucket =
        grouping_.bucket == 0 ? kNoTime : Timestamp{floor_to(minute.ns, grouping_.bucket)};
    auto& values = groups_[{bucket, std::move(key)}];
    values.resize(grouping_.measures.size());
    for (auto& value : values) value = value.value_or(0) + static_cast<double>(row.count);
  }
  static int64_t floor_to(int64_t ns, int64_t step) {
    const int64_t rest = ns % step;
    return ns - (rest < 0 ? rest + step : rest);
  }
  std::string measured(const Measure& measure) const {
    const FieldInfo* field = registry::find_field(measure.field);
    const std::string value = value_sql(field->id, plan_.question().table);
    if (measure.kind == MeasureKind::Distinct) return value;
    const FieldSql sql = field_sql(field->id, plan_.question().table);
    if (sql.shape == Shape::Duration) return value + " / 1e9";
    return fmt::format("TRY_CAST({} AS DOUBLE)", value);
  }
  static std::string aggregate(const Measure& measure, size_t i) {
    switch (measure.kind) {
      case MeasureKind::Count:
      case MeasureKind::Rate:
        return "count(*)::DOUBLE";
      case MeasureKind::Sum:
        return fmt::format("sum(m{})::DOUBLE", i);
      case MeasureKind::Average:
        return fmt::format("avg(m{})::DOUBLE", i);
      case MeasureKind::Minimum:
        return fmt::format("min(m{})::DOUBLE", i);
      case MeasureKind::Maximum:
        return fmt::format("max(m{})::DOUBLE", i);
      case MeasureKind::Quantile:
        return fmt::format("approx_quantile(m{}, {})::DOUBLE", i, measure.quantile);
      case MeasureKind::Distinct:
        return fmt::format("count(DISTINCT m{})::DOUBLE", i);
    }
    return "NULL";
  }
  void see(Timestamp time) {
    if (!is_known(time)) return;
    first_ = is_known(first_) ? std::min(first_, time) : time;
    last_ = is_known(last_) ? std::max(last_, time) : time;
  }
  double span_seconds() const {
    if (grouping_.bucket != 0) return static_cast<double>(grouping_.bucket) / 1e9;
    const Question& question = plan_.question();
    const Timestamp from = is_known(question.from) ? question.from : first_;
    Timestamp to = is_known(grouping_.now) ? grouping_.now : last_;
    if (is_known(question.to)) to = question.to;
    if (!is_known(from) || !is_known(to)) return 0;
    return static_cast<double>(to - from) / 1e9;
  }

  const Plan& plan_;
  const Grouping& grouping_;
  std::vector<FieldId> fields_;
  GroupMap groups_;
  Timestamp first_ = kNoTime, last_ = kNoTime;  // of what was counted
};

}  // namespace

Result<Measure> parse_measure(std::string_view text) {
  Measure measure;
  if (text == "count") return measure;
  if (text == "rate") {
    measure.kind = MeasureKind::Rate;
    return measure;
  }
  const auto wrong = [&] {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("unknown measure '{}': count, rate, sum(F), avg(F), min(F), max(F), "
                            "distinct(F) or a percentile such as p95(F) of a field F",
                            text));
  };
  const Halves halves = split_once(text, '(');
  if (!halves.found || !halves.after.ends_with(')')) return wrong();
  const std::string_view field = halves.after.substr(0, halves.after.size() - 1);
  if (registry::find_field(field) == nullptr) return wrong();
  measure.field = field;
  for (const MeasureName& each : kMeasures) {
    if (each.name != halves.before) continue;
    measure.kind = each.kind;
    return measure;
  }
  if (!halves.before.starts_with('p')) return wrong();
  const auto percent = parse_number<double>(halves.before.substr(1));
  if (!percent || *percent < 0 || *percent > 100) return wrong();
  measure.kind = MeasureKind::Quantile;
  measure.quantile = *percent / 100;
  return measure;
}

std::string measure_name(const Measure& measure) {
  if (measure.kind == MeasureKind::Count) return "count";
  if (measure.kind == MeasureKind::Rate) return "rate";
  if (measure.kind == MeasureKind::Quantile) {
    return fmt::format("p{:g}({})", measure.quantile * 100, measure.field);
  }
  for (const MeasureName& each : kMeasures) {
    if (each.kind == measure.kind) return fmt::format("{}({})", each.name, measure.field);
  }
  return {};
}

Result<Groups> Search::group(const View& view, const Question& question, const Grouping& grouping) {
  Question asked = question;
  const auto is_of_sightings = [](std::string_view name) {
    const FieldInfo* field = registry::find_field(name);
    return field != nullptr && (field->id == FieldId::Node || field->id == FieldId::Copy);
  };
  if (std::any_of(grouping.by.begin(), grouping.by.end(), is_of_sightings)) {
    asked.with_copies = true;
  }
  auto plan = SL_TRY(Plan::make(sets_, *indexes_, leaves_, view, asked));
  Grouper grouper(*plan, grouping);
  SL_TRY_VOID(grouper.prepare());
  const std::vector<uint64_t> rolled = grouper.take_rollups(*indexes_);
  SourceNeeds needs = plan->needs();
  needs.without = rolled;
  const SourceSql rest(sets_, *indexes_, view, needs, question.live_calls);
  auto connection = SL_TRY(database_->connect());
  auto rows = SL_TRY(connection.query(grouper.sql(rest.text()), question.control));
  SL_TRY_VOID(grouper.take_rows(rows));
  Groups groups = grouper.finish();
  groups.from_rollup = rolled.size();
  groups.from_rows = rest.segment_count();
  return groups;
}

}  // namespace siploom::store
