/// \file ranks.hpp
/// The ranks of a program that mpirun started, and the samples that each of them has.
#pragma once

#include <memory>
#include <string>

#include "distribute/ranks.hpp"
#include "neuspec/dataset.hpp"

namespace neuspec::cli {

/// Joins the others, for the life of the process. \throws EnvironmentError
void join_ranks(int* count, char*** arguments);
/// Leaves them; every rank has to.
void leave_ranks();

/// Null where there are none.
const Ranks* ranks();
/// `any` or `fixed` (RankOrder).
void set_rank_order(const std::string& text);
/// Threads of a rank: those on the same machine share its processors, unless each has its own already.
int threads_of_rank();
/// Rank 0, which alone prints and writes files, or a program that was started alone.
bool is_first_rank();

/// Samples as this rank's part of those of all ranks.
std::shared_ptr<const Source> shared_out(std::shared_ptr<const Source> part);

}  // namespace neuspec::cli
