// Reads kept SIP messages as subjects of the filter language, for the store's searches.
#pragma once

#include "store/duckdb/leaf.h"

namespace siploom::pipeline {

std::unique_ptr<store::PayloadReader> make_payload_reader();

}  // namespace siploom::pipeline
