#include "read/array_bytes.hpp"

#include <algorithm>
#include <cstring>

namespace neuspec::read {

const char* FileBytes::read(std::size_t offset, std::size_t count, std::vector<char>& buffer) const {
  if (file_.in_memory()) {
    return file_.content.data() + begin_ + offset;
  }
  buffer.resize(std::max(buffer.size(), count));
  file_.file->read(begin_ + offset, count, buffer.data());
  return buffer.data();
}

void copy_bytes(const FileView& file, std::size_t offset, std::size_t count, char* to) {
  if (file.in_memory()) {
    std::memcpy(to, file.content.data() + offset, count);
  } else {
    file.file->read(offset, count, to);
  }
}

}  // namespace neuspec::read
