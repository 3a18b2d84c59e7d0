/// \file fit.hpp
/// Training to the global optimum.
#pragma once

#include <atomic>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "neuspec/certificate.hpp"

namespace neuspec NEUSPEC_API {

enum class SolverKind { automatic, admm, burer_monteiro };
enum class OperatorKind { automatic, moments, gram, matrix_free, streamed };
enum class DeviceKind { automatic, cpu, cuda };
enum class ProjectionKind { automatic, eigen, products };
enum class Precision { double_precision, single_precision, tf32 };

struct Result;

/// What a process keeps of its GPU from one fit to the next: context, library handles, buffers and timed choices, which take longer than a small fit.
/// The first fit that is given it makes the device, the next with the same `device` and `precision` finds it; a fit that runs beside another makes
/// its own. A device on which a fit failed is not kept. What is kept takes device memory until the object is destroyed. May be used by several
/// threads.
///
///     settings.kept_device = std::make_shared<neuspec::KeptDevice>();
class KeptDevice {
 public:
  KeptDevice();
  ~KeptDevice();
  KeptDevice(const KeptDevice&) = delete;
  KeptDevice& operator=(const KeptDevice&) = delete;

  struct State;  ///< the library's own
  const std::shared_ptr<State>& state() const { return state_; }

 private:
  std::shared_ptr<State> state_;
};

/// Settings of one solve. Default and meaning stand side by side here and once more, as text, in `settings_table`.
struct Settings {
  SolverKind solver = SolverKind::automatic;                    ///< which algorithm (docs/mathematics.md section 6)
  OperatorKind data_operator = OperatorKind::automatic;         ///< which form of the data operator (docs/mathematics.md section 5)
  DeviceKind device = DeviceKind::automatic;                    ///< where the work runs
  Precision precision = Precision::double_precision;            ///< of the solve (tf32: single, GEMM on a GPU in TF32); certificates are double
  ProjectionKind projection = ProjectionKind::automatic;        ///< of ADMM's blocks: eigendecompositions, or large ones by products alone
  double tolerance = 1e-6;                                      ///< relative duality gap to reach
  Index max_iterations = 20000;                                 ///< ADMM steps, or products of Burer–Monteiro
  double time_limit = std::numeric_limits<double>::infinity();  ///< seconds of solving
  int threads = 0;                                              ///< CPU threads; 0: all
  double memory_limit = 0;                                      ///< bytes the solve may use; 0: three quarters of what is free
  unsigned seed = 0;                                            ///< of the random starts of Burer–Monteiro
  std::shared_ptr<KeptDevice> kept_device = {};                 ///< of earlier and later fits; empty: this one's device is its own
  /// A network of the same features, outputs, activation and architecture, near the optimum: of another β, of fewer samples, of a solve that was
  /// stopped. Where the loss is smooth the solve (of a path the first one) descends from it, whichever solver is chosen; ADMM, which losses with
  /// kinks have alone, begins without. The optimum is the same. Empty: from nothing.
  std::shared_ptr<const Network> start = {};
  /// Given the bytes of a checkpoint, a solve on its way, on the thread of the call: at most every `checkpoint_interval` seconds, as soon as the
  /// solve is to stop, and at its end. They mean the same on every machine. Of a solve that is over before it begins (from β_max on) there are none.
  std::function<void(const std::string& bytes)> checkpoint = {};
  double checkpoint_interval = 60;  ///< seconds, at least 0: at every test of convergence
  /// A checkpoint to go on from: the solve (of a path the first one) has its data, problem, β and, if `solver` leaves it open, its solver; device,
  /// precision, threads and tolerance may be others. Limits of iterations and time count anew. Empty: from the beginning.
  std::shared_ptr<const std::string> resume = {};
  std::function<bool()> stop_requested =
      {};  ///< asked between a solver's steps, of ranks on each that solves; true ends it as an observer's false does
  /// Given each network before its certificate is computed (the report all NaN, but for `primal` where the solve is to stop) and each better one
  /// after it, for callers that may not be able to wait for the end of the solve.
  std::function<void(const Result&)> candidate = {};
};

enum class SettingType { text, number, integer, flag };

/// One row of the table that feeds validation, the program's options and the C API.
struct SettingInfo {
  const char* name;                                  ///< as on the command line, without dashes
  SettingType type;                                  ///< what its text stands for
  const char* values;                                ///< what may be given, for help texts
  const char* meaning;                               ///< one line
  void (*set)(Settings&, const std::string& value);  ///< \throws UsageError naming the setting and what it allows
  std::string (*get)(const Settings&);
};
std::span<const SettingInfo> settings_table();

/// Checks every setting as if its value had been given as text. \throws UsageError naming the first that is out of range.
void validate(const Settings& settings);

enum class Status { optimal, iteration_limit, time_limit, interrupted, stalled };
std::string name(Status status);
std::string name(SolverKind kind);
std::string name(OperatorKind kind);
std::string name(DeviceKind kind);
std::string name(Precision precision);
std::string name(ProjectionKind kind);

/// State of a running solve, as seen at its tests of convergence.
struct Progress {
  double seconds = 0;  ///< since the solve started, lifting included
  Index iterations = 0;
  double primal = 0;  ///< best objective so far of a feasible point, from the solver's own quantities
  double dual = 0;    ///< best lower bound so far
  double relative_gap = 0;
  Index neurons = 0;  ///< rank of the current point
};

/// What a solve reports. Everything is NaN until computed.
struct Report {
  Status status = Status::stalled;
  double primal = std::numeric_limits<double>::quiet_NaN();
  double dual = std::numeric_limits<double>::quiet_NaN();
  double relative_gap = std::numeric_limits<double>::quiet_NaN();  ///< see Certificate
  double beta = std::numeric_limits<double>::quiet_NaN();
  double beta_max = std::numeric_limits<double>::quiet_NaN();
  double rounding = 0;           ///< Certificate::rounding: above 0 the proof is from moments
  Index resumed_iterations = 0;  ///< of `iterations`, those before the checkpoint that the solve went on from
  double resumed_seconds = 0;    ///< which took so long; no other time here has them
  Index neurons = 0, iterations = 0, samples = 0, features = 0, outputs = 0, blocks = 0;
  std::string solver, data_operator, device, precision;
  std::string choice;  ///< which solver and operator were taken and why, one line
  struct Seconds {
    double read = 0, lift = 0, solve = 0, certify = 0, decompose = 0, total = 0;
  } seconds;
  std::vector<Progress> history;
  /// The v of the proof, row-major n × C, for losses that have kinks (absolute, hinge); empty where ∇ℓ(f) serves. See `certify`.
  std::vector<double> dual_vector;
};

struct Result {
  Network network;
  Report report;
};

/// Called at every test of convergence; return false to stop cleanly (the best network so far is certified and returned). Where each of several ranks
/// solves outputs of its own (squared loss by moments), when these have come together.
using Observer = std::function<bool(const Progress&)>;

/// Solves (P) to `settings.tolerance`. `report.status` is `optimal` only if the returned network's gap, recomputed from the
/// raw data by `certify`, is at most the tolerance.
/// \throws UsageError (also for settings that `validate` refuses and for a checkpoint of another problem), DataError (also for one that is damaged
/// or of other data), EnvironmentError
Result fit(const Source& data, const Problem& problem, const Settings& settings = {}, const Observer& observer = {});

/// Called after each β of a path with its result; return false to stop. A path ends by itself after a β at which a limit of time or a wish to stop
/// ended the solve.
using PathObserver = std::function<bool(const Result&)>;

/// Solves (P) for each β in turn, sharing the lifted data and its factor and starting each from the one before (give β in
/// descending order). \throws as `fit`.
std::vector<Result> fit_path(const Source& data, const Problem& problem, const std::vector<double>& betas, const Settings& settings = {},
                             const PathObserver& after_each = {}, const Observer& observer = {});

}  // namespace neuspec NEUSPEC_API
