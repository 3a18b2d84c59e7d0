// A data set of any loss and architecture with its lifted operator as explicit matrices: the judge of the data operator's forms.
#pragma once

#include <algorithm>
#include <numeric>

#include "lift/data_operator.hpp"
#include "support/backend.hpp"
#include "support/naive.hpp"
#include "support/random_architecture.hpp"
#include "support/small_chunks.hpp"

namespace neuspec::test {

template <class B>
class OperatorProblem : public Conformance<B> {
 protected:
  using typename Conformance<B>::Real;
  using typename Conformance<B>::Matrix;

  void make(const Loss& loss, const Architecture& shape, Index n, Index C, bool weighted) {
    make({.activation = {0.3, -0.7, 0.2}, .loss = loss, .beta = 1, .architecture = shape}, n, features_of(shape), C, weighted);
  }
  void make(const Problem& problem, Index n, Index d, Index C, bool weighted) {
    problem_ = problem;
    patches_ = Patches(problem.architecture, d);
    Dataset data = random_dataset(this->random_, n, patches_.features, C);
    if (weighted) data = with_weights(data, this->random_);
    const auto single = [](std::vector<double> values) {
      return Conformance<B>::rounded(Host(static_cast<Index>(values.size()), 1, std::move(values))).values;
    };
    data_ = with_labels({n, patches_.features, C, single(data.x()), single(data.y()), single(data.weights())}, problem.loss);
    lifted_.clear();
    for (Index pool = 0; pool < patches_.pools; ++pool) lifted_.push_back(lifted_pool(pool));
    columns_ = {};
    for (Index j = 0; j < m; ++j) {  // pools and outputs without neurons among them
      columns_.sign.push_back(j % 2 == 0 ? 1.0 : -1.0);
      const Index pool = j * patches_.pools / m;
      columns_.pool.push_back(pool);
      const bool same = j > 0 && columns_.pool[static_cast<std::size_t>(j - 1)] == pool;
      columns_.output.push_back(same ? std::min(C - 1, columns_.output.back() + j % 2) : 0);
    }
    if (patches_.whole()) columns_.pool.clear();
  }
  /// Runs `body` for activations with and without a quadratic, linear and constant part, more and fewer samples than parameters; then for every
  /// architecture and loss, one and three outputs, with weights and without.
  template <class Body>
  void on_problems(const Body& body) {
    for (const Activation& activation : {Activation{0.3, -0.7, 0.2}, Activation{1, 0, 0}, Activation{0, 1, 0}, Activation{0.09, 0.5, 0.47}}) {
      for (const bool weights : {false, true}) {
        SCOPED_TRACE(activation.name() + (weights ? " weighted" : ""));
        make({.activation = activation}, 43, 5, 1, weights);
        body();
        make({.activation = activation}, 19, 6, 3, weights);
        body();
      }
    }
    bool weighted = false;
    for (const Architecture& shape : every_architecture()) {
      for (const Loss& loss : every_loss()) {
        for (const Index C : {1, 3}) {
          if (loss.coupled() && C == 1) continue;
          weighted = !weighted;
          make(loss, shape, 14, C, weighted);
          SCOPED_TRACE(loss.name() + ' ' + shape.name() + (weighted ? " weighted" : ""));
          body();
        }
      }
    }
  }
  std::unique_ptr<DataOperator<Real>> form(OperatorKind kind) {
    return make_operator<Real>(kind, this->device_, problem_, kind == OperatorKind::streamed ? static_cast<const Source&>(chunks_) : data_);
  }
  /// Streamed, smooth losses have descent, others ADMM.
  bool offers_packed_points(OperatorKind kind) const { return kind != OperatorKind::streamed || !problem_.loss.smooth(); }

  bool squared() const { return problem_.loss.kind == Loss::squared; }
  Index n() const { return data_.samples(); }
  Index C() const { return data_.targets(); }
  Index pools() const { return patches_.pools; }
  Index blocks() const { return C() * pools(); }
  Index N() const { return patches_.size + 1; }
  Index p() const { return packed_size(N()); }
  double weight(Index i) const { return naive::weight(data_, i); }

  /// Mean of packed A_i without trace over the patches of a pool, n × p.
  Host lifted_pool(Index pool) const {
    Host result(n(), p());
    for (Index i = 0; i < n(); ++i) {
      const auto patches = naive::pools_of(problem_.architecture, naive::row(data_.x(), i, patches_.features)).at(static_cast<std::size_t>(pool));
      for (const naive::Row& patch : patches) {
        const Host x(patches_.size, 1, patch), a = packed_of(without_trace(lifted_sample(problem_.activation, x, 0, 1)));
        for (Index e = 0; e < p(); ++e) result(i, e) += a(e, 0) / static_cast<double>(patches.size());
      }
    }
    return result;
  }
  /// A D for traceless blocks D (p × C·B): n × C.
  Host predicted(const Host& D) const {
    Host f(n(), C());
    for (Index block = 0; block < blocks(); ++block) {
      const Host part = product(lifted_[static_cast<std::size_t>(block % pools())], D.column(block));
      set_column(f, block / pools(), combination(1, f.column(block / pools()), 1, part));
    }
    return f;
  }
  /// Āᵀv for v of n × C: p × C·B.
  Host adjoint(const Host& v) const {
    Host result(p(), blocks());
    for (Index block = 0; block < blocks(); ++block)
      set_column(result, block, product(transposed(lifted_[static_cast<std::size_t>(block % pools())]), v.column(block / pools())));
    return result;
  }
  Host traceless(const Host& blocks) const {
    Host result = blocks;
    for (Index k = 0; k < blocks.columns; ++k) set_column(result, k, packed_of(without_trace(unpacked(N(), blocks, k))));
    return result;
  }
  std::vector<double> rows(const Host& f) const { return transposed(f).values; }
  Host from_rows(const std::vector<double>& values) const { return transposed(Host(C(), n(), values)); }
  Host gradient_at(const Host& f) const { return from_rows(naive::gradient(problem_, data_, rows(f))); }
  /// The loss of each problem.
  std::vector<double> losses(const Host& f) const {
    const bool coupled = problem_.loss.coupled();
    std::vector<double> result(static_cast<std::size_t>(coupled ? 1 : C()));
    for (Index i = 0; i < n(); ++i) {
      const naive::Row fi = naive::row(rows(f), i, C()), yi = naive::row(data_.y(), i, C());
      for (Index k = 0; k < C(); ++k) {
        const double separate = coupled ? 0 : naive::loss_value(problem_.loss, naive::at(fi, k), naive::at(yi, k));
        if (!coupled) naive::at(result, k) += weight(i) * separate;
      }
      if (coupled) result[0] += weight(i) * naive::loss_value(problem_.loss, fi, yi);
    }
    return result;
  }
  /// Γ(v) and the bound by multiples of v.
  void expect_dual(const DualCandidate<Real>& candidate, const Host& v, double units) const {
    Host gamma(p(), blocks());
    this->device_.download(candidate.gamma, gamma.values.data());
    this->expect_near(traceless(gamma), adjoint(v), units, 10);
    const bool coupled = problem_.loss.coupled();
    const std::vector<double> at_zero = losses(Host(n(), C()));
    for (Index k = 0; k < (coupled ? 1 : C()); ++k) {
      for (const double limit : {0.1, squared() ? 1e9 : 0.9}) {  // the best multiple below it
        const auto bound = [&](double tau) { return naive::bound_at(problem_, data_, rows(v), tau, k, coupled ? C() : 1); };
        const double expected = squared() ? naive::largest_of_parabola(limit, bound) : bound(limit);
        std::vector<double> limits(static_cast<std::size_t>(coupled ? 1 : C()), 0.5);  // a problem's is its own
        limits[static_cast<std::size_t>(k)] = limit;
        EXPECT_NEAR(naive::at(candidate.bounds(limits), k), expected,
                    units * this->epsilon * std::max({10.0, std::abs(bound(1)), 2 * naive::at(at_zero, k)}));
      }
    }
  }

  /// D of the blocks W, each made feasible by its corner or by equal parts on the rest of its diagonal.
  Host feasible_difference(const Host& W) const {
    Host D(p(), blocks());
    for (Index b = 0; b < W.columns; ++b) {
      Host block = unpacked(N(), W, b);
      const double excess = inner(trace_form(N()), block);
      if (excess > 0) block(N() - 1, N() - 1) += excess;
      for (Index j = 0; excess < 0 && j < N() - 1; ++j) block(j, j) -= excess / static_cast<double>(N() - 1);
      set_column(D, b / 2, combination(1, D.column(b / 2), b % 2 == 0 ? 1 : -1, packed_of(block)));
    }
    return D;
  }
  std::vector<double> projected_loss(DataOperator<Real>& data, const AdmmState<Real>& state) {
    const auto moves = this->device_.allocate(2, 2 * blocks()), corners = this->device_.allocate(1, 2 * blocks());
    this->device_.feasibility(N(), state.W, moves, corners);
    return data.projected_loss(state, moves);
  }
  void expect_losses(const std::vector<double>& actual, const std::vector<double>& expected) const {
    ASSERT_EQ(actual.size(), expected.size());
    for (std::size_t k = 0; k < actual.size(); ++k) EXPECT_NEAR(actual[k], expected[k], 4000 * this->epsilon * std::max(10.0, expected[k])) << k;
  }

  // Neurons.
  Host lifted(const Host& W) const {
    Host Z(N(), W.columns);
    for (Index j = 0; j < W.columns; ++j) {
      for (Index i = 0; i < W.rows; ++i) Z(i, j) = W(i, j);
      Z(W.rows, j) = std::sqrt(inner(W.column(j), W.column(j)));
    }
    return Z;
  }
  Index block_of(Index j) const {
    const auto at = static_cast<std::size_t>(j);
    return columns_.output[at] * pools() + (columns_.pool.empty() ? 0 : columns_.pool[at]);
  }
  Host difference_of(const Host& Z) const {
    Host D(p(), blocks());
    for (Index j = 0; j < Z.columns; ++j) {
      const Host z = Z.column(j);
      set_column(D, block_of(j),
                 combination(1, D.column(block_of(j)), columns_.sign[static_cast<std::size_t>(j)], packed_of(product(z, transposed(z)))));
    }
    return D;
  }
  double total_loss(const Host& W) const {
    const std::vector<double> parts = losses(predicted(difference_of(lifted(W))));
    return std::accumulate(parts.begin(), parts.end(), 0.0);
  }
  /// The gradient of `total_loss` in W.
  Host gradient(const Host& W) const { return gradient(W, gradient_at(predicted(difference_of(lifted(W))))); }
  /// The gradient in W where the loss has v in f.
  Host gradient(const Host& W, const Host& v) const {
    const Host Z = lifted(W), Gamma = adjoint(v);
    Host result(W.rows, W.columns);
    for (Index j = 0; j < W.columns; ++j) {
      const Host g = product(unpacked(N(), Gamma, block_of(j)), Z.column(j));
      for (Index i = 0; i < W.rows; ++i)
        result(i, j) = 2 * columns_.sign[static_cast<std::size_t>(j)] * (g(i, 0) + g(W.rows, 0) * W(i, j) / Z(W.rows, j));
    }
    return result;
  }
  Host small(Index rows, Index columns) { return this->rounded(combination(0.4, this->random(rows, columns), 0, Host(rows, columns))); }

  static constexpr Index m = 7;
  Problem problem_;
  Patches patches_;
  Dataset data_;
  SmallChunks chunks_{data_, 5};
  std::vector<Host> lifted_;  // a pool each
  FactorColumns columns_;
};

}  // namespace neuspec::test
