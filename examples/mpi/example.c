/* Every rank has samples of its own; together they train one network and prove that it is optimal for all of them.
 *   mpirun -n 4 ./example_c
 */
#include <mpi.h>
#include <neuspec/neuspec.h>
#include <stdio.h>

enum { samples = 1000, features = 4 };

static double x[samples * features], y[samples];

static void measure(int rank) { /* stands for whatever the program has in its arrays */
  unsigned state = 1U + 12345U * (unsigned)rank;
  int i;
  for (i = 0; i < samples * features; ++i) {
    state = state * 1664525U + 1013904223U;
    x[i] = state / 2147483648.0 - 1;
  }
  for (i = 0; i < samples; ++i) y[i] = x[features * i] * x[features * i + 1] - x[features * i + 2];
}

int main(int count, char** arguments) {
  int rank = 0, failed;
  MPI_Init(&count, &arguments);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  measure(rank);
  {
    const neuspec_array rows = {x, NEUSPEC_DOUBLE, NEUSPEC_ROW_MAJOR, 0, NEUSPEC_HOST};
    const neuspec_array targets = {y, NEUSPEC_DOUBLE, NEUSPEC_ROW_MAJOR, 0, NEUSPEC_HOST};
    neuspec_data* data = NULL;
    neuspec_options* options = NULL;
    neuspec_model* model = NULL;
    neuspec_certificate proof;
    int64_t all = 0;
    failed = neuspec_data_from_arrays(samples, features, 1, &rows, &targets, NULL, &data) ||
             neuspec_data_set_ranks(data, MPI_Comm_c2f(MPI_COMM_WORLD), NEUSPEC_ANY_ORDER) || neuspec_options_create(&options) ||
             neuspec_options_set(options, "standardize", "yes") || neuspec_options_set(options, "beta-ratio", "0.01") ||
             neuspec_fit(data, options, NULL, &model) || neuspec_certify(model, data, options, &proof) ||
             neuspec_model_int64(model, "samples", &all) || (rank == 0 && neuspec_model_save(model, "ranks.json"));
    if (failed)
      fprintf(stderr, "rank %d: %s\n", rank, neuspec_message(NULL));
    else if (rank == 0)
      printf("%ld samples: at most %.1e from the best network there is\n", (long)all, proof.relative_gap);
    failed = failed || !proof.proven;
    neuspec_free(model);
    neuspec_free(options);
    neuspec_free(data);
  }
  MPI_Finalize();
  return failed;
}
