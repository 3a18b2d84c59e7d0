#include "read/shared_arrays.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "read/hdf5_name.hpp"
#include "read/names.hpp"
#include "read/parts.hpp"
#include "read/readers.hpp"
#include "read/rows.hpp"

namespace neuspec::read {
namespace {

bool is_array(const std::string& path) {
  const std::string head = head_of(hdf5_name(path).file).bytes;
  return is_npy(head) || is_idx(head) || is_hdf5(head);
}

/// What the ranks know of the files.
struct ArrayFiles {
  std::vector<std::string> paths, notices;  // none where they are not all arrays; notices are rank 0's
  std::vector<Index> samples;               // of each
};

ArrayFiles array_files(const std::string& path, Selection selection, std::size_t held) {
  ArrayFiles files{parts_of(path), {}, {}};
  if (!std::all_of(files.paths.begin(), files.paths.end(), is_array)) return {};
  selection.header_alone = true;
  std::vector<Table> headers;
  for (const std::string& file : files.paths) {
    headers.push_back(read_file(file, selection, held / files.paths.size()));
    files.samples.push_back(headers.back().samples);
    files.notices.insert(files.notices.end(), headers.back().notices.begin(), headers.back().notices.end());
  }
  check_parts(headers);
  return files;
}

ArrayFiles told_by_first(const std::string& path, const Selection& selection, const Ranks& ranks, std::size_t held) {
  ArrayFiles files;
  if (ranks.first()) files = array_files(path, selection, held);
  std::string paths = joined_names(files.paths);
  ranks.broadcast(paths);
  std::vector<double> samples(files.samples.begin(), files.samples.end());
  ranks.broadcast(samples);
  return {split_names(paths), std::move(files.notices), {samples.begin(), samples.end()}};
}

}  // namespace

std::optional<Table> read_shared_arrays(const std::string& path, Selection selection, const Ranks& ranks, std::size_t held) {
  ArrayFiles files = told_by_first(path, selection, ranks, held);
  if (files.paths.empty()) return {};
  Index all = 0;
  for (const Index samples : files.samples) all += samples;
  const Stretch own = own_stretch(path, all, ranks);
  std::vector<Table> parts;
  Index begin = 0;  // of a file's samples among all
  for (std::size_t k = 0; k < files.paths.size(); begin += files.samples[k++]) {
    const Index first = std::max(own.first, begin), last = std::min(own.first + own.count, begin + files.samples[k]);
    if (first >= last) continue;
    selection.rows = Stretch{first - begin, last - first};
    parts.push_back(read_file(files.paths[k], selection, held / files.paths.size()));
  }
  Table table = files.paths.size() == 1 ? std::move(parts.front()) : joined(path, std::move(parts));
  table.before = own.first;
  table.notices = std::move(files.notices);
  return table;
}

}  // namespace neuspec::read
