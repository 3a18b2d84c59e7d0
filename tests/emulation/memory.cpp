// Device memory between guard pages, pinned memory, and who may touch which.
#include <sys/mman.h>
#include <unistd.h>

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

struct Memory {
  std::map<const char*, Region> device;       // by first byte handed out
  std::map<const char*, std::size_t> pinned;  // bytes
  std::map<const char*, std::size_t> infos;   // not yet read
  std::size_t capacity = memory_at_start, used = 0;
  long allocations = 0, handles = 0, pinned_bytes = 0;
  int opened = 0;
  Faults faults;
};
Memory& memory() {
  static Memory instance;
  return instance;
}

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

}  // namespace

[[noreturn]] void violation(const char* function, const std::string& what) {
  std::fprintf(stderr, "emulation: %s: %s\n", function, what.c_str());
  std::fflush(stderr);
  std::abort();
}

Faults& faults() { return memory().faults; }
void count_handle(long change) { memory().handles += change; }

Counts counts() { return {memory().handles, static_cast<long>(memory().used) + memory().pinned_bytes, memory().allocations}; }
void fail_allocation(long k) { memory().faults.allocation.plant(k); }
void fail_launch(long k) { memory().faults.launch.plant(k); }
void fail_solver(long k) { memory().faults.solver.plant(k); }
void fail_blas(long k) { memory().faults.blas.plant(k); }
void set_memory(std::size_t bytes) { memory().capacity = bytes; }
void reset() {
  memory().faults = {};
  memory().capacity = memory_at_start;
}

std::size_t total_bytes() { return memory().capacity; }
std::size_t free_bytes() { return memory().capacity > memory().used ? memory().capacity - memory().used : 0; }

// The end of the allocation lies as near to the guard page behind it as the alignment of cudaMalloc permits.
cudaError_t allocate_device(void** result, std::size_t bytes) {
  Memory& m = memory();
  ++m.allocations;
  if (m.faults.allocation.strikes() || bytes > free_bytes()) return cudaErrorMemoryAllocation;
  const std::size_t inside = rounded(bytes, alignment), length = rounded(inside, page());
  char* mapped = static_cast<char*>(mmap(nullptr, length + 2 * page(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  if (mapped == MAP_FAILED) return cudaErrorMemoryAllocation;
  const Region region{mapped + page(), length, bytes, false};
  protect(region, PROT_READ | PROT_WRITE);
  std::memset(region.pages, 0xff, length);  // NaN, so that what is read before it is written shows
  if (m.opened == 0) protect(region, PROT_NONE);
  char* first = region.pages + (length - inside);
  m.device[first] = region;
  m.used += bytes;
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
  munmap(at->second.pages - page(), at->second.length + 2 * page());
  memory().device.erase(at);
}

cudaError_t allocate_pinned(void** result, std::size_t bytes) {
  Memory& m = memory();
  ++m.allocations;
  if (m.faults.allocation.strikes()) return cudaErrorMemoryAllocation;
  *result = std::malloc(bytes);
  if (*result == nullptr) return cudaErrorMemoryAllocation;
  std::memset(*result, 0xff, bytes);
  m.pinned[address(*result)] = bytes;
  m.pinned_bytes += static_cast<long>(bytes);
  return cudaSuccess;
}

void free_pinned(const char* function, void* p) {
  const auto at = memory().pinned.find(address(p));
  if (at == memory().pinned.end()) violation(function, "frees what is no pinned memory");
  memory().pinned_bytes -= static_cast<long>(at->second);
  memory().pinned.erase(at);
  std::free(p);
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
  if (at == memory().pinned.end() || address(p) + bytes > at->first + at->second) violation(function, "an asynchronous copy with pageable memory");
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

void register_info(const int* info, std::size_t count) { memory().infos[reinterpret_cast<const char*>(info)] = count * sizeof(int); }
void info_seen(const void* first, std::size_t bytes) {
  auto& infos = memory().infos;
  for (auto at = infos.begin(); at != infos.end();) {
    const bool seen = at->first < address(first) + bytes && address(first) < at->first + at->second;
    at = seen ? infos.erase(at) : std::next(at);
  }
}
bool unread_infos() { return !memory().infos.empty(); }

}  // namespace neuspec::emulation
