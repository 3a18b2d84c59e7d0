#include "read/shared_text.hpp"

#include <algorithm>
#include <exception>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "read/learn.hpp"
#include "read/message.hpp"
#include "read/names.hpp"
#include "read/parts.hpp"
#include "read/readers.hpp"
#include "read/rows.hpp"
#include "read/text_files.hpp"

namespace neuspec::read {
namespace {

double number(Index value) { return static_cast<double>(value); }

/// A rank's pieces and what becomes of them. A rank that fails goes on with the others until all know of it, so that of several errors the one that
/// comes first in the files is told.
class OwnText {
 public:
  OwnText(std::string path, std::vector<TextFile> files, Selection selection, const Ranks& ranks, std::size_t piece_bytes)
      : piece_bytes_(piece_bytes),
        path_(std::move(path)),
        files_(std::move(files)),
        selection_(std::move(selection)),
        ranks_(ranks),
        ranges_(ranges_of(files_, ranks.rank(), ranks.size())) {
    selection_.samples = 0;
  }

  std::optional<Table> table() {
    attempt([this] { look(); });
    if (!count()) return {};
    read();
    if (tell() == Outcome::again) {
      read();
      tell();
    }
    if (needs_whole_) return {};
    Table table = files_.size() == 1 ? std::move(tables_.front()) : joined_parts();
    table.before = before_;
    table.notices = gathered(table.notices, ranks_);
    return table;
  }

 private:
  enum class Outcome { done, again };

  template <class Body>
  void attempt(const Body& body) {
    if (failure_ != nullptr) return;
    try {
      body();
    } catch (...) {
      failure_ = std::current_exception();
    }
  }

  /// Opens this rank's files, and counts what is needed to read those that others have a part of, and how wide LIBSVM's samples are.
  void look() {
    for (const FileRange& range : ranges_) {
      const TextFile& file = files_[range.file];
      pieces_.push_back(file.compressed ? nullptr : std::make_unique<TextRange>(opened(file), range.bytes, piece_bytes_));
      outlines_.push_back(pieces_.back() == nullptr || !pieces_.back()->can_be_cut() ? LibsvmOutline{} : pieces_.back()->outline());
      needs_whole_ = needs_whole_ || (pieces_.back() != nullptr && !pieces_.back()->can_be_cut());
    }
  }

  std::shared_ptr<const OpenText> opened(const TextFile& file) const {
    auto text = std::make_shared<const OpenText>(file.path, selection_);
    if (text->file().size() != file.bytes) fail(file.path, "was written to while it was read");
    return text;
  }

  /// What the ranks have counted together; whether each can read its part.
  bool count() {
    LibsvmOutline all;
    for (const LibsvmOutline& outline : outlines_) all = all + outline;
    const LibsvmOutline none, &first = outlines_.empty() ? none : outlines_.front(), &last = outlines_.empty() ? none : outlines_.back();
    const std::vector<double> own{needs_whole_ || ranges_.empty() ? 1.0 : 0.0,
                                  number(first.lines),
                                  number(first.samples),
                                  number(last.lines),
                                  number(last.samples),
                                  number(all.features)};
    const std::vector<double> told = ranks_.all(own);
    for (int rank = 0; rank < ranks_.size(); ++rank) {
      const double* const of_rank = told.data() + static_cast<std::size_t>(rank) * own.size();
      if (of_rank[0] > 0) return false;
      features_ = std::max(features_, static_cast<Index>(of_rank[5]));
    }
    for (std::size_t at = 0; at < pieces_.size() && failure_ == nullptr; ++at) known_.push_back(file_of(at, told, own.size()));
    return true;
  }

  /// The file of a piece: what the ranks before have of it is the last they have, what those behind have the first.
  LibsvmFile file_of(std::size_t at, const std::vector<double>& told, std::size_t stride) const {
    const std::size_t file = ranges_[at].file;
    LibsvmFile all{{outlines_[at].lines, outlines_[at].samples, features_}, files_[file].bytes, 0};
    const bool in_the_middle = at > 0 && at + 1 < pieces_.size();  // of what this rank has: nobody else has any of it
    for (int rank = 0; rank < ranks_.size() && !in_the_middle; ++rank) {
      if (rank == ranks_.rank()) continue;
      const bool before = rank < ranks_.rank();
      const std::vector<FileRange> others = ranges_of(files_, rank, ranks_.size());
      if ((before ? others.back() : others.front()).file != file) continue;
      const double* const of_rank = told.data() + static_cast<std::size_t>(rank) * stride + (before ? 3 : 1);
      all.lines_before += before ? static_cast<Index>(of_rank[0]) : 0;
      all.outline.samples += static_cast<Index>(of_rank[1]);
    }
    return all;
  }

  void read() {
    attempt([this] {
      Selection left = selection_;
      tables_.clear();
      for (std::size_t at = 0; at < pieces_.size(); ++at) {
        if (pieces_[at] == nullptr) {
          tables_.push_back(read_file(files_[ranges_[at].file].path, left, held_bytes / files_.size()));
        } else if (pieces_[at]->is_empty()) {
          continue;
        } else if (pieces_[at]->fits(left, known_[at])) {
          tables_.push_back(*pieces_[at]->read(left, known_[at]));
        } else {
          tables_.clear();  // a rank without samples: one that sees all says what is wrong
          return;
        }
        left.memory -= held_bytes_of(tables_.back());
      }
    });
  }

  /// Whether what all have read is the same once more: text labels on one rank make all labels text, and the widest sample makes all as wide.
  Outcome tell() {
    Index samples = 0, features = 0;
    bool text = false, differ = false;
    for (const Table& table : tables_) {
      samples += table.samples;
      features = std::max(features, table.features);
      text = text || !table.labels.empty();
      differ = differ || table.features != tables_.front().features || table.labels.empty() != tables_.front().labels.empty();
    }
    const std::vector<double> own{failure_ == nullptr ? 0.0 : 1.0, number(samples), number(features), text ? 1.0 : 0.0, differ ? 1.0 : 0.0};
    const std::vector<double> told = ranks_.all(own);
    bool again = false;
    before_ = 0;
    for (std::size_t rank = 0; rank < static_cast<std::size_t>(ranks_.size()); ++rank) {
      const double* const of_rank = told.data() + rank * own.size();
      const bool failed = of_rank[0] > 0;
      if (failed && !(text_seen(told, rank, own.size()) && selection_.labels != Labels::text)) fail_together();
      needs_whole_ = needs_whole_ || (!failed && of_rank[1] == 0);
      before_ += rank < static_cast<std::size_t>(ranks_.rank()) ? static_cast<Index>(of_rank[1]) : 0;
      again = again || failed || of_rank[2] != told[2] || of_rank[3] != told[3] || of_rank[4] > 0;
      features = std::max(features, static_cast<Index>(of_rank[2]));
      text = text || of_rank[3] > 0;
    }
    if (!again) return Outcome::done;
    failure_ = nullptr;
    features_ = selection_.features = features;
    selection_.labels = text ? Labels::text : selection_.labels;
    return Outcome::again;
  }

  /// Whether a rank before found labels that are text: then what this one failed at may have been a label.
  static bool text_seen(const std::vector<double>& told, std::size_t rank, std::size_t stride) {
    for (std::size_t before = 0; before < rank; ++before) {
      if (told[before * stride + 3] > 0) return true;
    }
    return false;
  }

  [[noreturn]] void fail_together() const {
    if (failure_ != nullptr) std::rethrow_exception(failure_);
    ranks_.meet();
    throw OtherFailed();
  }

  /// As one table of all files, whose columns are those of the first of them.
  Table joined_parts() {
    Table first = columns_of(tables_.front());
    std::string path = tables_.front().path, features = joined_names(first.feature_names), targets = joined_names(first.target_names);
    for (std::string* const text : {&path, &features, &targets}) ranks_.broadcast(*text);
    std::vector<double> image{number(first.image_height), number(first.image_width)};
    ranks_.broadcast(std::span(image));
    first.path = path;
    first.feature_names = split_names(features);
    first.target_names = split_names(targets);
    first.image_height = static_cast<Index>(image[0]);
    first.image_width = static_cast<Index>(image[1]);
    first.labels = tables_.front().labels;
    tables_.insert(tables_.begin(), std::move(first));
    return joined(path_, std::move(tables_));
  }

  std::size_t piece_bytes_;
  std::string path_;
  std::vector<TextFile> files_;
  Selection selection_;
  const Ranks& ranks_;
  std::vector<FileRange> ranges_;
  std::vector<std::unique_ptr<TextRange>> pieces_;  // null: a compressed file
  std::vector<LibsvmOutline> outlines_;
  std::vector<LibsvmFile> known_;
  std::vector<Table> tables_;
  std::exception_ptr failure_;
  Index features_ = 0, before_ = 0;
  bool needs_whole_ = false;
};

}  // namespace

std::optional<Table> read_shared_text(const std::string& path, const Selection& selection, const Ranks& ranks, std::size_t piece_bytes) {
  std::vector<TextFile> files = shared_text_files(path, ranks);
  if (files.empty()) return {};
  return OwnText(path, std::move(files), selection, ranks, piece_bytes).table();
}

}  // namespace neuspec::read
