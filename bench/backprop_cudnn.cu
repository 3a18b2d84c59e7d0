// bench_backprop_cudnn: backpropagation with cuDNN, the rival on its own ground (bench/README.md).
#include "backprop/cudnn_machine.hpp"
#include "backprop/program.hpp"

int main(int argc, char** argv) {
  using namespace neuspec::bench;
  return run_program(argc, argv, [](const ProgramOptions& options) {
    CudnnMachine machine(options.tf32);
    run_grid(machine, options);
  });
}
