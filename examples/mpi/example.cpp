// Every rank has samples of its own; together they train one network and prove that it is optimal for all of them.
//   mpirun -n 4 ./example
#include <mpi.h>

#include <cstdio>
#include <neuspec/neuspec.hpp>
#include <random>

int main(int count, char** arguments) {
  MPI_Init(&count, &arguments);
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  bool optimal = false;
  {
    constexpr neuspec::Index samples = 5000, features = 8;
    std::mt19937 random(1 + static_cast<unsigned>(rank));
    std::normal_distribution<double> normal;
    std::vector<double> x, y;
    for (neuspec::Index i = 0; i < samples; ++i) {
      for (neuspec::Index j = 0; j < features; ++j) x.push_back(normal(random));
      const double* own = x.data() + i * features;
      y.push_back(own[0] * own[1] - own[2] + 0.1 * normal(random));
    }
    const neuspec::Dataset part(samples, features, 1, std::move(x), std::move(y));
    const neuspec::Shard shard(part, neuspec::mpi_communicator(MPI_Comm_c2f(MPI_COMM_WORLD)));

    neuspec::Problem problem;
    problem.beta = 0.01 * neuspec::beta_max(problem, shard);
    const neuspec::Result result = neuspec::fit(shard, problem);  // the same on every rank
    optimal = result.report.status == neuspec::Status::optimal;
    if (rank == 0) {
      std::printf("%ld samples, %ld neurons, primal %.6f, gap %.1e\n", static_cast<long>(result.report.samples),
                  static_cast<long>(result.network.neurons()), result.report.primal, result.report.relative_gap);
    }
  }
  MPI_Finalize();
  return optimal ? 0 : 1;
}
