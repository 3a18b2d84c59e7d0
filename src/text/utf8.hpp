/// \file utf8.hpp
/// Names in whatever 8-bit encoding as UTF-8, in which all text of ours is.
#pragma once

#include <string>
#include <string_view>

namespace neuspec {

/// Whether `text` is UTF-8 without surrogates and overlong forms.
bool is_utf8(std::string_view text);

/// `text` read as Windows-1252, of which Latin-1 is a part. Its five bytes without a meaning become the control characters of that number, so that no
/// two texts become the same.
std::string utf8_of_windows_1252(std::string_view text);

/// `text` itself if it is UTF-8, else read as Windows-1252.
std::string utf8_of(std::string_view text);

}  // namespace neuspec
