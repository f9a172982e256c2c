// Watchdog: ends queries that took too long or were cancelled. DuckDB can only be interrupted from
// another thread, and only while it works: so this owns one, the only thread of the room.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "store/duckdb/database.h"

namespace siploom::store {

class Watchdog final {
 public:
  Watchdog();
  ~Watchdog();

  // While this lives, `connection` is interrupted once `control` says so.
  class Watch final {
   public:
    Watch(Watchdog& dog, _duckdb_connection* connection, const QueryControl& control);
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    ~Watch();

   private:
    Watchdog& dog_;
    uint64_t number_;
  };

 private:
  struct Watched {
    _duckdb_connection* connection;
    QueryControl control;
  };
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<uint64_t, Watched> watched_;
  uint64_t next_ = 1;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace siploom::store
