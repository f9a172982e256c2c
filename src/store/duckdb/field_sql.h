// Where a field of the registry stands in a table, as SQL.
#pragma once

#include <string>

#include "registry/fields.h"
#include "store/table.h"

namespace siploom::store {

struct FieldSql {
  enum class Shape : uint8_t {
    Absent,  // rows of this table never have it
    Text,
    List,
    Number,
    Time,
    Duration,  // ns
    Bool,
    Address,
    Payload,  // has to be read off the payload
    OfCalls   // of records: their call has it
  };
  Shape shape = Shape::Absent;
  std::string column;  // an expression
  std::string port;    // of an Address that has one
  std::string second;  // a second column with values of the same field (an Address or Number)
  // What the column does not tell of a malformed message (a second From ...) is in the payload.
  bool reread_malformed = false;
};

FieldSql field_sql(registry::FieldId field, Table table);
// The field's (first) value as something to show, group and sort by. Payload fields come as text.
std::string value_sql(registry::FieldId field, Table table);

}  // namespace siploom::store
