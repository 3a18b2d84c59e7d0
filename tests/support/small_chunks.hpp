// A source that hands out few samples at a time, whatever it is asked for: of a file, chunks end where its parts do.
#pragma once

#include <algorithm>

#include "neuspec/dataset.hpp"

namespace neuspec::test {

class SmallChunks final : public Source {
 public:
  SmallChunks(const Source& data, Index most) : data_(data), most_(most) {}
  Index samples() const override { return data_.samples(); }
  Index features() const override { return data_.features(); }
  Index targets() const override { return data_.targets(); }
  void visit(Index samples, const std::function<void(const Chunk&)>& visitor) const override { data_.visit(std::min(samples, most_), visitor); }

 private:
  const Source& data_;
  Index most_;
};

}  // namespace neuspec::test
