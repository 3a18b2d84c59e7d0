#include <iostream>
#include <neuspec/neuspec.hpp>

int main() {
  const neuspec::Dataset data(4, 2, 1, {-1, -1, -1, 1, 1, -1, 1, 1}, {1, -1, -1, 1});  // 4 samples, 2 features, 1 target: exclusive or
  const auto [network, report] = neuspec::fit(data, {.beta = 0.1});
  std::cout << network.neurons() << " neurons, proven within " << report.relative_gap << " of the best network there is\n";
  double f[4];
  network.predict(data.x().data(), 4, f);
  for (const double value : f) std::cout << value << '\n';
}
