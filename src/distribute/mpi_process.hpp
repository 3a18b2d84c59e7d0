// MPI for the life of a program that mpirun may have started, in the library neuspec_mpi.
#pragma once

#include <memory>

#include "neuspec/communicator.hpp"

namespace neuspec {

/// Initialises MPI where a launcher's environment says that there are ranks, and finalises it. A program that was started alone does without.
class MpiProcess {
 public:
  MpiProcess(int* count, char*** arguments);
  ~MpiProcess();
  MpiProcess(const MpiProcess&) = delete;
  MpiProcess& operator=(const MpiProcess&) = delete;

  /// This process's among those that the launcher started, as it says so before MPI is there; 0 where it says nothing.
  static int launched_rank();
  /// Of all ranks; null where there are none.
  std::shared_ptr<const Communicator> communicator() const { return communicator_; }

 private:
  std::shared_ptr<const Communicator> communicator_;
};

}  // namespace neuspec
