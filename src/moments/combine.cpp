#include "moments/combine.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "moments/index.hpp"
#include "neuspec/error.hpp"
#include "numeric/rounding.hpp"
#include "threads/parallel.hpp"

namespace neuspec {
namespace moment {

constexpr double of_an_operation = 0x1p-20;  // units that a merge or a translation in double-double adds to the rounding, amply

namespace {

/// The sum of z̃' over a set of indices: each either stays z̃ or becomes δ times the constant. `get(indices)` gives the old sum; δ of the constant is
/// 0.
template <int count, class Get>
DoubleDouble expanded(const std::array<Index, count>& indices, const std::vector<DoubleDouble>& delta, const Get& get) {
  DoubleDouble sum;
  for (unsigned subset = 0; subset < (1U << count); ++subset) {
    std::array<Index, count> kept = indices;
    DoubleDouble factor = 1;
    bool vanishes = false;
    for (unsigned bit = 0; bit < count; ++bit) {
      if ((subset >> bit & 1U) == 0) continue;
      const DoubleDouble& d = delta[at(indices[bit])];
      vanishes = vanishes || d.high == 0;
      factor = factor * d;
      kept[bit] = 0;
    }
    if (!vanishes) sum += factor * get(kept);
  }
  return sum;
}

DoubleDouble pair_of(const std::vector<double>& sums, Index first, std::array<Index, 2> s) {
  return get(sums, first + pair(std::min(s[0], s[1]), std::max(s[0], s[1])));
}

/// At least (h + δ e)^power for h = value^(1/power), e = constant^(1/power).
double moved(double value, double constant, double delta, double power) {
  if (delta == 0) return value;
  const double length = std::pow(value, 1 / power) + std::abs(delta) * std::pow(constant, 1 / power);
  return rounding::raised(std::pow(length, power), 64);
}

void translate_targets(MomentSums& sums, const std::vector<double>& target_shift) {
  const Index p = pairs(sums.features + 1);
  for (Index k = 0; k < sums.targets; ++k) {
    const DoubleDouble delta = double_double::sum(sums.target_shift[at(k)], -target_shift[at(k)]);
    if (delta.high == 0) continue;
    const DoubleDouble two = DoubleDouble(2) * delta;
    put(sums.squares, k, get(sums.squares, k) + two * get(sums.linear, k * p) + delta * delta * get(sums.fourth, 0));
    for (Index j = 0; j <= sums.features; ++j)
      for (Index i = 0; i <= j; ++i) {
        const Index to = k * p + pair(i, j);
        put(sums.linear, to, get(sums.linear, to) + delta * get(sums.fourth, quadruple(0, 0, i, j)));
      }
    sums.target_envelope[at(k)] = moved(sums.target_envelope[at(k)], sums.envelope[0], delta.high, 2);
  }
}

}  // namespace

void translate_features(MomentSums& sums, const std::vector<DoubleDouble>& delta) {
  const Index N = sums.features + 1, p = pairs(N);
  std::vector<double> fourth(sums.fourth.size()), linear(sums.linear.size()), plain(sums.plain.size());
  parallel_ranges(N, 1, [&](Index first, Index last) {
    for (Index l = first; l < last; ++l)
      for_quadruples(l, [&](Index i, Index j, Index k, Index, Index position) {
        put(fourth, position,
            expanded<4>({i, j, k, l}, delta, [&](const std::array<Index, 4>& s) { return get(sums.fourth, quadruple_of(s[0], s[1], s[2], s[3])); }));
      });
  });
  for (Index k = 0; k < sums.targets; ++k)
    for (Index j = 0; j < N; ++j)
      for (Index i = 0; i <= j; ++i)
        put(linear, k * p + pair(i, j), expanded<2>({i, j}, delta, [&](const std::array<Index, 2>& s) { return pair_of(sums.linear, k * p, s); }));
  const DoubleDouble n = static_cast<double>(sums.samples);
  for (Index j = 0; j < sums.features; ++j) {
    const DoubleDouble d = delta[at(j + 1)], sum = get(sums.plain, 2 * j), squares = get(sums.plain, 2 * j + 1);
    put(plain, 2 * j, sum + n * d);
    put(plain, 2 * j + 1, squares + DoubleDouble(2) * d * sum + n * (d * d));
    sums.envelope[at(j + 1)] = moved(sums.envelope[at(j + 1)], sums.envelope[0], d.high, 4);
  }
  sums.fourth = std::move(fourth);
  sums.linear = std::move(linear);
  sums.plain = std::move(plain);
}

void translate(MomentSums& sums, const std::vector<double>& shift, const std::vector<double>& target_shift) {
  if (shift == sums.shift && target_shift == sums.target_shift) return;
  std::vector<DoubleDouble> delta(1);
  for (std::size_t j = 0; j < shift.size(); ++j) delta.push_back(double_double::sum(sums.shift[j], -shift[j]));
  translate_targets(sums, target_shift);
  if (shift != sums.shift) translate_features(sums, delta);
  sums.shift = shift;
  sums.target_shift = target_shift;
  sums.rounding += of_an_operation;
  // What products of double-doubles below 2⁻⁹⁶⁹ lose, N⁴ times over and under factors as large as numbers of 10⁶⁰ make them, is beside this nothing.
  for (auto* envelope : {&sums.envelope, &sums.target_envelope})
    for (double& value : *envelope) value = rounding::raised(value, 4) + 0x1p-900;
}

}  // namespace moment

namespace {

using moment::at;

void add_all(std::vector<double>& to, const std::vector<double>& from, double sign) {
  parallel_ranges(static_cast<Index>(to.size() / 2), 1 << 13, [&](Index first, Index last) {
    for (Index e = first; e < last; ++e) {
      const DoubleDouble term = moment::get(from, e);
      moment::put(to, e, moment::get(to, e) + (sign < 0 ? -term : term));
    }
  });
}

std::string list(const std::vector<std::string>& names, std::size_t from) { return from < names.size() ? "'" + names[from] + "'" : "nothing"; }

/// \throws DataError naming the first column that differs
void check_names(const char* what, const std::vector<std::string>& mine, const std::vector<std::string>& other) {
  if (mine == other) return;
  const auto first = static_cast<std::size_t>(std::mismatch(mine.begin(), mine.end(), other.begin(), other.end()).first - mine.begin());
  throw DataError(std::string("the moments are of different ") + what + ": the " + std::to_string(first + 1) + ". is " + list(mine, first) +
                  " in one and " + list(other, first) + " in the other");
}

std::vector<std::string> labels(const Preprocessing& columns) {
  std::vector<std::string> result;
  for (std::size_t k = 0; k < columns.classes.size(); ++k) result.push_back(columns.class_label(k));
  return result;
}

void check_alike(const Moments& mine, const Moments& other) {
  const Preprocessing &a = mine.preprocessing(), &b = other.preprocessing();
  check_names("features", a.feature_names, b.feature_names);
  check_names("targets", a.target_names, b.target_names);
  check_names("classes", labels(a), labels(b));
  if (mine.features() != other.features() || mine.targets() != other.targets() || a.image_height != b.image_height ||
      a.image_width != b.image_width || a.window_height != b.window_height || a.window_width != b.window_width || a.encoding != b.encoding)
    throw DataError("the moments are of data that were prepared in different ways: images, windows or the encoding of labels differ");
  if (a.class_weights != b.class_weights)
    throw DataError("the moments are of samples with different class weights: give the same numbers for every part, as their own balance differs");
}

/// Sums of squares that are below zero by more than rounding are of no samples.
bool possible(const MomentSums& sums) {
  const double error = 2 * sums.rounding * rounding::u;
  for (Index j = 0; j <= sums.features; ++j)
    if (moment::get(sums.fourth, moment::quadruple(j, j, j, j)).value() < -error * sums.envelope[at(j)]) return false;
  for (Index k = 0; k < sums.targets; ++k)
    if (moment::get(sums.squares, k).value() < -error * sums.target_envelope[at(k)]) return false;
  return true;
}

}  // namespace

void Moments::combine(const Moments& other, double sign) {
  if (!preprocessing_.mean.empty() || !other.preprocessing_.mean.empty()) throw UsageError("moments are merged before they are standardised");
  check_alike(*this, other);
  if (sign < 0 && other.samples() >= samples())
    throw DataError(std::to_string(other.samples()) + " samples cannot be taken out of " + std::to_string(samples()) + " with any left");
  MomentSums part = other.sums_, sums = sums_;
  moment::translate(part, sums.shift, sums.target_shift);
  add_all(sums.plain, part.plain, sign);
  add_all(sums.fourth, part.fourth, sign);
  add_all(sums.linear, part.linear, sign);
  add_all(sums.squares, part.squares, sign);
  const auto added = [](double a, double b) { return rounding::raised(a + b, 1); };
  std::transform(sums.envelope.begin(), sums.envelope.end(), part.envelope.begin(), sums.envelope.begin(), added);
  std::transform(sums.target_envelope.begin(), sums.target_envelope.end(), part.target_envelope.begin(), sums.target_envelope.begin(), added);
  sums.samples += sign < 0 ? -part.samples : part.samples;
  sums.rounding = std::max(sums.rounding, part.rounding) + moment::of_an_operation;
  if (!possible(sums)) throw DataError("the samples to be taken out are not among those of the moments");
  sums_ = std::move(sums);
}

void Moments::merge(const Moments& other) {
  if (other.samples() == 0) return;
  if (samples() > 0) return combine(other, 1);
  *this = other;
}

void Moments::subtract(const Moments& other) {
  if (other.samples() > 0) combine(other, -1);
}

}  // namespace neuspec
