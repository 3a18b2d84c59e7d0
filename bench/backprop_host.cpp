// bench_backprop_host: the race on the plain layers that cuDNN's are tested against. It shows that the race works where no GPU is; for a fair
// rival on a CPU take bench/backprop_torch.py.
#include "backprop/host_machine.hpp"
#include "backprop/program.hpp"

int main(int argc, char** argv) {
  using namespace neuspec::bench;
  return run_program(argc, argv, [](const ProgramOptions& options) {
    HostMachine machine;
    run_grid(machine, options);
  });
}
