/* neuspec.h: neuspec from C99, and from whatever calls C.
 *
 * A network f(x) = b + sum_j alpha_j sigma(u_j'x), |u_j| = 1, sigma(t) = a t^2 + b t + c, is trained to the global optimum of
 *
 *     sum_i w_i loss(f(x_i), y_i) + beta sum_j |alpha_j|
 *
 * over all its weights and any number of neurons, and how far it can at most be from it is proven (docs/mathematics.md).
 *
 * Handles. What a call makes is a handle, of one of four kinds, that neuspec_free() ends. Handles are checked at every call: one that was freed, is
 * of another kind or never was one is a usage error, and none comes twice in a process. Different handles may be used by several threads at a time,
 * and so may one that is only read; what is freed while another thread uses it lives until that is done.
 *
 * Errors. Every call returns an error code, or a constant of the library. Nothing is thrown, printed or ended, and where a call fails, what it
 * would have written is as it was (handles: NULL). neuspec_message() tells why. A solve that is stopped is no failure: its result is there, with
 * its status.
 *
 * Manners. Floating-point environment (rounding, flushing of subnormal numbers, traps and flags), signal handlers and numbers of threads are as the
 * caller had them, when a call returns and in its callbacks; inside, arithmetic is IEEE 754's default. Threads: docs/threads.md.
 *
 * Strings are UTF-8 and end with a zero byte; those given back belong to the library and stay as they are until the handle that they were asked of
 * is changed or freed. Sizes have 64 bits. Positions count from 0.
 */
/* NOLINTBEGIN(modernize-use-using,modernize-deprecated-headers): it is C. */
#ifndef NEUSPEC_H
#define NEUSPEC_H

#include <stddef.h>
#include <stdint.h>

#include "neuspec/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The number of this binary interface, which is also the shared library's: it changes when a program has to be compiled anew. */
#define NEUSPEC_ABI 1

/* ---- Errors. The numbers are the program's exit codes, where it has one. */

typedef enum neuspec_error {
  NEUSPEC_OK = 0,
  NEUSPEC_ERROR_USAGE = 2,       /* an argument or setting is out of range, or they contradict each other */
  NEUSPEC_ERROR_DATA = 3,        /* data that cannot be used; the message names sample and column, or file, line and column */
  NEUSPEC_ERROR_ENVIRONMENT = 5, /* something outside the problem is missing: a folder, a device, a BLAS that fits */
  NEUSPEC_ERROR_MEMORY = 6,      /* memory ran out */
  NEUSPEC_ERROR_INTERNAL = 7     /* a fault of the library, or of a C++ callback that threw */
} neuspec_error;

/* "usage", "data", "environment", ...; "unknown" for what is none of them. */
NEUSPEC_API const char* neuspec_error_name(int error);

/* Why the last call that failed with this handle as its first one did; with NULL, the last of this thread. Empty where none did. Valid until the
 * next such failure. */
NEUSPEC_API const char* neuspec_message(const void* handle);

/* Called at every failure, on the thread of the call and before it returns; it may be called by several threads at a time and must not fail. */
typedef void (*neuspec_error_handler)(int error, const char* message, void* user);

/* Of the process; NULL, as at the start, for none. */
NEUSPEC_API int neuspec_set_error_handler(neuspec_error_handler handler, void* user);

/* ---- The library */

NEUSPEC_API const char* neuspec_version(void); /* "0.1.0" */
NEUSPEC_API int neuspec_abi(void);             /* NEUSPEC_ABI of the library that runs, to be compared with that of the header */

typedef struct neuspec_runtime {
  const char* commit;        /* `git describe` of the sources, or empty */
  const char* options;       /* compiler, build type and options of the build */
  const char* blas;          /* as the BLAS in use describes itself, or empty where it does not */
  int32_t blas_integer_bits; /* 32; with 64 (ILP64) every call that needs BLAS is an environment error */
  int32_t cuda_compiled;     /* 1 if the CUDA device is in this build */
  int32_t cuda_found;        /* 1 if it is and a GPU can be used */
} neuspec_runtime;

NEUSPEC_API int neuspec_runtime_info(neuspec_runtime* info);

/* ---- Handles */

typedef struct neuspec_options neuspec_options; /* problem, preparation of the data and settings of the solve */
typedef struct neuspec_data neuspec_data;       /* samples */
typedef struct neuspec_moments neuspec_moments; /* sums over samples that are all squared loss needs of them */
typedef struct neuspec_model neuspec_model;     /* a network with all that is needed to use and to check it, and the report of its training */

/* Ends a handle of any kind. NULL is none and no error. */
NEUSPEC_API int neuspec_free(void* handle);

/* ---- Options: by the names, and with the texts, of the program's command line */

typedef enum neuspec_option_type { NEUSPEC_TEXT = 0, NEUSPEC_NUMBER = 1, NEUSPEC_INTEGER = 2, NEUSPEC_FLAG = 3 } neuspec_option_type;

typedef struct neuspec_option {
  const char* name;
  int32_t type;        /* neuspec_option_type */
  const char* values;  /* what may be given */
  const char* initial; /* what it is unless set */
  const char* help;
} neuspec_option;

NEUSPEC_API int64_t neuspec_option_count(void);
NEUSPEC_API int neuspec_option_describe(int64_t index, neuspec_option* option);

NEUSPEC_API int neuspec_options_create(neuspec_options** options);

/* Every type takes text; typed values are texts that need not be written. A flag's are "yes" and "no". Of beta and beta-ratio the one that was set
 * last holds. */
NEUSPEC_API int neuspec_options_set(neuspec_options* options, const char* name, const char* value);
NEUSPEC_API int neuspec_options_set_double(neuspec_options* options, const char* name, double value);
NEUSPEC_API int neuspec_options_set_int64(neuspec_options* options, const char* name, int64_t value);
NEUSPEC_API int neuspec_options_set_flag(neuspec_options* options, const char* name, int value);
NEUSPEC_API int neuspec_options_get(const neuspec_options* options, const char* name, const char** value);

/* State of a running solve at its tests of convergence. */
typedef struct neuspec_progress {
  double seconds; /* since the solve began */
  int64_t iterations;
  double primal, dual, relative_gap; /* best objective and best lower bound so far, from the solver's own quantities */
  int64_t neurons;
} neuspec_progress;

/* Return 0 to go on; otherwise the solve stops, certifies the best network so far and gives it back as NEUSPEC_INTERRUPTED. Both are called on the
 * thread of the call: progress at every test of convergence, stop also between a solver's steps. */
typedef int (*neuspec_progress_callback)(const neuspec_progress* progress, void* user);
typedef int (*neuspec_stop_callback)(void* user);

NEUSPEC_API int neuspec_options_on_progress(neuspec_options* options, neuspec_progress_callback callback, void* user);
NEUSPEC_API int neuspec_options_on_stop(neuspec_options* options, neuspec_stop_callback callback, void* user);

/* Given a checkpoint, a solve on its way in `size` bytes that mean the same on every machine, on the thread of the call. The bytes are the library's
 * and there until the callback returns. */
typedef void (*neuspec_checkpoint_callback)(const void* checkpoint, size_t size, void* user);

/* Called at most every `interval` seconds (0: at every test of convergence), as soon as a solve is to stop, and at its end. */
NEUSPEC_API int neuspec_options_on_checkpoint(neuspec_options* options, double interval, neuspec_checkpoint_callback callback, void* user);

/* From now on solves with these options (of paths the first one) go on from a checkpoint, of which a copy is kept; NULL and 0: from the beginning
 * again. It is a data error where the bytes are damaged; in neuspec_fit and neuspec_path a usage error where the problem, beta or solver are others,
 * and a data error where the data are. Limits of iterations and time count anew. */
NEUSPEC_API int neuspec_options_resume(neuspec_options* options, const void* checkpoint, size_t size);

/* ---- Data */

typedef enum neuspec_type { NEUSPEC_DOUBLE = 0, NEUSPEC_FLOAT = 1 } neuspec_type;
typedef enum neuspec_layout {
  NEUSPEC_ROW_MAJOR = 0,   /* entry (i, j) at i * leading + j: a sample's numbers follow one another */
  NEUSPEC_COLUMN_MAJOR = 1 /* at i + j * leading: a column's do */
} neuspec_layout;
typedef enum neuspec_memory { NEUSPEC_HOST = 0, NEUSPEC_DEVICE = 1 } neuspec_memory;

/* A matrix in the caller's memory, a row a sample. `leading` is at least the number of columns (row-major) or of rows (column-major); 0 stands for
 * that. NEUSPEC_DEVICE is memory of the CUDA device that is current: it takes features there; what the host looks through is copied by parts. */
typedef struct neuspec_array {
  const void* values;
  int32_t type;   /* neuspec_type */
  int32_t layout; /* neuspec_layout */
  int64_t leading;
  int32_t memory; /* neuspec_memory */
} neuspec_array;

/* Samples in the caller's memory: x is samples x features, y samples x targets, weights (NULL: all are 1) samples x 1 and nowhere below 0. For what
 * needs no targets, `targets` is 0 and y NULL. Nothing is copied: parts are converted as they are needed, and the memory has to be there until the
 * handle is freed. It may change between calls, each of which sees what is there then. Values that are not finite are data errors of the calls
 * that meet them.
 *
 * Losses for two classes take a column of -1 and +1 as it is; any other single column of a loss for classes holds labels, of which the targets
 * are made (the model keeps which). */
NEUSPEC_API int neuspec_data_from_arrays(int64_t samples, int64_t features, int64_t targets, const neuspec_array* x, const neuspec_array* y,
                                         const neuspec_array* weights, neuspec_data** data);

/* Samples of a file (CSV, NPY, HDF5, LIBSVM, IDX, plain or .gz) or of several, or moments (.nsm), as the program reads them. The options (NULL: none)
 * target, labels, header, and loss and one-vs-rest for labels that are text, say how. With a model, columns are found as in the file that it was
 * trained on: what neuspec_certify and neuspec_predict want. */
NEUSPEC_API int neuspec_data_from_file(const char* path, const neuspec_options* options, const neuspec_model* like, neuspec_data** data);

/* The samples of moments, for all that needs no single one of them. The moments may change between calls and be freed before. */
NEUSPEC_API int neuspec_data_from_moments(const neuspec_moments* moments, neuspec_data** data);

/* Each of the three may be NULL. Columns before any preparation. */
NEUSPEC_API int neuspec_data_size(const neuspec_data* data, int64_t* samples, int64_t* features, int64_t* targets);

/* ---- Many processes */

/* Any: each rank adds up its own, and sums travel. Fixed: rank 0 adds up all, which travel to it: the bits of one process, and no faster. */
typedef enum neuspec_rank_order { NEUSPEC_ANY_ORDER = 0, NEUSPEC_FIXED_ORDER = 1 } neuspec_rank_order;

/* From now on the data, samples or moments of the same columns, are this rank's part of those of all ranks, rank 0's first. `communicator` is MPI's
 * in Fortran, MPI_Comm_c2f(comm) in C; its duplicate is freed with the data, before MPI_Finalize. This call, and with such data neuspec_beta_max,
 * _fit, _path, _certify and _moments_add, are collective: every rank calls them with the same options and gets the same result. What fails on one
 * rank fails on all, but for a wrong handle of data or NULL for a result. Callbacks are rank 0's, and so is the model to save: it has the dual vector
 * of all. Sizes and predictions are of the rank's own part. The body is in neuspec_mpi, linked before neuspec (CMake: neuspec::mpi; pkg-config:
 * neuspec-mpi); without it, as in a build without MPI, the call is an environment error. */
NEUSPEC_API int neuspec_data_set_ranks(neuspec_data* data, int communicator, int32_t order);

/* ---- Training */

typedef enum neuspec_status {
  NEUSPEC_OPTIMAL = 0, /* proven: the relative gap, computed from nothing but data and network, is at most tol */
  NEUSPEC_ITERATION_LIMIT = 1,
  NEUSPEC_TIME_LIMIT = 2,
  NEUSPEC_INTERRUPTED = 3, /* by a callback */
  NEUSPEC_STALLED = 4,
  NEUSPEC_UNCERTIFIED = 5 /* no proof was tried: neuspec_model_create */
} neuspec_status;

/* The smallest beta for which no network is better than none. */
NEUSPEC_API int neuspec_beta_max(const neuspec_data* data, const neuspec_options* options, double* beta_max);

/* Trains a network. `options` have beta, or beta-ratio. `start` (NULL: none) is a model of the same shape near the optimum, from which losses
 * without kinks are descended. */
NEUSPEC_API int neuspec_fit(const neuspec_data* data, const neuspec_options* options, const neuspec_model* start, neuspec_model** model);

/* Called after each beta with its model, which stays the caller's as one of `models`; return 0 to go on. */
typedef int (*neuspec_path_callback)(const neuspec_model* model, int64_t index, void* user);

/* Trains a network for each of `count` betas in turn, best in descending order, the data lifted once and each solve begun from the one before;
 * beta and beta-ratio of the options are not looked at. models[0 ... done - 1] are made, the others NULL: a path ends after a solve that was stopped
 * by a callback or by time-limit. */
NEUSPEC_API int neuspec_path(const neuspec_data* data, const neuspec_options* options, const double* betas, int64_t count, const neuspec_model* start,
                             neuspec_path_callback after_each, void* user, neuspec_model** models, int64_t* done);

/* What is proven of a network on data (docs/mathematics.md section 3). */
typedef struct neuspec_certificate {
  double primal;       /* the network's objective, rounding included: at most this */
  double dual;         /* no network's objective is below */
  double relative_gap; /* (primal - dual) / max(|primal|, unit) */
  double unit;         /* min(1, the loss without neurons) */
  double kappa;        /* largest |sum_i v_i sigma(u'x_i)| over unit vectors u, v the loss's gradient, before it is scaled to beta */
  double rounding;     /* of proofs from moments, what their rounding has of primal - dual; else 0 */
  int32_t proven;      /* 1 if relative_gap is at most tol */
} neuspec_certificate;

/* Recomputes the proof from the data, which are to be those of the training, with the options' tol and threads (NULL: the usual ones). */
NEUSPEC_API int neuspec_certify(const neuspec_model* model, const neuspec_data* data, const neuspec_options* options,
                                neuspec_certificate* certificate);

/* Writes the network's outputs, samples x outputs, into the caller's memory on the host, with the options' threads (NULL: all); type and
 * layout are neuspec_type and neuspec_layout. Of the data, before preparation, only features are looked at. */
NEUSPEC_API int neuspec_predict(const neuspec_model* model, const neuspec_data* data, const neuspec_options* options, void* outputs, int32_t type,
                                int32_t layout, int64_t leading);

/* ---- Models */

/* Fields of model and report. Numbers: primal, dual, relative_gap, rounding, beta, beta_max, seconds_lift, seconds_solve, seconds_certify,
 * seconds_decompose, seconds_total, resumed_seconds. Integers: resumed_iterations, features, outputs, neurons, direction_size, pools, bias (1: has
 * one), status (neuspec_status), samples, iterations, blocks. Texts: status, loss, activation, arch, provenance, solver, operator, device, precision,
 * choice. A model that was not trained in this process has no rounding, beta_max, seconds, samples, iterations, resumed_*, blocks, solver ... choice:
 * asking is a usage error. */
NEUSPEC_API int neuspec_model_double(const neuspec_model* model, const char* name, double* value);
NEUSPEC_API int neuspec_model_int64(const neuspec_model* model, const char* name, int64_t* value);
NEUSPEC_API int neuspec_model_text(const neuspec_model* model, const char* name, const char** value);

/* The tests of convergence of its training: how many there were, and the first `capacity` of them (0: none, points NULL). */
NEUSPEC_API int neuspec_model_history(const neuspec_model* model, neuspec_progress* points, int64_t capacity, int64_t* count);

/* Copies of the network's arrays, of which any may be NULL: directions u_j, one after the other, neurons x direction_size; weights alpha_j; output
 * and pool of each neuron; bias, one number an output (zeros where there is none). */
NEUSPEC_API int neuspec_model_network(const neuspec_model* model, double* directions, double* weights, int64_t* output, int64_t* pool, double* bias);

/* A model of a network that comes from elsewhere: to certify, to start from, to save. loss, activation, arch and beta are the options'. Directions
 * must have unit length; `output` and `pool` may be NULL where there is one alone, `bias` where there is none. */
NEUSPEC_API int neuspec_model_create(const neuspec_options* options, int64_t features, int64_t outputs, int64_t neurons, const double* directions,
                                     const double* weights, const int64_t* output, const int64_t* pool, const double* bias, neuspec_model** model);

/* The program's model files. Nothing is ever half written. */
NEUSPEC_API int neuspec_model_save(const neuspec_model* model, const char* path);
NEUSPEC_API int neuspec_model_load(const char* path, neuspec_model** model);

/* The same in memory. `size` is what it takes; where that is more than `capacity`, nothing is written, which is no error where buffer is NULL. */
NEUSPEC_API int neuspec_model_to_memory(const neuspec_model* model, void* buffer, size_t capacity, size_t* size);
NEUSPEC_API int neuspec_model_from_memory(const void* buffer, size_t size, neuspec_model** model);

/* ---- Moments (docs/moments.md): squared loss, dense networks, any activation and beta */

/* Of no samples. The options (NULL: the usual ones) one-vs-rest and class-weights make targets of labels; device and threads sum. */
NEUSPEC_API int neuspec_moments_create(const neuspec_options* options, neuspec_moments** moments);

/* Adds samples, of data with ranks those of all ranks on every rank; the first decide which columns and classes there are. */
NEUSPEC_API int neuspec_moments_add(neuspec_moments* moments, const neuspec_data* data);

/* Adds all that went into `other`, or takes it out again. */
NEUSPEC_API int neuspec_moments_merge(neuspec_moments* moments, const neuspec_moments* other);
NEUSPEC_API int neuspec_moments_subtract(neuspec_moments* moments, const neuspec_moments* other);

/* Each of the three may be NULL. */
NEUSPEC_API int neuspec_moments_size(const neuspec_moments* moments, int64_t* samples, int64_t* features, int64_t* targets);

NEUSPEC_API int neuspec_moments_save(const neuspec_moments* moments, const char* path);
NEUSPEC_API int neuspec_moments_load(const char* path, neuspec_moments** moments);

/* As those of models. */
NEUSPEC_API int neuspec_moments_to_memory(const neuspec_moments* moments, void* buffer, size_t capacity, size_t* size);
NEUSPEC_API int neuspec_moments_from_memory(const void* buffer, size_t size, neuspec_moments** moments);

#ifdef __cplusplus
}
#endif

#endif
/* NOLINTEND(modernize-use-using,modernize-deprecated-headers) */
