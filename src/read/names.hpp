/// \file names.hpp
/// Lists of names as one text, which ranks can send.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace neuspec::read {

inline constexpr char name_end = '\0';  // no name has one

inline std::string joined_names(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += name + name_end;
  return text;
}

inline std::vector<std::string> split_names(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    names.emplace_back(text.substr(0, text.find(name_end)));
    text.remove_prefix(names.back().size() + 1);
  }
  return names;
}

}  // namespace neuspec::read
