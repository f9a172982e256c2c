#include "store/duckdb/filter_sql.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "query/node.h"
#include "store/duckdb/field_sql.h"

namespace siploom::store {

using query::Constant;
using query::Op;
using registry::FieldId;
using Node = query::Filter::Node;
using Kind = query::Filter::Node::Kind;
using Shape = FieldSql::Shape;

namespace {

constexpr uint8_t kWholeAddress = 128;

std::string_view sql_operator(Op op) {
  switch (op) {
    case Op::Less:
      return "<";
    case Op::LessEqual:
      return "<=";
    case Op::Greater:
      return ">";
    case Op::GreaterEqual:
      return ">=";
    default:
      return "=";
  }
}

bool is_equality(Op op) {
  return op == Op::Equal || op == Op::NotEqual || op == Op::In || op == Op::NotIn;
}

std::string number_text(double value) {
  if (std::abs(value) < 1e15 && value == std::floor(value)) {
    return fmt::format("{}", static_cast<int64_t>(value));
  }
  return fmt::format("{:.17g}::DOUBLE", value);
}

std::string any_of(const std::vector<std::string>& terms) {
  if (terms.empty()) return "false";
  if (terms.size() == 1) return terms.front();
  return fmt::format("({})", fmt::join(terms, " OR "));
}

// Writes one table's conditions; every term it gives is true, false or NULL (not true).
class Writer final {
 public:
  Writer(Leaves& leaves, std::vector<uint64_t>& used, const query::Filter& filter, Table table,
         const FilterSql::Others& others, const FilterSql::Sight& sight)
      : leaves_(leaves),
        used_(used),
        filter_(filter),
        table_(table),
        others_(others),
        sight_(sight) {}

  std::string write(const Node& node) {
    switch (node.kind) {
      case Kind::Everything:
        return "true";
      case Kind::And:
      case Kind::Or: {
        std::vector<std::string> terms;
        for (const auto& child : node.children) terms.push_back(write(*child));
        return fmt::format("({})", fmt::join(terms, node.kind == Kind::And ? " AND " : " OR "));
      }
      case Kind::Not:
        return negated(write(*node.children.front()));
      case Kind::Compare:
        return compare(node);
      case Kind::Has:
        return has(node);
      case Kind::Search:
        return search(node);
      case Kind::Any:
        return any_message(node);
    }
    return "false";
  }

 private:
  // What is not known is not true.
  static std::string negated(const std::string& term) {
    return fmt::format("NOT coalesce({}, false)", term);
  }
  std::string leaf(const Node& node) {
    used_.push_back(leaves_.add(Leaf{&node, sight_.control}));
    return fmt::format("{}::UBIGINT", used_.back());
  }
  std::string_view payload() const { return sight_.raw ? "raw_payload" : "payload"; }
  std::string from_payload(const Node& node) {
    return fmt::format("sl_payload({}, {}, kind, datagram)", leaf(node), payload());
  }
  std::string search(const Node& node) {
    const std::string number = leaf(node);
    const std::string term = fmt::format("sl_search({}, {})", number, payload());
    // A text without stars that a masked payload holds stood there before, too: only where it did
    // does it pay to mask.
    if (!sight_.masked || node.text.find('*') != std::string::npos) return term;
    return fmt::format("CASE WHEN sl_search({}, raw_payload) THEN {} ELSE false END", number, term);
  }
  std::string of_call(const Node& node) {
    FilterSql::Others none;
    Writer writer(leaves_, used_, filter_, Table::Calls, none, sight_);
    return fmt::format("call_id IN (SELECT call_id FROM {} WHERE {})", others_.calls,
                       writer.write(node));
  }
  std::string any_message(const Node& node) {
    const query::Filter& predicate = filter_.message_predicates()[node.predicate];
    FilterSql::Others none;
    Writer writer(leaves_, used_, predicate, Table::Records, none, sight_);
    return fmt::format("call_id IN (SELECT call_id FROM {} WHERE kind = 'sip' AND {})",
                       others_.records, writer.write(predicate.root()));
  }

  std::string has(const Node& node) {
    if (node.is_header) return from_payload(node);
    const FieldSql field = field_sql(node.field, table_);
    switch (field.shape) {
      case Shape::Absent:
        return "false";
      case Shape::Payload:
        return from_payload(node);
      case Shape::OfCalls:
        return of_call(node);
      case Shape::List:
        return fmt::format("len({}) > 0", field.column);
      case Shape::Number:
        // The columns of a number that every message has to have are never NULL.
        if (node.field == FieldId::Cseq) return from_payload(node);
        return fmt::format("{} IS NOT NULL", field.column);
      default:
        return fmt::format("{} IS NOT NULL", field.column);
    }
  }

  std::string compare(const Node& node) {
    if (node.is_header) return from_payload(node);
    const FieldSql field = field_sql(node.field, table_);
    if (field.shape == Shape::Payload) return from_payload(node);
    if (field.shape == Shape::OfCalls) return of_call(node);
    std::string term = positive(node, field);
    if (query::is_negative(node.op)) term = negated(term);
    if (!field.reread_malformed) return term;
    return fmt::format("CASE WHEN malformed THEN {} ELSE {} END", from_payload(node), term);
  }

  std::string positive(const Node& node, const FieldSql& field) {
    switch (field.shape) {
      case Shape::Text:
        return text(node, field);
      case Shape::List:
        if (node.regex == nullptr && is_equality(node.op) && !folds_case(node)) {
          std::vector<std::string> terms;
          for (const Constant& c : node.constants) {
            terms.push_back(fmt::format("list_contains({}, {})", field.column, sql_text(c.text)));
          }
          return any_of(terms);
        }
        return fmt::format("sl_lines({}, array_to_string({}, chr(10)))", leaf(node), field.column);
      case Shape::Number:
        return number(node, field);
      case Shape::Time:
        return span(node, field.column, [](int64_t ns) { return sql_time({ns}); });
      case Shape::Duration:
        return span(node, field.column, [](int64_t ns) { return fmt::format("{}", ns); });
      case Shape::Bool:
        return number(node, {Shape::Number, field.column + "::INTEGER", {}, {}, false});
      case Shape::Address:
        return address(node, field);
      default:
        return "false";
    }
  }

  static bool folds_case(const Node& node) {
    const registry::FieldInfo& info = registry::info(node.field);
    return info.fold_case || info.type == registry::Type::Enumeration;
  }

  std::string text(const Node& node, const FieldSql& field) {
    // Enumerations stand in the store in lower case; other texts that fold case do not.
    const bool enumeration = registry::info(node.field).type == registry::Type::Enumeration;
    const bool exact = !folds_case(node) || enumeration;
    if (node.regex != nullptr || !is_equality(node.op) || !exact) {
      return fmt::format("sl_text({}, {})", leaf(node), field.column);
    }
    std::vector<std::string> constants;
    for (const Constant& c : node.constants) {
      constants.push_back(sql_text(enumeration ? lower(c.text) : c.text));
    }
    if (constants.size() == 1) return fmt::format("{} = {}", field.column, constants.front());
    return fmt::format("{} IN ({})", field.column, fmt::join(constants, ", "));
  }

  std::string number(const Node& node, const FieldSql& field) {
    std::vector<std::string> terms;
    for (const std::string& column : {field.column, field.second}) {
      if (column.empty()) continue;
      if (node.regex != nullptr) {
        terms.push_back(fmt::format("sl_text({}, {}::VARCHAR)", leaf(node), column));
        continue;
      }
      for (const Constant& c : node.constants) {
        if (is_equality(node.op) && c.is_range) {
          terms.push_back(
              fmt::format("{} BETWEEN {} AND {}", column, number_text(c.low), number_text(c.high)));
        } else {
          terms.push_back(
              fmt::format("{} {} {}", column, sql_operator(node.op), number_text(c.low)));
        }
      }
    }
    return any_of(terms);
  }

  template <class Literal>
  std::string span(const Node& node, const std::string& column, Literal&& literal) {
    if (node.regex != nullptr) return "false";  // times and durations have no text to match
    std::vector<std::string> terms;
    for (const Constant& c : node.constants) {
      if (is_equality(node.op) && c.is_range) {
        terms.push_back(
            fmt::format("{} BETWEEN {} AND {}", column, literal(c.low_ns), literal(c.high_ns)));
      } else {
        terms.push_back(fmt::format("{} {} {}", column, sql_operator(node.op), literal(c.low_ns)));
      }
    }
    return any_of(terms);
  }

  std::string address(const Node& node, const FieldSql& field) {
    std::vector<std::string> terms;
    for (const std::string& column : {field.column, field.second}) {
      if (column.empty()) continue;
      bool whole = node.regex == nullptr && is_equality(node.op);
      for (const Constant& c : node.constants) {
        whole =
            whole && c.cidr.prefix_bits == kWholeAddress && (c.port == 0 || !field.port.empty());
      }
      if (!whole) {
        terms.push_back(fmt::format("sl_address({}, {}, {})", leaf(node), column,
                                    field.port.empty() ? "0::USMALLINT" : field.port));
        continue;
      }
      for (const Constant& c : node.constants) {
        std::string term = fmt::format("{} = {}", column, sql_text(format_ip(c.cidr.network)));
        if (c.port != 0) term = fmt::format("({} AND {} = {})", term, field.port, c.port);
        terms.push_back(std::move(term));
      }
    }
    return any_of(terms);
  }

  Leaves& leaves_;
  std::vector<uint64_t>& used_;
  const query::Filter& filter_;
  Table table_;
  const FilterSql::Others& others_;
  const FilterSql::Sight& sight_;
};

std::optional<KeyKind> key_kind(FieldId field) {
  switch (field) {
    case FieldId::CallId:
    case FieldId::HepCorrelationId:
    case FieldId::ExtraId:
      return KeyKind::Id;
    case FieldId::FromUser:
    case FieldId::ToUser:
    case FieldId::RuriUser:
      return KeyKind::Number;
    case FieldId::Src:
    case FieldId::Dst:
    case FieldId::SrcIp:
    case FieldId::DstIp:
    case FieldId::Ip:
      return KeyKind::Address;
    default:
      return std::nullopt;
  }
}

// Keys of which a row that satisfies `node` has at least one; none: nothing can be said.
AnyKey keys_of(const Node& node) {
  AnyKey out;
  if (node.kind == Kind::Or) {
    for (const auto& child : node.children) {
      const AnyKey some = keys_of(*child);
      if (some.is_empty()) return {};
      out.add(some);
    }
    return out;
  }
  if (node.kind == Kind::And) {  // any one of its parts will do
    for (const auto& child : node.children) {
      out = keys_of(*child);
      if (!out.is_empty()) return out;
    }
    return {};
  }
  if (node.kind != Kind::Compare || node.is_header || node.regex != nullptr) return {};
  const auto kind = key_kind(node.field);
  if (!kind || (node.op != Op::Equal && node.op != Op::In)) return {};
  for (const Constant& c : node.constants) {
    if (*kind == KeyKind::Address) {
      if (c.cidr.prefix_bits != kWholeAddress) return {};
      out.add(c.cidr.network);
    } else {
      out.add(*kind, c.text);
    }
  }
  return out;
}

void collect_kinds(const Node& node, std::vector<std::string>& out) {
  if (node.kind == Kind::And) {
    for (const auto& child : node.children) collect_kinds(*child, out);
  } else if (node.kind == Kind::Compare && !node.is_header && node.field == FieldId::RecordKind &&
             node.regex == nullptr && (node.op == Op::Equal || node.op == Op::In)) {
    for (const Constant& c : node.constants) out.push_back(lower(c.text));
  }
}

bool asks_other(const Node& node) {
  if (node.kind == Kind::Any) return true;
  const bool field = (node.kind == Kind::Compare || node.kind == Kind::Has) && !node.is_header;
  if (field && field_sql(node.field, Table::Records).shape == Shape::OfCalls) return true;
  return std::any_of(node.children.begin(), node.children.end(),
                     [](const auto& child) { return asks_other(*child); });
}

}  // namespace

FilterSql::FilterSql(Leaves& leaves, const query::Filter& filter, Table table, Others others,
                     const Sight& sight)
    : leaves_(leaves) {
  Writer writer(leaves, used_, filter, table, others, sight);
  const Node& root = filter.root();
  std::vector<std::string> all, cheap;
  const auto add = [&](const Node& node) {
    const size_t leaves_before = used_.size();
    all.push_back(writer.write(node));
    if (used_.size() == leaves_before) cheap.push_back(all.back());
  };
  if (root.kind == Kind::And) {
    for (const auto& child : root.children) add(*child);
  } else {
    add(root);
  }
  condition_ = fmt::format("({})", fmt::join(all, " AND "));
  cheap_ = cheap.empty() ? "true" : fmt::format("({})", fmt::join(cheap, " AND "));
}

FilterSql::~FilterSql() {
  for (const uint64_t leaf : used_) leaves_.remove(leaf);
}

std::vector<AnyKey> required_keys(const query::Filter& filter) {
  std::vector<AnyKey> out;
  const Node& root = filter.root();
  const auto add = [&](const Node& node) {
    AnyKey keys = keys_of(node);
    if (!keys.is_empty()) out.push_back(std::move(keys));
  };
  if (root.kind == Kind::And) {
    for (const auto& child : root.children) add(*child);
  } else {
    add(root);
  }
  return out;
}

std::vector<std::string> required_kinds(const query::Filter& filter) {
  std::vector<std::string> out;
  collect_kinds(filter.root(), out);
  return out;
}

bool asks_other_table(const query::Filter& filter) {
  if (filter.scope() == registry::Scope::Call) return !filter.message_predicates().empty();
  return asks_other(filter.root());
}

}  // namespace siploom::store
