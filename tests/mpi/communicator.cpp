// A communicator knows a rank's place on its machine: here all ranks are on one. An MPI that takes no memory of GPUs says so where it is asked to.
#include "neuspec/communicator.hpp"

#include <mpi.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "neuspec/error.hpp"

namespace {

/// Only where it is asked for, and then it is done or refused.
bool sums_on_gpus_if_asked(const neuspec::Communicator& communicator) {
  unsetenv("NEUSPEC_GPU_AWARE_MPI");
  if (communicator.sums_on_gpus()) return false;
  setenv("NEUSPEC_GPU_AWARE_MPI", "1", 1);
  try {
    return communicator.sums_on_gpus();
  } catch (const neuspec::EnvironmentError& error) {
    return std::strstr(error.what(), "NEUSPEC_GPU_AWARE_MPI is 1") != nullptr;
  }
}

/// The call itself, in the only memory there is.
bool sums(const neuspec::Communicator& communicator) {
  std::vector<double> values(100, communicator.rank());
  communicator.sum_on_gpus(values.data(), values.size());
  const int size = communicator.size();
  return values == std::vector<double>(100, size * (size - 1) / 2);
}

}  // namespace

int main(int count, char** arguments) {
  MPI_Init(&count, &arguments);
  int rank = 0, size = 0, wrong = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  MPI_Comm backwards = MPI_COMM_NULL;
  MPI_Comm_split(MPI_COMM_WORLD, 0, -rank, &backwards);
  {
    const auto world = neuspec::mpi_communicator(MPI_Comm_c2f(MPI_COMM_WORLD)), reversed = neuspec::mpi_communicator(MPI_Comm_c2f(backwards));
    const auto expect = [&](bool right, const char* what) {
      if (!right) std::fprintf(stderr, "rank %d: %s\n", rank, what);
      if (!right) wrong = 1;
    };
    expect(world->local_rank() == rank && reversed->local_rank() == size - 1 - rank, "its place on the machine");
    expect(world->local_size() == size && reversed->local_size() == size, "how many are on the machine");
    expect(sums_on_gpus_if_asked(*world), "memory of GPUs");
    expect(sums(*world), "a sum");
  }
  MPI_Comm_free(&backwards);
  MPI_Allreduce(MPI_IN_PLACE, &wrong, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  MPI_Finalize();
  return wrong;
}
