// The only place that knows MPI: the library neuspec_mpi.
#include <mpi.h>
#ifdef OPEN_MPI
#include <mpi-ext.h>
#endif

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

#include "neuspec/communicator.hpp"
#include "neuspec/error.hpp"
#include "neuspec/neuspec.h"
#include "threads/patience.hpp"

namespace neuspec {
namespace {

constexpr std::size_t most_bytes = std::size_t{1} << 30;  // of a message: MPI counts in int

void check(int code, const char* what) {
  if (code == MPI_SUCCESS) return;
  std::string text(MPI_MAX_ERROR_STRING, '\0');
  int length = 0;
  MPI_Error_string(code, text.data(), &length);
  throw EnvironmentError(std::string("MPI: ") + what + ": " + text.substr(0, static_cast<std::size_t>(length)));
}

/// MPI's own waiting spins, which takes the processor from ranks and threads that have something to do.
void wait(MPI_Request request, const char* what) {
  for (Patience patience;; patience.wait()) {
    int done = 0;
    check(MPI_Test(&request, &done, MPI_STATUS_IGNORE), what);
    if (done != 0) return;
  }
}

/// Whether the MPI says of itself that it takes no memory of GPUs; some say nothing.
bool takes_host_memory_alone() {
#if defined(OMPI_HAVE_MPI_EXT_CUDA) && OMPI_HAVE_MPI_EXT_CUDA
  return MPIX_Query_cuda_support() == 0;
#elif defined(MPIX_GPU_SUPPORT_CUDA)
  int there = 0;
  check(MPIX_GPU_query_support(MPIX_GPU_SUPPORT_CUDA, &there), "it does not say whether it takes memory of GPUs");
  return there == 0;
#else
  return false;
#endif
}

/// Calls body(offset, count) on pieces that MPI can count.
template <class Body>
void in_pieces(std::size_t count, std::size_t most, const Body& body) {
  for (std::size_t at = 0; at < count; at += most) body(at, static_cast<int>(std::min(most, count - at)));
}

class MpiCommunicator final : public Communicator {
 public:
  explicit MpiCommunicator(MPI_Comm given) {
    check(MPI_Comm_dup(given, &group_), "a communicator could not be duplicated");
    check(MPI_Comm_set_errhandler(group_, MPI_ERRORS_RETURN), "an error handler could not be set");
    check(MPI_Comm_rank(group_, &rank_), "there is no rank");
    check(MPI_Comm_size(group_, &size_), "there is no size");
    MPI_Comm here = MPI_COMM_NULL;
    check(MPI_Comm_split_type(group_, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &here), "the ranks of a machine could not be told");
    check(MPI_Comm_rank(here, &local_rank_), "there is no rank");
    check(MPI_Comm_size(here, &local_size_), "there is no size");
    check(MPI_Comm_free(&here), "a communicator could not be freed");
  }
  ~MpiCommunicator() override {
    int ended = 0;
    MPI_Finalized(&ended);
    if (ended == 0) MPI_Comm_free(&group_);
  }
  MpiCommunicator(const MpiCommunicator&) = delete;
  MpiCommunicator& operator=(const MpiCommunicator&) = delete;

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  int local_rank() const override { return local_rank_; }
  int local_size() const override { return local_size_; }

  void sum(double* values, std::size_t count) const override {
    in_pieces(count, most_bytes / sizeof(double), [&](std::size_t at, int some) {
      MPI_Request request = MPI_REQUEST_NULL;
      check(MPI_Iallreduce(MPI_IN_PLACE, values + at, some, MPI_DOUBLE, MPI_SUM, group_, &request), "a sum over the ranks failed");
      wait(request, "a sum over the ranks failed");
    });
  }
  void broadcast(void* bytes, std::size_t count) const override {
    in_pieces(count, most_bytes, [&](std::size_t at, int some) {
      MPI_Request request = MPI_REQUEST_NULL;
      check(MPI_Ibcast(static_cast<char*>(bytes) + at, some, MPI_BYTE, 0, group_, &request), "a broadcast failed");
      wait(request, "a broadcast failed");
    });
  }
  void send(const void* bytes, std::size_t count, int to) const override {
    in_pieces(count, most_bytes, [&](std::size_t at, int some) {
      MPI_Request request = MPI_REQUEST_NULL;
      check(MPI_Isend(static_cast<const char*>(bytes) + at, some, MPI_BYTE, to, 0, group_, &request), "a message could not be sent");
      wait(request, "a message could not be sent");
    });
  }
  void receive(void* bytes, std::size_t count, int from) const override {
    in_pieces(count, most_bytes, [&](std::size_t at, int some) {
      MPI_Request request = MPI_REQUEST_NULL;
      check(MPI_Irecv(static_cast<char*>(bytes) + at, some, MPI_BYTE, from, 0, group_, &request), "a message could not be received");
      wait(request, "a message could not be received");
    });
  }

  bool sums_on_gpus() const override {
    const char* const wanted = std::getenv("NEUSPEC_GPU_AWARE_MPI");
    if (wanted == nullptr || std::string_view(wanted) != "1") return false;
    if (takes_host_memory_alone()) throw EnvironmentError("NEUSPEC_GPU_AWARE_MPI is 1, and this MPI says that it takes no memory of GPUs");
    return true;
  }
  // Open MPI takes memory of GPUs in sums that block, and in no others.
  void sum_on_gpus(double* values, std::size_t count) const override {
    in_pieces(count, most_bytes / sizeof(double), [&](std::size_t at, int some) {
      check(MPI_Allreduce(MPI_IN_PLACE, values + at, some, MPI_DOUBLE, MPI_SUM, group_), "a sum over the GPUs of the ranks failed");
    });
  }

 private:
  MPI_Comm group_ = MPI_COMM_NULL;
  int rank_ = 0, size_ = 1, local_rank_ = 0, local_size_ = 1;
};

}  // namespace

std::shared_ptr<const Communicator> mpi_communicator(int fortran_handle) {
  int begun = 0, ended = 0;
  MPI_Initialized(&begun);
  MPI_Finalized(&ended);
  if (begun == 0 || ended != 0) throw EnvironmentError("MPI is not initialised, or finalised already");
  MPI_Comm given = MPI_Comm_f2c(fortran_handle);
  if (given == MPI_COMM_NULL || given == MPI_Comm{}) throw UsageError("there is no such MPI communicator");
  return std::make_shared<MpiCommunicator>(given);
}

}  // namespace neuspec

extern "C" int neuspec_data_set_ranks(neuspec_data* data, int communicator, int32_t order) {
  return neuspec::share_out(data, order, [&] { return neuspec::mpi_communicator(communicator); });
}
