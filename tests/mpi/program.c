/* The C API on the ranks of an MPI communicator: what they find together is what one process finds alone. */
#include <math.h>
#include <mpi.h>
#include <neuspec/neuspec.h>
#include <stdio.h>
#include <stdlib.h>

enum { samples = 120, features = 3 };

static int rank_of_world = 0;

#define require(condition)                                                                                        \
  do {                                                                                                            \
    if (!(condition)) {                                                                                           \
      fprintf(stderr, "line %d, rank %d: %s (%s)\n", __LINE__, rank_of_world, #condition, neuspec_message(NULL)); \
      exit(1);                                                                                                    \
    }                                                                                                             \
  } while (0)

static double x[samples * features], y[samples];

static void make_samples(int classes) {
  unsigned state = 1;
  for (int i = 0; i < samples * features; ++i) {
    state = state * 1664525U + 1013904223U;
    x[i] = state / 2147483648.0 - 1;
  }
  for (int i = 0; i < samples; ++i) {
    y[i] = x[i * features] * x[i * features + 1] - x[i * features + 2] + 0.3 * sin(7.0 * i);
    if (classes) y[i] = y[i] > 0 ? 1 : -1;
  }
}

static neuspec_data* part_of(int rank, int size) {
  const int first = samples * rank / size, count = samples * (rank + 1) / size - first;
  const neuspec_array rows = {x + first * features, NEUSPEC_DOUBLE, NEUSPEC_ROW_MAJOR, 0, NEUSPEC_HOST};
  const neuspec_array targets = {y + first, NEUSPEC_DOUBLE, NEUSPEC_ROW_MAJOR, 0, NEUSPEC_HOST};
  neuspec_data* data = NULL;
  require(neuspec_data_from_arrays(count, features, 1, &rows, &targets, NULL, &data) == NEUSPEC_OK);
  return data;
}

static neuspec_options* options_of(const char* loss, const char* tolerance) {
  neuspec_options* options = NULL;
  require(neuspec_options_create(&options) == NEUSPEC_OK);
  require(neuspec_options_set(options, "loss", loss) == NEUSPEC_OK && neuspec_options_set(options, "tol", tolerance) == NEUSPEC_OK);
  require(neuspec_options_set(options, "beta-ratio", "0.05") == NEUSPEC_OK && neuspec_options_set(options, "standardize", "yes") == NEUSPEC_OK);
  require(neuspec_options_set_int64(options, "threads", 1) == NEUSPEC_OK);
  return options;
}

static double number(const neuspec_model* model, const char* name) {
  double value = 0;
  require(neuspec_model_double(model, name, &value) == NEUSPEC_OK);
  return value;
}

static void compare(MPI_Comm ranks, const char* loss, const char* tolerance, double allowed) {
  int rank = 0, size = 1;
  neuspec_options* options = options_of(loss, tolerance);
  neuspec_model *alone = NULL, *together = NULL;
  neuspec_certificate proof;
  MPI_Comm_rank(ranks, &rank);
  MPI_Comm_size(ranks, &size);
  make_samples(loss[0] != 's');
  neuspec_data *all = part_of(0, 1), *part = part_of(rank, size);
  require(neuspec_fit(all, options, NULL, &alone) == NEUSPEC_OK);
  for (int order = NEUSPEC_ANY_ORDER; order <= NEUSPEC_FIXED_ORDER; ++order) {
    require(neuspec_data_set_ranks(part, MPI_Comm_c2f(ranks), order) == NEUSPEC_OK);
    require(neuspec_fit(part, options, NULL, &together) == NEUSPEC_OK);
    const double slack = order == NEUSPEC_FIXED_ORDER ? 0 : allowed * fabs(number(alone, "primal"));
    require(fabs(number(together, "primal") - number(alone, "primal")) <= slack);
    require(fabs(number(together, "dual") - number(alone, "dual")) <= slack);
    require(neuspec_certify(together, part, options, &proof) == NEUSPEC_OK && proof.proven);
    if (rank == 0) { /* what ranks have found, one process proves */
      require(neuspec_certify(together, all, options, &proof) == NEUSPEC_OK && proof.proven);
    }
    require(neuspec_free(together) == NEUSPEC_OK);
  }
  require(neuspec_free(alone) == NEUSPEC_OK && neuspec_free(part) == NEUSPEC_OK && neuspec_free(all) == NEUSPEC_OK);
  require(neuspec_free(options) == NEUSPEC_OK);
}

static void fail_together(int rank, int size) {
  neuspec_options* options = options_of("squared", "1e-6");
  neuspec_model* model = NULL;
  make_samples(0);
  if (rank == size - 1) x[samples * features - 1] = NAN;
  neuspec_data* part = part_of(rank, size);
  require(neuspec_data_set_ranks(part, MPI_Comm_c2f(MPI_COMM_NULL), NEUSPEC_ANY_ORDER) == NEUSPEC_ERROR_USAGE);
  require(neuspec_data_set_ranks(part, MPI_Comm_c2f(MPI_COMM_WORLD), 2) == NEUSPEC_ERROR_USAGE);
  require(neuspec_data_set_ranks(NULL, MPI_Comm_c2f(MPI_COMM_WORLD), NEUSPEC_ANY_ORDER) == NEUSPEC_ERROR_USAGE);
  require(neuspec_data_set_ranks(part, MPI_Comm_c2f(MPI_COMM_WORLD), NEUSPEC_ANY_ORDER) == NEUSPEC_OK);
  require(neuspec_fit(part, options, NULL, &model) == NEUSPEC_ERROR_DATA && model == NULL);
  neuspec_free(part);
  neuspec_free(options);
}

int main(int count, char** arguments) {
  int size = 1;
  MPI_Errhandler before, after;
  make_samples(0);
  neuspec_data* early = part_of(0, 1);
  require(neuspec_data_set_ranks(early, 0, NEUSPEC_ANY_ORDER) == NEUSPEC_ERROR_ENVIRONMENT); /* MPI is not there yet */
  MPI_Init(&count, &arguments);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank_of_world);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  MPI_Comm_get_errhandler(MPI_COMM_WORLD, &before);
  compare(MPI_COMM_WORLD, "squared", "1e-11", 1e-10);
  compare(MPI_COMM_WORLD, "logistic", "1e-9", 2e-9);
  compare(MPI_COMM_WORLD, "hinge", "1e-8", 1e-10);
  if (size > 1) { /* two groups at a time */
    MPI_Comm half;
    MPI_Comm_split(MPI_COMM_WORLD, rank_of_world % 2, 0, &half);
    compare(half, "squared", "1e-11", 1e-10);
    MPI_Comm_free(&half);
  }
  fail_together(rank_of_world, size);
  require(neuspec_data_set_ranks(early, MPI_Comm_c2f(MPI_COMM_SELF), NEUSPEC_ANY_ORDER) == NEUSPEC_OK);
  MPI_Comm_get_errhandler(MPI_COMM_WORLD, &after);
  require(before == after);
  MPI_Finalize();
  require(neuspec_free(early) == NEUSPEC_OK); /* too late for MPI, and no fault */
  return 0;
}
