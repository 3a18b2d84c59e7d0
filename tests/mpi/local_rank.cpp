// A communicator knows a rank's place on its machine: here all ranks are on one.
#include <mpi.h>

#include <cstdio>

#include "neuspec/communicator.hpp"

int main(int count, char** arguments) {
  MPI_Init(&count, &arguments);
  int rank = 0, size = 0, wrong = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  MPI_Comm backwards = MPI_COMM_NULL;
  MPI_Comm_split(MPI_COMM_WORLD, 0, -rank, &backwards);
  {
    const auto world = neuspec::mpi_communicator(MPI_Comm_c2f(MPI_COMM_WORLD)), reversed = neuspec::mpi_communicator(MPI_Comm_c2f(backwards));
    wrong = world->local_rank() == rank && reversed->local_rank() == size - 1 - rank ? 0 : 1;
    if (world->local_size() != size || reversed->local_size() != size) wrong = 1;
    if (wrong != 0) std::fprintf(stderr, "rank %d: local ranks %d and %d\n", rank, world->local_rank(), reversed->local_rank());
  }
  MPI_Comm_free(&backwards);
  MPI_Allreduce(MPI_IN_PLACE, &wrong, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  MPI_Finalize();
  return wrong;
}
