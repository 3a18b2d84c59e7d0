#ifdef NEUSPEC_HAS_HDF5
#include "read/hdf5_storage.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <list>
#include <mutex>
#include <optional>
#include <vector>

#include "read/message.hpp"
#include "threads/parallel.hpp"

namespace neuspec::read {
namespace {

/// Chunks as a grid over samples × bytes of a sample.
struct Grid {
  std::size_t rows, row_bytes;              // of the array
  std::size_t chunk_rows, chunk_row_bytes;  // of a chunk, which may reach beyond the array's end
  std::size_t down() const { return (rows + chunk_rows - 1) / chunk_rows; }
  std::size_t across() const { return (row_bytes + chunk_row_bytes - 1) / chunk_row_bytes; }
};

/// Chunks without filters, read from their places in the file.
class ChunkBytes final : public ArrayBytes {
 public:
  /// `places` of all chunks, those of one row of the grid after the other
  ChunkBytes(FileView file, Grid grid, std::vector<haddr_t> places) : file_(std::move(file)), grid_(grid), places_(std::move(places)) {}

  const char* read(std::size_t offset, std::size_t count, std::vector<char>& buffer) const override {
    buffer.resize(std::max(buffer.size(), count));
    const std::size_t end = (offset + count) / grid_.row_bytes;
    char* to = buffer.data();
    for (std::size_t row = offset / grid_.row_bytes; row < end;) {
      const std::size_t inside = row % grid_.chunk_rows, some = std::min(grid_.chunk_rows - inside, end - row);
      read_rows(row / grid_.chunk_rows, inside, some, to);
      row += some;
      to += some * grid_.row_bytes;
    }
    return buffer.data();
  }

 private:
  // Rows of one row of the grid.
  void read_rows(std::size_t down, std::size_t inside, std::size_t rows, char* to) const {
    const haddr_t* const places = places_.data() + down * grid_.across();
    if (grid_.chunk_row_bytes == grid_.row_bytes) {
      copy_bytes(file_, places[0] + inside * grid_.row_bytes, rows * grid_.row_bytes, to);
      return;
    }
    static thread_local std::vector<char> piece;
    piece.resize(std::max(piece.size(), rows * grid_.chunk_row_bytes));
    for (std::size_t across = 0; across < grid_.across(); ++across) {
      const std::size_t at = across * grid_.chunk_row_bytes, width = std::min(grid_.chunk_row_bytes, grid_.row_bytes - at);
      copy_bytes(file_, places[across] + inside * grid_.chunk_row_bytes, rows * grid_.chunk_row_bytes, piece.data());
      for (std::size_t i = 0; i < rows; ++i) std::memcpy(to + i * grid_.row_bytes + at, piece.data() + i * grid_.chunk_row_bytes, width);
    }
  }

  FileView file_;
  Grid grid_;
  std::vector<haddr_t> places_;
};

constexpr const char* kTell = "tell how it is stored";

/// \throws DataError naming the first filter that is missing; returns if none is
void fail_for_filters(const Hdf5Dataset& dataset) {
  const Hdf5Handle created = checked_handle(h5().Dget_create_plist(dataset.id.get()), h5().Pclose, dataset.path, kTell);
  const int count = checked(h5().Pget_nfilters(created.get()), dataset.path, kTell);
  for (unsigned k = 0; k < static_cast<unsigned>(count); ++k) {
    std::array<char, 64> name{};
    unsigned flags = 0, config = 0;
    std::size_t values = 0;
    const H5Z_filter_t filter = h5().Pget_filter2(created.get(), k, &flags, &values, nullptr, name.size() - 1, name.data(), &config);
    if (filter >= 0 && h5().Zfilter_avail(filter) == 0) {
      fail(dataset.path,
           "needs filter " + std::to_string(filter) + (name[0] == 0 ? "" : " (" + quoted(name.data()) + ")") + ", which libhdf5 does not have here");
    }
  }
}

/// What libhdf5 alone can read: blocks of samples, of which those in use are kept.
class BlockBytes final : public ArrayBytes {
 public:
  BlockBytes(Hdf5Dataset dataset, FileView file, std::size_t chunk_rows) : dataset_(std::move(dataset)), file_(std::move(file)) {
    constexpr std::size_t kLeast = std::size_t{1} << 20U;  // bytes worth a call
    const std::vector<std::uint64_t>& shape = dataset_.array.shape;
    row_bytes_ = size_of(dataset_.array.type);
    for (std::size_t k = 1; k < shape.size(); ++k) row_bytes_ *= shape[k];
    chunk_rows = std::min<std::size_t>(chunk_rows, shape[0]);
    block_rows_ = std::min<std::size_t>(chunk_rows * std::max<std::size_t>(1, kLeast / (chunk_rows * row_bytes_)), shape[0]);
    most_blocks_ = static_cast<std::size_t>(threads()) + 1;  // each may be at another place
  }
  ~BlockBytes() override {
    const Hdf5Scope scope;
    dataset_ = {};
  }
  BlockBytes(const BlockBytes&) = delete;
  BlockBytes& operator=(const BlockBytes&) = delete;

  const char* read(std::size_t offset, std::size_t count, std::vector<char>& buffer) const override {
    buffer.resize(std::max(buffer.size(), count));
    const std::size_t block_bytes = block_rows_ * row_bytes_;
    for (std::size_t done = 0; done < count;) {
      const std::size_t at = offset + done, inside = at % block_bytes, some = std::min(block_bytes - inside, count - done);
      std::memcpy(buffer.data() + done, block(at / block_bytes)->data() + inside, some);
      done += some;
    }
    return buffer.data();
  }

 private:
  using Bytes = std::shared_ptr<const std::vector<char>>;
  struct Block {
    std::size_t index;
    Bytes bytes;
  };

  Bytes block(std::size_t index) const {
    if (Bytes kept = kept_block(index)) {
      return kept;
    }
    const Hdf5Scope scope;
    if (Bytes kept = kept_block(index)) {  // somebody else read it meanwhile
      return kept;
    }
    Bytes bytes = read_block(index);
    const std::lock_guard lock(mutex_);
    blocks_.push_front({index, bytes});
    if (blocks_.size() > most_blocks_) blocks_.pop_back();
    return bytes;
  }

  Bytes kept_block(std::size_t index) const {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(blocks_.begin(), blocks_.end(), [&](const Block& block) { return block.index == index; });
    if (found == blocks_.end()) {
      return nullptr;
    }
    blocks_.splice(blocks_.begin(), blocks_, found);
    return found->bytes;
  }

  Bytes read_block(std::size_t index) const {
    if (file_.file != nullptr) {
      file_.file->check_unchanged();
    }
    constexpr const char* action = "read it";
    const std::string& path = dataset_.path;
    const std::size_t first = index * block_rows_, rows = std::min<std::size_t>(block_rows_, dataset_.array.shape[0] - first);
    std::vector<hsize_t> start(dataset_.array.shape.size(), 0), count(dataset_.array.shape.begin(), dataset_.array.shape.end());
    start[0] = first;
    count[0] = rows;
    const Hdf5Handle in_file = checked_handle(h5().Dget_space(dataset_.id.get()), h5().Sclose, path, action);
    checked(h5().Sselect_hyperslab(in_file.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr), path, action);
    const Hdf5Handle in_memory =
        checked_handle(h5().Screate_simple(static_cast<int>(count.size()), count.data(), nullptr), h5().Sclose, path, action);
    auto bytes = std::make_shared<std::vector<char>>(rows * row_bytes_);
    if (h5().Dread(dataset_.id.get(), dataset_.memory_type.get(), in_memory.get(), in_file.get(), H5P_DEFAULT, bytes->data()) < 0) {
      const std::string reason = hdf5_reason();
      fail_for_filters(dataset_);
      fail(path, "libhdf5 cannot read it: " + reason);
    }
    return bytes;
  }

  Hdf5Dataset dataset_;
  FileView file_;
  std::size_t row_bytes_, block_rows_, most_blocks_;
  mutable std::mutex mutex_;
  mutable std::list<Block> blocks_;  // the last used first
};

/// The grid of a dataset whose chunks are pieces of rows: of images, only where a chunk has whole ones.
std::optional<Grid> grid_of(const Array& array, const std::vector<hsize_t>& chunk) {
  const std::size_t element = size_of(array.type);
  Grid grid{array.shape[0], element, chunk[0], element};
  for (std::size_t k = 1; k < chunk.size(); ++k) {
    if (chunk.size() > 2 && chunk[k] != array.shape[k]) return std::nullopt;
    grid.row_bytes *= array.shape[k];
    grid.chunk_row_bytes *= chunk[k];
  }
  return grid;
}

void check_place(const Hdf5Dataset& dataset, haddr_t place, std::size_t bytes, const FileView& view) {
  if (place > view.size || bytes > view.size - place) {
    fail(dataset.path, "truncated: its data reach beyond the end of the file");
  }
}

/// Places of all chunks; none where one is not in the file, as it was never written.
std::vector<haddr_t> places_of(const Hdf5Dataset& dataset, const std::vector<hsize_t>& chunk, const Grid& grid, const FileView& view) {
  std::vector<haddr_t> places;
  std::vector<hsize_t> at(chunk.size(), 0);
  for (std::size_t down = 0; down < grid.down(); ++down) {
    for (std::size_t across = 0; across < grid.across(); ++across) {
      at[0] = down * chunk[0];
      if (at.size() > 1) at[1] = across * chunk[1];
      unsigned skipped = 0;
      haddr_t place = HADDR_UNDEF;
      hsize_t bytes = 0;
      checked(h5().Dget_chunk_info_by_coord(dataset.id.get(), at.data(), &skipped, &place, &bytes), dataset.path, kTell);
      if (place == HADDR_UNDEF || bytes != grid.chunk_rows * grid.chunk_row_bytes) return {};
      check_place(dataset, place, bytes, view);
      places.push_back(place);
    }
  }
  return places;
}

std::shared_ptr<const ArrayBytes> bytes_at(Hdf5Dataset dataset, std::size_t bytes, const FileView& view) {
  constexpr std::size_t kMostChunks = 4096;  // libhdf5 looks for a chunk's place among all of them
  const std::string& path = dataset.path;
  const Hdf5Handle created = checked_handle(h5().Dget_create_plist(dataset.id.get()), h5().Pclose, path, kTell);
  const Hdf5Handle file_created = checked_handle(h5().Fget_create_plist(dataset.file.get()), h5().Pclose, path, kTell);
  const H5D_layout_t layout = checked(h5().Pget_layout(created.get()), path, kTell);
  hsize_t before = 0;
  checked(h5().Pget_userblock(file_created.get(), &before), path, kTell);
  if (layout == H5D_VIRTUAL) {  // zeros, where libhdf5 does not find those files
    fail(path, "is a virtual dataset, of others in other files; name these, as parts");
  }
  if (checked(h5().Pget_external_count(created.get()), path, kTell) > 0) {
    fail(path, "keeps its numbers in another file, which is not read");
  }
  const bool in_place = dataset.as_stored && before == 0;  // versions of libhdf5 count places from the end of that block or from the file's start
  if (in_place && layout == H5D_CONTIGUOUS) {
    const haddr_t place = h5().Dget_offset(dataset.id.get());
    if (place != HADDR_UNDEF) {
      check_place(dataset, place, bytes, view);
      return std::make_shared<FileBytes>(view, place);
    }
  }
  std::vector<hsize_t> chunk(dataset.array.shape.size(), 1);
  if (layout == H5D_CHUNKED) {
    checked(h5().Pget_chunk(created.get(), static_cast<int>(chunk.size()), chunk.data()), path, kTell);
    const std::optional<Grid> grid = grid_of(dataset.array, chunk);
    if (in_place && checked(h5().Pget_nfilters(created.get()), path, kTell) == 0 && grid && grid->down() * grid->across() <= kMostChunks) {
      std::vector<haddr_t> places = places_of(dataset, chunk, *grid, view);
      if (!places.empty()) return std::make_shared<ChunkBytes>(view, *grid, std::move(places));
    }
  }
  return std::make_shared<BlockBytes>(std::move(dataset), view, chunk[0]);
}

}  // namespace

Elements elements_of(Hdf5Dataset dataset, const FileView& view) {
  const std::size_t bytes = bytes_of(dataset.array, dataset.path);
  return {bytes_at(std::move(dataset), bytes, view), view.keeps(bytes)};
}

}  // namespace neuspec::read
#endif
