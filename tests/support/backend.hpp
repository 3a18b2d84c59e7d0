// What the conformance tests share: every backend and precision, matrices on a device with guarded padding, tolerances.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "device/device.hpp"
#include "support/host_matrix.hpp"

namespace neuspec::test {

template <class R, DeviceKind k>
struct Backend {
  using Real = R;
  static constexpr DeviceKind kind = k;
};

/// What the conformance tests run on.
#ifdef NEUSPEC_HAS_CUDA
using Backends = testing::Types<Backend<double, DeviceKind::cpu>, Backend<float, DeviceKind::cpu>, Backend<double, DeviceKind::cuda>,
                                Backend<float, DeviceKind::cuda>>;
#else
using Backends = testing::Types<Backend<double, DeviceKind::cpu>, Backend<float, DeviceKind::cpu>>;
#endif

struct BackendName {
  template <class B>
  static std::string GetName(int /*index*/) {
    return name(B::kind) + (sizeof(typename B::Real) == sizeof(double) ? "_double" : "_single");
  }
};

/// A matrix inside a larger one of NaN, so that what an operation reads or writes beside its view shows.
template <class Real>
class Guarded {
 public:
  Guarded(Device<Real>& device, const Host& inside)
      : device_(device), whole_(device.allocate(inside.rows + above + below, inside.columns + left + right)) {
    const Host outside(whole_.rows(), whole_.columns(), std::numeric_limits<double>::quiet_NaN());
    device.upload(outside.values.data(), whole_);
    device.upload(inside.values.data(), view());
  }
  /// For results: NaN inside too, since an operation that writes must not read.
  Guarded(Device<Real>& device, Index rows, Index columns) : Guarded(device, Host(rows, columns, std::numeric_limits<double>::quiet_NaN())) {}
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  ~Guarded() {
    Host whole(whole_.rows(), whole_.columns());
    device_.download(whole_, whole.values.data());
    for (Index j = 0; j < whole.columns; ++j) {
      for (Index i = 0; i < whole.rows; ++i) {
        const bool inside = i >= above && i < whole.rows - below && j >= left && j < whole.columns - right;
        if (!inside && !std::isnan(whole(i, j))) ADD_FAILURE() << "wrote beside a view: row " << i - above << ", column " << j - left;
      }
    }
  }

  View<Real> view() const {
    return whole_.view().row_range(above, whole_.rows() - above - below).column_range(left, whole_.columns() - left - right);
  }
  operator View<Real>() const { return view(); }        // NOLINT(google-explicit-constructor): as DeviceMatrix
  operator View<const Real>() const { return view(); }  // NOLINT(google-explicit-constructor)
  Host host() const {
    Host result(view().rows, view().columns);
    device_.download(view(), result.values.data());
    return result;
  }

 private:
  static constexpr Index above = 2, below = 3, left = 1, right = 1;
  Device<Real>& device_;
  DeviceMatrix<Real> whole_;
};

template <class B>
class Conformance : public testing::Test {
 protected:
  using Real = typename B::Real;
  using Matrix = Guarded<Real>;

  /// Largest difference allowed, in units of rounding of the largest entry (or of `size`, where the summands were larger).
  void expect_near(const Host& actual, const Host& expected, double units = 200, double size = 1) const {
    ASSERT_EQ(actual.rows, expected.rows);
    ASSERT_EQ(actual.columns, expected.columns);
    const double bound = units * epsilon * std::max(size, largest(expected));
    for (Index j = 0; j < expected.columns; ++j)
      for (Index i = 0; i < expected.rows; ++i) ASSERT_NEAR(actual(i, j), expected(i, j), bound) << "row " << i << ", column " << j;
  }
  Host random(Index rows, Index columns) { return rounded(random_host(random_, rows, columns)); }
  /// What the device makes of these numbers, so that rounding of the input is not mistaken for an error.
  static Host rounded(Host host) {
    for (double& value : host.values) value = static_cast<double>(static_cast<Real>(value));
    return host;
  }
  /// NaN above the diagonal, for what reads the lower triangle alone.
  static Host lower(Host host) {
    for (Index j = 0; j < host.columns; ++j)
      for (Index i = 0; i < j; ++i) host(i, j) = std::numeric_limits<double>::quiet_NaN();
    return host;
  }

  static constexpr double epsilon = static_cast<double>(std::numeric_limits<Real>::epsilon());
  std::unique_ptr<Device<Real>> owner_ = make_device<Real>(B::kind);
  Device<Real>& device_ = *owner_;
  Random random_{20210};
};

}  // namespace neuspec::test
