#include "read/text_files.hpp"

#include <algorithm>
#include <numeric>

#include "read/file_buffer.hpp"
#include "read/gzip.hpp"
#include "read/hdf5_name.hpp"
#include "read/names.hpp"
#include "read/parts.hpp"
#include "read/readers.hpp"

namespace neuspec::read {
namespace {

/// None where they are not all text, or cannot be shared out.
std::vector<TextFile> text_files(const std::string& path) {
  std::vector<TextFile> files;
  for (const std::string& name : parts_of(path)) {
    const auto [head, bytes] = hdf5_name(name).file == name ? head_of(name) : FileHead();
    TextFile file{name, bytes};
    file.compressed = is_gzip(head);
    if (head.empty() || (!file.compressed && (is_npy(head) || is_idx(head) || is_hdf5(head) || !is_text(head)))) return {};
    files.push_back(file);
  }
  if (files.size() == 1 && files.front().compressed) return {};
  return files;
}

}  // namespace

std::vector<TextFile> shared_text_files(const std::string& path, const Ranks& ranks) {
  std::vector<std::string> words;
  if (ranks.first()) {
    for (const TextFile& file : text_files(path)) words.insert(words.end(), {file.path, std::to_string(file.bytes), file.compressed ? "1" : "0"});
  }
  std::string told = joined_names(words);
  ranks.broadcast(told);
  words = split_names(told);
  std::vector<TextFile> files;
  for (auto word = words.begin(); word != words.end(); word += 3) files.push_back({word[0], std::stoull(word[1]), word[2] == "1"});
  return files;
}

std::vector<FileRange> ranges_of(const std::vector<TextFile>& files, int rank, int size) {
  const std::size_t total =
      std::accumulate(files.begin(), files.end(), std::size_t{0}, [](std::size_t sum, const TextFile& file) { return sum + file.bytes; });
  const auto ranks = static_cast<std::size_t>(size);
  const auto bound = [&](std::size_t k) { return total / ranks * k + total % ranks * k / ranks; };
  const std::size_t first = bound(static_cast<std::size_t>(rank)), last = bound(static_cast<std::size_t>(rank) + 1);
  std::vector<FileRange> ranges;
  std::size_t start = 0;
  for (std::size_t at = 0; at < files.size(); start += files[at++].bytes) {
    const std::size_t bytes = files[at].bytes, end = start + bytes, middle = start + bytes / 2;
    if (files[at].compressed && first <= middle && middle < last) ranges.push_back({at, {0, bytes}});
    if (!files[at].compressed && std::max(first, start) < std::min(last, end)) {
      ranges.push_back({at, {std::max(first, start) - start, std::min(last, end) - start}});
    }
  }
  return ranges;
}

}  // namespace neuspec::read
