// Binary files of our own: little-endian words of 64 bits, a checksum at the end.
#pragma once

#include <cstdint>
#include <istream>
#include <ostream>
#include <string>
#include <vector>

#include "neuspec/dataset.hpp"
#include "numeric/crc64.hpp"

namespace neuspec {

class CheckedWriter {
 public:
  explicit CheckedWriter(std::ostream& file) : file_(file) {}

  void bytes(const char* data, std::size_t count);
  void word(std::uint64_t value);
  void count(Index value) { word(static_cast<std::uint64_t>(value)); }
  void number(double value);
  void numbers(const std::vector<double>& values);
  void finish() { word(checksum_.value()); }

 private:
  std::ostream& file_;
  Crc64 checksum_;
};

/// Each call throws DataError where the file is not what a writer wrote: "NAME: damaged THING: …".
class CheckedReader {
 public:
  CheckedReader(std::istream& file, std::string name, std::string thing);

  [[noreturn]] void damaged(const std::string& how) const;
  void bytes(char* data, std::size_t count);
  std::uint64_t word();
  double number() { return numbers(1)[0]; }
  /// Finite numbers. Room is made for as many as there prove to be.
  std::vector<double> numbers(Index count);
  /// So many bytes are left, which is asked before room is made for them; nothing can be said of a pipe.
  void expect(std::uint64_t left) const;
  void finish();

 private:
  std::string name_, thing_;
  std::istream& file_;
  Crc64 checksum_;
};

}  // namespace neuspec
