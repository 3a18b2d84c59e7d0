// Device and pinned memory between guard pages, and who may touch which.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

#include "machine.hpp"

namespace neuspec::emulation {

namespace {

constexpr std::size_t alignment = 256, memory_at_start = std::size_t{8} << 30;

struct Region {
  char* pages = nullptr;  // what is mapped, the guard pages apart
  std::size_t length = 0, bytes = 0;
  bool retired = false;
};

/// Pinned memory; the copies that are under way from and to it.
struct Pinned {
  Region region;
  long leaving = 0, arriving = 0;
  int rights() const { return arriving > 0 ? PROT_NONE : leaving > 0 ? PROT_READ : PROT_READ | PROT_WRITE; }
};

struct Memory {
  std::map<const char*, Region> device;      // by first byte handed out
  std::map<const char*, Pinned> pinned;      // likewise
  std::map<const char*, std::size_t> infos;  // not yet read
  std::size_t capacity = memory_at_start, used = 0, peak = 0;
  long allocations = 0, handles = 0, tf32 = 0, pinned_bytes = 0, queued = 0, solver = 0, waits = 0, travelled = 0, sums = 0, summed = 0;
  int opened = 0;
  Faults faults;
  Machine machine = Machine::gpu;
};
Memory& memory();

std::size_t page() { return static_cast<std::size_t>(sysconf(_SC_PAGESIZE)); }
std::size_t rounded(std::size_t bytes, std::size_t unit) { return (bytes + unit - 1) / unit * unit; }
const char* address(const void* p) { return static_cast<const char*>(p); }

void protect(const Region& region, int rights) {
  if (mprotect(region.pages, region.length, rights) != 0) violation("mprotect", "refused");
}

/// The entry of `regions` that holds p, or its end.
template <class Map>
auto holder(Map& regions, const char* p) {
  auto at = regions.upper_bound(p);
  return at == regions.begin() ? regions.end() : std::prev(at);
}

bool within(const Region& region, const char* p) { return p >= region.pages - page() && p < region.pages + region.length + page(); }

/// Names the broken rule where a protected page was touched, as the last act of this process.
void touched(int signal, siginfo_t* information, void* /*context*/) {
  const char* p = address(information->si_addr);
  for (const auto& [first, region] : memory().device) {
    if (within(region, p)) violation("host", memory().opened > 0 ? "a kernel that reaches beyond a device allocation" : "touches device memory");
  }
  for (const auto& [first, pinned] : memory().pinned) {
    if (within(pinned.region, p)) violation("host", "touches pinned memory before the copy to or from it has been waited for");
  }
  std::signal(signal, SIG_DFL);  // what else it is comes up again at once
}

Memory& memory() {
  static Memory instance;
  static const bool watched = [] {
    struct sigaction action{};
    action.sa_sigaction = touched;
    action.sa_flags = SA_SIGINFO;
    return sigaction(SIGSEGV, &action, nullptr) == 0;
  }();
  if (!watched) violation("sigaction", "refused");
  return instance;
}

/// Pages between two guards, open; the last byte lies as near to the guard behind it as the alignment of CUDA's allocators permits.
bool map_region(std::size_t bytes, Region& region, char*& first) {
  const std::size_t inside = rounded(bytes, alignment), length = rounded(inside, page());
  char* mapped = static_cast<char*>(mmap(nullptr, length + 2 * page(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  if (mapped == MAP_FAILED) return false;
  region = {mapped + page(), length, bytes, false};
  protect(region, PROT_READ | PROT_WRITE);
  std::memset(region.pages, 0xff, length);  // NaN, so that what is read before it is written shows
  first = region.pages + (length - inside);
  return true;
}
void unmap_region(const Region& region) { munmap(region.pages - page(), region.length + 2 * page()); }

Pinned& pinned_at(const void* p) { return holder(memory().pinned, address(p))->second; }

}  // namespace

[[noreturn]] void violation(const char* function, const std::string& what) {
  std::fprintf(stderr, "emulation: %s: %s\n", function, what.c_str());
  std::fflush(stderr);
  std::abort();
}

Faults& faults() { return memory().faults; }
void count_handle(long change) { memory().handles += change; }
void count_tf32() { ++memory().tf32; }
void count_queued() { ++memory().queued; }
void count_solver() { ++memory().solver; }
void count_wait() { ++memory().waits; }
void count_sum(std::size_t numbers) {
  ++memory().sums;
  memory().summed += static_cast<long>(numbers);
}

Counts counts() {
  const Memory& m = memory();
  return {m.handles,
          static_cast<long>(m.used) + m.pinned_bytes,
          m.allocations,
          m.tf32,
          static_cast<long>(m.peak),
          m.queued,
          m.solver,
          m.waits,
          m.travelled,
          m.sums,
          m.summed};
}
void fail_allocation(long k) { memory().faults.allocation.plant(k); }
void fail_launch(long k) { memory().faults.launch.plant(k); }
void fail_solver(long k) { memory().faults.solver.plant(k); }
void fail_blas(long k) { memory().faults.blas.plant(k); }
void fail_nccl(long k) { memory().faults.nccl.plant(k); }
bool struck() {
  const Faults& f = faults();
  return f.allocation.struck() + f.launch.struck() + f.solver.struck() + f.blas.struck() + f.nccl.struck() > 0;
}
Machine machine() { return memory().machine; }
void become(Machine machine) { memory().machine = machine; }
void set_memory(std::size_t bytes) { memory().capacity = bytes; }
void reset() {
  memory().faults = {};
  memory().machine = Machine::gpu;
  set_gpus(1);
  forget_gpu();
  memory().capacity = memory_at_start;
  memory().peak = memory().used;
  run_others(Others::in_turns);
}

std::size_t total_bytes() { return memory().capacity; }
std::size_t free_bytes() { return memory().capacity > memory().used ? memory().capacity - memory().used : 0; }

cudaError_t allocate_device(void** result, std::size_t bytes) {
  Memory& m = memory();
  ++m.allocations;
  Region region;
  char* first = nullptr;
  if (m.faults.allocation.strikes() || bytes > free_bytes() || !map_region(bytes, region, first)) return cudaErrorMemoryAllocation;
  if (m.opened == 0) protect(region, PROT_NONE);
  m.device[first] = region;
  m.used += bytes;
  m.peak = std::max(m.peak, m.used);
  *result = first;
  return cudaSuccess;
}

void retire_device(const char* function, void* p) {
  const auto at = memory().device.find(address(p));
  if (at == memory().device.end() || at->second.retired) violation(function, "frees what is no live device memory");
  at->second.retired = true;
}

void unmap_device(void* p) {
  const auto at = memory().device.find(address(p));
  memory().used -= at->second.bytes;
  unmap_region(at->second);
  memory().device.erase(at);
}

cudaError_t allocate_pinned(void** result, std::size_t bytes) {
  Memory& m = memory();
  ++m.allocations;
  Region region;
  char* first = nullptr;
  if (m.faults.allocation.strikes() || !map_region(bytes, region, first)) return cudaErrorMemoryAllocation;
  m.pinned[first] = {region};
  m.pinned_bytes += static_cast<long>(bytes);
  *result = first;
  return cudaSuccess;
}

void free_pinned(const char* function, void* p) {
  const auto at = memory().pinned.find(address(p));
  if (at == memory().pinned.end()) violation(function, "frees what is no pinned memory");
  memory().pinned_bytes -= static_cast<long>(at->second.region.bytes);
  unmap_region(at->second.region);
  memory().pinned.erase(at);
}

void copy_begins(const void* pinned, std::size_t bytes, bool arriving) {
  neuspec::emulation::memory().travelled += static_cast<long>(bytes);
  Pinned& memory = pinned_at(pinned);
  ++(arriving ? memory.arriving : memory.leaving);
  protect(memory.region, memory.rights());
}
void copy_runs(void* to, const void* from, std::size_t bytes, const void* pinned, bool arriving) {
  Pinned& memory = pinned_at(pinned);
  protect(memory.region, PROT_READ | PROT_WRITE);
  std::memmove(to, from, bytes);
  --(arriving ? memory.arriving : memory.leaving);
  protect(memory.region, memory.rights());
}

void require_device(const char* function, const void* p, std::size_t bytes) {
  const auto at = holder(memory().device, address(p));
  if (at == memory().device.end() || address(p) >= at->first + at->second.bytes) violation(function, "a pointer that is not device memory");
  if (at->second.retired) violation(function, "device memory that was freed");
  if (address(p) + bytes > at->first + at->second.bytes) violation(function, "reaches beyond a device allocation");
}

bool on_device(const void* p) {
  const auto at = holder(memory().device, address(p));
  return at != memory().device.end() && address(p) <= at->first + rounded(at->second.bytes, alignment) && !at->second.retired;
}

std::size_t bytes_from(const void* p) {
  const auto at = holder(memory().device, address(p));
  return static_cast<std::size_t>(at->first + rounded(at->second.bytes, alignment) - address(p));
}

void require_pinned(const char* function, const void* p, std::size_t bytes) {
  const auto at = holder(memory().pinned, address(p));
  if (at == memory().pinned.end() || address(p) + bytes > at->first + at->second.region.bytes)
    violation(function, "an asynchronous copy with pageable memory");
}

Opened::Opened() {
  if (memory().opened++ == 0) {
    for (const auto& [first, region] : memory().device) protect(region, PROT_READ | PROT_WRITE);
  }
}
Opened::~Opened() {
  if (--memory().opened == 0) {
    for (const auto& [first, region] : memory().device) protect(region, PROT_NONE);
  }
}

void register_info(const char* function, const int* info, std::size_t count) {
  if (!memory().infos.emplace(reinterpret_cast<const char*>(info), count * sizeof(int)).second)
    violation(function, "overwrites an info that nobody read");
}
void info_seen(const void* first, std::size_t bytes) {
  auto& infos = memory().infos;
  for (auto at = infos.begin(); at != infos.end();) {
    const bool seen = at->first < address(first) + bytes && address(first) < at->first + at->second;
    at = seen ? infos.erase(at) : std::next(at);
  }
}
void forgive_infos() { memory().infos.clear(); }
bool unread_infos() { return !memory().infos.empty(); }

}  // namespace neuspec::emulation
