#include "moments/over_ranks.hpp"

#include <sstream>
#include <string>
#include <utility>

namespace neuspec {
namespace {

/// Nothing where there are no samples.
std::string bytes_of(const Moments& moments) {
  if (moments.samples() == 0) return {};
  std::ostringstream stream;
  moments.write(stream);
  return std::move(stream).str();
}

Moments moments_of(std::string bytes) {
  if (bytes.empty()) return {};
  std::istringstream stream(std::move(bytes));
  return Moments::read(stream);
}

}  // namespace

// In pairs, pairs of pairs and so on. Before the bytes go their way all say how many there are, and then that there is room for them: nobody waits
// for a rank that has failed.
Moments sum_over_ranks(const Moments& own, const Ranks& ranks) {
  Moments total = own;
  for (int step = 1; step < ranks.size(); step *= 2) {
    const int place = ranks.rank() % (2 * step), from = ranks.rank() + step;
    const bool sends = place == step, receives = place == 0 && from < ranks.size();
    std::string bytes = sends ? bytes_of(total) : std::string();
    const auto size = static_cast<double>(bytes.size());
    const std::vector<double> sizes = ranks.all(std::span(&size, 1));
    if (receives) bytes.resize(static_cast<std::size_t>(sizes[static_cast<std::size_t>(from)]));
    ranks.meet();
    if (sends) ranks.communicator().send(bytes.data(), bytes.size(), ranks.rank() - step);
    if (!receives) continue;
    ranks.communicator().receive(bytes.data(), bytes.size(), from);
    total.merge(moments_of(std::move(bytes)));
  }
  share(ranks, total);
  return total;
}

void share(const Ranks& ranks, Moments& moments) {
  std::string bytes = ranks.first() ? bytes_of(moments) : std::string();
  ranks.broadcast(bytes);
  if (!ranks.first()) moments = moments_of(std::move(bytes));
}

}  // namespace neuspec
