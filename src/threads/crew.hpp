// The threads that the library keeps for its own loops.
#pragma once

#include "neuspec/dataset.hpp"

namespace neuspec::crew {

using Piece = void (*)(void* work, Index piece) noexcept;

/// piece(work, 0 … count−1), each once: by the calling thread and, as they find the time, by up to `helpers` threads of the process's one crew.
/// Nobody waits for a thread that has not begun a piece: on a busy machine the caller does what others do not come to. Threads wait for work by
/// spinning for as long as that has lately been worth it, a tenth of a millisecond at most, then asleep. May be called from several threads at once
/// and after `fork`; a crew that cannot be hired (limits on processes) leaves all pieces to the caller.
void share(Index count, int helpers, Piece piece, void* work);

/// Whether the calling thread is inside of a piece.
bool within_piece();

/// Threads hired so far.
int size();

}  // namespace neuspec::crew
