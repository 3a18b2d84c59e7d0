// Devices that outlive a fit.
#include <exception>
#include <mutex>
#include <tuple>
#include <utility>

#include "device/cpu_device.hpp"
#include "device/gpus.hpp"

namespace neuspec {

namespace {
/// A device that nobody uses, and what it was made for.
template <class Real>
struct Idle {
  std::unique_ptr<Device<Real>> device;
  DeviceKind kind = DeviceKind::automatic;
  Arithmetic arithmetic = Arithmetic::full;
  int gpu = 0;
};
}  // namespace

struct KeptDevice::State {
  std::mutex mutex;
  std::tuple<Idle<float>, Idle<double>> idle;
};

KeptDevice::KeptDevice() : state_(std::make_shared<State>()) {}
KeptDevice::~KeptDevice() = default;

namespace {
template <class Real>
std::unique_ptr<Device<Real>> take(KeptDevice::State& state, DeviceKind kind, Arithmetic arithmetic, int gpu) {
  const std::lock_guard lock(state.mutex);
  Idle<Real>& idle = std::get<Idle<Real>>(state.idle);
  return idle.kind == kind && idle.arithmetic == arithmetic && idle.gpu == gpu ? std::move(idle.device) : nullptr;
}

// That of before goes after the lock is open again.
template <class Real>
void put_back(KeptDevice::State& state, Idle<Real> idle) {
  const std::lock_guard lock(state.mutex);
  std::swap(std::get<Idle<Real>>(state.idle), idle);
}
}  // namespace

// A CPU's device starts at once, and what it remembers would make a solve's rounding depend on the one before.
template <class Real>
std::shared_ptr<Device<Real>> lend_device(const std::shared_ptr<KeptDevice>& kept, DeviceKind kind, Arithmetic arithmetic) {
  if (!kept) return make_device<Real>(kind, arithmetic);
  const int gpu = kind == DeviceKind::cpu ? 0 : current_gpu();
  std::unique_ptr<Device<Real>> device = take<Real>(*kept->state(), kind, arithmetic, gpu);
  if (!device) device = make_device<Real>(kind, arithmetic);
  if (dynamic_cast<CpuDevice<Real>*>(device.get()) != nullptr) return device;
  const auto go_back = [state = kept->state(), kind, arithmetic, gpu, failures = std::uncaught_exceptions()](Device<Real>* used) {
    std::unique_ptr<Device<Real>> owner(used);
    if (std::uncaught_exceptions() == failures) put_back<Real>(*state, {std::move(owner), kind, arithmetic, gpu});
  };
  return {device.release(), go_back};
}

template std::shared_ptr<Device<float>> lend_device(const std::shared_ptr<KeptDevice>&, DeviceKind, Arithmetic);
template std::shared_ptr<Device<double>> lend_device(const std::shared_ptr<KeptDevice>&, DeviceKind, Arithmetic);

}  // namespace neuspec
