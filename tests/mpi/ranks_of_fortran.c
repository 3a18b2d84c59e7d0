/* MPI for ranks_of_fortran.f90, whose compiler need not be the one that MPI's own modules are of. */
#include <mpi.h>
#include <stdio.h>

int check_ranks_of_fortran(int communicator, int none, int rank, int ranks);

int main(int count, char** arguments) {
  int rank = 0, ranks = 1;
  MPI_Init(&count, &arguments);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  int wrong = check_ranks_of_fortran(MPI_Comm_c2f(MPI_COMM_WORLD), MPI_Comm_c2f(MPI_COMM_NULL), rank, ranks);
  if (wrong != 0) fprintf(stderr, "rank %d: check %d\n", rank, wrong);
  MPI_Allreduce(MPI_IN_PLACE, &wrong, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  MPI_Finalize();
  return wrong;
}
