/// \file communicator.hpp
/// Processes that share the samples out among them.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "neuspec/dataset.hpp"

struct neuspec_data;

namespace neuspec NEUSPEC_API {

/// A group of processes, its ranks, as the library needs it: `mpi_communicator` makes one, others may be derived. `sum` and `broadcast` are
/// collective, every rank calls them in the same order, and each is called by one thread at a time. What goes wrong is an exception.
class Communicator {
 public:
  virtual ~Communicator() = default;
  virtual int rank() const = 0;  ///< 0 … size − 1
  virtual int size() const = 0;
  /// Its number among the ranks of its machine, by which they share its GPUs out; 0 where it is not known.
  virtual int local_rank() const { return 0; }
  /// How many ranks share its machine, with its processors and memory; 1 where it is not known.
  virtual int local_size() const { return 1; }
  /// values ← Σ over the ranks, element by element, the same numbers on every rank.
  virtual void sum(double* values, std::size_t count) const = 0;
  /// Rank 0's bytes become everyone's.
  virtual void broadcast(void* bytes, std::size_t count) const = 0;
  /// Bytes from one rank to another, which arrive in the order they were sent.
  virtual void send(const void* bytes, std::size_t count, int to) const = 0;
  virtual void receive(void* bytes, std::size_t count, int from) const = 0;
  /// Whether `sum_on_gpus` can be called.
  virtual bool sums_on_gpus() const { return false; }
  /// `sum` of numbers in the memory of the GPU that the calling thread uses, which has nothing to do with them meanwhile.
  virtual void sum_on_gpus(double* values, std::size_t count) const { sum(values, count); }
};

/// A duplicate of the MPI communicator with this handle in Fortran (`MPI_Comm_c2f` in C and C++, `comm` or `comm%MPI_VAL` in Fortran), which is freed
/// with the last copy of the result; that has to come before MPI_Finalize. MPI_COMM_WORLD and the communicator's error handler stay as they are, and
/// MPI is called by no other thread than the library is. A rank that waits for others does not keep a processor busy, but where MPI sums in the
/// memory of GPUs: it is asked to if NEUSPEC_GPU_AWARE_MPI is 1 in the environment of every rank. In the library neuspec_mpi.
/// \throws EnvironmentError where MPI is not initialised, UsageError for MPI_COMM_NULL
std::shared_ptr<const Communicator> mpi_communicator(int fortran_handle);

class Ranks;

/// How what the ranks have is brought together.
enum class RankOrder {
  any,   ///< each rank adds up its own samples, and sums of them travel: the more ranks the faster, and the last digits depend on their number
  fixed  ///< rank 0 adds up all samples in their order, which travel to it: the same bits as without ranks, and no faster
};

/// One rank's part of samples that are shared out. Rank 0 has the first of them; every rank has some, of the same features and targets. What is done
/// with such a source, `fit`, `fit_path`, `certify`, `beta_max`, is collective: every rank calls it with the same arguments and gets the same result,
/// but for what belongs to a sample (Report::dual_vector), of which each gets its own part. Observers and limits are rank 0's.
///
/// Sums over samples are shared out for smooth losses, with intercepts and without; kernel Gram matrices, wide data and losses with kinks take all
/// samples together, which then travel to rank 0 as for RankOrder::fixed.
///
/// An exception on any rank becomes one of the same kind and with the same message on all of them.
class Shard final : public Source {
 public:
  /// The part has to outlive the object.
  Shard(const Source& part, std::shared_ptr<const Communicator> communicator, RankOrder order = RankOrder::any);
  ~Shard() override;

  Index samples() const override { return part_.samples(); }  ///< of this rank
  Index features() const override { return part_.features(); }
  Index targets() const override { return part_.targets(); }
  void visit(Index most, const std::function<void(const Chunk&)>& visitor) const override { part_.visit(most, visitor); }
  void visit_targets(Index most, const std::function<void(const Chunk&)>& visitor) const override { part_.visit_targets(most, visitor); }
  StoredForm stored_form() const override { return part_.stored_form(); }
  const Ranks* ranks() const override { return ranks_.get(); }

 private:
  const Source& part_;
  std::unique_ptr<const Ranks> ranks_;
};

/// `neuspec_data_set_ranks` of the C API for a communicator of any kind, which `make` gives once the handle and the order, a neuspec_rank_order, are
/// known to be right. Its error code; nothing is thrown.
int share_out(neuspec_data* data, int order, const std::function<std::shared_ptr<const Communicator>()>& make) noexcept;

}  // namespace neuspec NEUSPEC_API
