#include "distribute/mpi_process.hpp"

#include <mpi.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "neuspec/error.hpp"

namespace neuspec {
namespace {

/// What launchers set: Open MPI's, Hydra (MPICH, Intel), PMIx and PMI-2 (Slurm's srun).
bool is_launched() {
  constexpr std::array variables{"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMI_RANK", "PMIX_RANK"};
  return std::any_of(variables.begin(), variables.end(), [](const char* name) { return std::getenv(name) != nullptr; });
}

}  // namespace

int MpiProcess::launched_rank() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"}) {
    if (const char* text = std::getenv(name)) return std::atoi(text);
  }
  return 0;
}

MpiProcess::MpiProcess(int* count, char*** arguments) {
  if (!is_launched()) return;
  int provided = 0;
  if (MPI_Init_thread(count, arguments, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS) throw EnvironmentError("MPI could not be initialised");
  communicator_ = mpi_communicator(MPI_Comm_c2f(MPI_COMM_WORLD));
  if (communicator_->size() == 1) communicator_ = nullptr;
}

MpiProcess::~MpiProcess() {
  if (!is_launched()) return;
  communicator_ = nullptr;
  MPI_Finalize();
}

}  // namespace neuspec
