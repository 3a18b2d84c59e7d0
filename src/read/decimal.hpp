/// \file decimal.hpp
/// Decimal digits to double, correctly rounded, where that takes a few multiplications; eight digits at a time.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace neuspec::read::decimal {

/// Eight characters and how many digits they start with.
class Eight {
 public:
  explicit Eight(std::uint64_t characters) : characters_(characters) {
    constexpr std::uint64_t kLow = 0x7f7f7f7f7f7f7f7f, kHigh = 0x8080808080808080, kToHigh = 0x7676767676767676;
    const std::uint64_t values = characters ^ kZeros;                             // of digits 0 … 9, of anything else more
    const std::uint64_t others = (((values & kLow) + kToHigh) | values) & kHigh;  // the high bit of whatever is no digit
    count_ = std::countr_zero(others) / 8;
  }

  /// Reads eight bytes, whatever they are; the first becomes the lowest.
  static std::uint64_t load(const char* p) {
    std::uint64_t word = 0;
    if constexpr (std::endian::native == std::endian::little) {
      std::memcpy(&word, p, sizeof word);
    } else {
      for (int i = 0; i < 8; ++i) {
        word |= std::uint64_t{static_cast<unsigned char>(p[i])} << (8 * i);
      }
    }
    return word;
  }
  static Eight at(const char* p) { return Eight(load(p)); }

  int count() const { return count_; }

  /// These eight with the character behind the digits left out, `next` being the eight that start one character later. `count()` < 8.
  Eight without_point(std::uint64_t next) const {
    const std::uint64_t digits = (std::uint64_t{1} << (8 * count_)) - 1;
    return Eight((characters_ & digits) | (next & ~digits));
  }

  /// The number that the digits make. `count()` > 0.
  std::uint64_t value() const {
    std::uint64_t word = (characters_ ^ kZeros) << (64 - 8 * count_);  // leading zeros in place of the rest
    word = word * 10 + (word >> 8U);                                   // pairs
    constexpr std::uint64_t kPairs = 0x000000ff000000ff;
    constexpr std::uint64_t kHundreds = 0x000f424000000064, kOnes = 0x0000271000000001;  // 100 and 10⁶, 1 and 10⁴
    return ((word & kPairs) * kHundreds + ((word >> 16U) & kPairs) * kOnes) >> 32U;
  }

 private:
  static constexpr std::uint64_t kZeros = 0x3030303030303030;
  std::uint64_t characters_;
  int count_;
};

/// Digits read so far, of a number whose count tells whether they fit: 19 always do.
struct Digits {
  std::uint64_t value = 0;
  std::ptrdiff_t count = 0;

  /// Takes those at `p` too, which moves behind them. False where they go on from `limit`.
  bool take(const char*& p, const char* limit) {
    static constexpr std::array<std::uint64_t, 9> kPowers = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
    while (p < limit) {
      const Eight next = Eight::at(p);
      if (next.count() == 0) {
        return true;
      }
      value = value * kPowers[static_cast<std::size_t>(next.count())] + next.value();
      count += next.count();
      p += next.count();
      if (next.count() < 8) {
        return true;
      }
    }
    return false;
  }
};

__extension__ using Wide = unsigned __int128;

/// 10^q = 2^exponent (mantissa + ε) with 0 ≤ ε < 1 and mantissa ≥ 2⁶³.
struct Power {
  std::uint64_t mantissa = 0;
  int exponent = 0;
};

inline constexpr int kMostPower = 54;  // 5^54 < 2^127

consteval std::array<Power, 2 * kMostPower + 1> powers_of_ten() {
  std::array<Power, 2 * kMostPower + 1> powers;
  Power* const one = powers.data() + kMostPower;
  Wide five = 1;
  for (int q = 0; q <= kMostPower; ++q, five *= 5) {
    int bits = 0;
    while (bits < 127 && five >> bits != 0) {
      ++bits;
    }
    one[q] = {static_cast<std::uint64_t>(bits <= 64 ? five << (64 - bits) : five >> (bits - 64)), bits - 64 + q};
    std::uint64_t quotient = 0;  // of 2^(bits + 63) by 5^q, digit by digit; for q = 0 it would take 65 bits
    Wide rest = Wide{1} << (bits - 1);
    for (int i = 0; i < 64 && q > 0; ++i) {
      rest *= 2;
      quotient = 2 * quotient + (rest >= five ? 1 : 0);
      rest -= rest >= five ? five : 0;
    }
    if (q > 0) {
      one[-q] = {quotient, -bits - 63 - q};
    }
  }
  return powers;
}
inline constexpr std::array kPowersOfTen = powers_of_ten();

/// value = digits · 10^exponent, correctly rounded; false where 64 bits of the power do not tell it. |exponent| ≤ kMostPower.
inline bool scale(std::uint64_t digits, int exponent, double& value) {
  if (digits == 0) {
    value = 0;
    return true;
  }
  const int place = kMostPower + exponent;
  const Power power = kPowersOfTen[static_cast<std::size_t>(place)];
  const int zeros = std::countl_zero(digits);
  const auto high = static_cast<std::uint64_t>(Wide{digits << zeros} * power.mantissa >> 64U);
  // The exact product lies in [high, high + 2) · 2⁶⁴. Rounding is monotone: where both ends give the same, so does whatever lies between.
  const auto least = static_cast<double>(static_cast<std::int64_t>(high >> 1U)),
             most = static_cast<double>(static_cast<std::int64_t>((high + 3) >> 1U));
  // Far from where doubles under- or overflow, so that the power of two is exact.
  value = least * std::bit_cast<double>(static_cast<std::uint64_t>(1023 + 65 + power.exponent - zeros) << 52U);
  return least == most;
}

}  // namespace neuspec::read::decimal
