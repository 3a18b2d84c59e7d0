// What many small blocks cost: a step of ADMM and a certificate against the number of blocks, beside LAPACK's own time for the eigendecompositions in
// them, in one run. Prints a table in Markdown; the last rows of a size are the slope from 200 to 2,000 blocks over LAPACK's.
//
//     bench_blocks
#include <algorithm>
#include <chrono>
#include <cstdio>

#include "neuspec/neuspec.hpp"
#include "shared.hpp"
#include "solve/admm.hpp"
#include "solve/monitor.hpp"

namespace {

using namespace neuspec;
using namespace neuspec::bench;

/// Milliseconds, the least of three.
template <class Body>
double least(const Body& body) {
  double best = 1e300;
  for (int repetition = 0; repetition < 3; ++repetition) {
    const auto start = Monitor::Clock::now();
    body();
    best = std::min(best, 1e3 * std::chrono::duration<double>(Monitor::Clock::now() - start).count());
  }
  return best;
}

double lapack_ms(Index N, Index blocks) {
  const std::vector<double> matrices = normal(N * N * blocks);
  std::vector<double> vectors;
  return least([&] {
    vectors = matrices;
    eigendecompositions(N, vectors);
  });
}

struct Times {
  double lapack_step, step, lapack_certificate, certificate;
};

/// `blocks` blocks are blocks/2 outputs with Z and Z' each; a certificate has one eigendecomposition an output.
Times measure(Index N, Index blocks) {
  const Index d = N - 1, n = 4 * N, C = blocks / 2;
  const Dataset data(n, d, C, normal(n * d), normal(n * C));
  Settings settings;
  settings.max_iterations = 60;
  const Observer unobserved;
  const auto device = make_device<double>(DeviceKind::cpu);
  Problem problem;
  const auto moments = make_operator<double>(OperatorKind::moments, *device, problem, data);
  const std::vector<double> kappa = violations(*moments, moments->dual_of({}, device->allocate(N, 0)));
  problem.beta = 0.1 * *std::max_element(kappa.begin(), kappa.end());
  Network network;
  double step = 1e300;
  for (int repetition = 0; repetition < (blocks < 2000 ? 3 : 1); ++repetition) {
    Monitor monitor(settings, unobserved, C, Monitor::Clock::now());
    Admm<double> admm(*moments, problem.beta);
    admm.run(monitor, 0);
    const Progress &first = monitor.history().front(), &last = monitor.history().back();
    step = std::min(step, 1e3 * (last.seconds - first.seconds) / static_cast<double>(last.iterations - first.iterations));
    network = admm.network();
  }
  return {lapack_ms(N, blocks), step, lapack_ms(d, C), least([&] { certify(network, problem, data); })};
}

}  // namespace

int main() {
  std::printf(
      "| N | blocks | LAPACK, ms | ADMM step, ms | ratio | LAPACK for a certificate, ms | certificate, ms | ratio "
      "|\n|---|---|---|---|---|---|---|---|\n");
  for (const Index N : {10, 26, 65}) {
    Times before{};
    for (const Index blocks : {2, 20, 200, 2000}) {
      const Times t = measure(N, blocks);
      std::printf("| %ld | %ld | %.3f | %.3f | %.2f | %.3f | %.3f | %.2f |\n", static_cast<long>(N), static_cast<long>(blocks), t.lapack_step, t.step,
                  t.step / t.lapack_step, t.lapack_certificate, t.certificate, t.certificate / t.lapack_certificate);
      if (blocks == 2000)
        std::printf("| %ld | slope | | | %.2f | | | %.2f |\n", static_cast<long>(N), (t.step - before.step) / (t.lapack_step - before.lapack_step),
                    (t.certificate - before.certificate) / (t.lapack_certificate - before.lapack_certificate));
      std::fflush(stdout);
      before = t;
    }
  }
}
