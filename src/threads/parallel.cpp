#include "threads/parallel.hpp"

#include "threads/processors.hpp"

namespace neuspec {

namespace {
thread_local int in_scope = 0;  // 0: no scope
}

int threads() {
  if (crew::within_piece()) return 1;
  return in_scope > 0 ? in_scope : usable_processors();
}

ThreadScope::ThreadScope(int threads) : before_(in_scope) { in_scope = threads > 0 ? threads : neuspec::threads(); }
ThreadScope ThreadScope::at_most(int threads) { return ThreadScope(std::min(threads, neuspec::threads())); }
ThreadScope::~ThreadScope() { in_scope = before_; }

}  // namespace neuspec
