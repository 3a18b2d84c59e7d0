/* A whole use of the library in C99: fit, path, moments, proof, prediction, files; what every result must be. With a number, so many times over: the
 * memory of the process must not grow. */
#include <math.h>
#include <neuspec/neuspec.h>
#include <stdio.h>
#include <stdlib.h>

#define SAMPLES 64
#define FEATURES 3

static void check(int code, const char* what) {
  if (code == NEUSPEC_OK) return;
  fprintf(stderr, "%s: %s error: %s\n", what, neuspec_error_name(code), neuspec_message(NULL));
  exit(1);
}
#define CHECK(call) check(call, #call)

static void require(int condition, const char* what) {
  if (condition) return;
  fprintf(stderr, "not so: %s\n", what);
  exit(1);
}
#define REQUIRE(condition) require(condition, #condition)

static int count_progress(const neuspec_progress* progress, void* user) {
  REQUIRE(progress->dual <= progress->primal);
  ++*(int*)user;
  return 0;
}

static int count_point(const neuspec_model* model, int64_t index, void* user) {
  double gap = 1;
  CHECK(neuspec_model_double(model, "relative_gap", &gap));
  REQUIRE(gap <= 1e-6);
  REQUIRE(index == *(int*)user);
  ++*(int*)user;
  return 0;
}

static void use(void) {
  float x[FEATURES][SAMPLES]; /* a column a feature */
  double y[SAMPLES], f[SAMPLES], moved[SAMPLES];
  unsigned state = 1;
  for (int i = 0; i < SAMPLES; ++i) {
    y[i] = 0;
    for (int j = 0; j < FEATURES; ++j) {
      state = state * 1664525u + 1013904223u;
      x[j][i] = (float)(state >> 8) / 8388608.0f - 1.0f;
    }
    y[i] = x[0][i] * x[1][i] + 0.5 * x[2][i];
  }
  const neuspec_array features = {x, NEUSPEC_FLOAT, NEUSPEC_COLUMN_MAJOR, 0, NEUSPEC_HOST};
  const neuspec_array targets = {y, NEUSPEC_DOUBLE, NEUSPEC_ROW_MAJOR, 0, NEUSPEC_HOST};

  neuspec_data* data = NULL;
  neuspec_options* options = NULL;
  neuspec_model *model = NULL, *again = NULL, *from_sums = NULL;
  int told = 0;
  CHECK(neuspec_data_from_arrays(SAMPLES, FEATURES, 1, &features, &targets, NULL, &data));
  CHECK(neuspec_options_create(&options));
  CHECK(neuspec_options_set(options, "beta-ratio", "0.01"));
  CHECK(neuspec_options_on_progress(options, count_progress, &told));
  CHECK(neuspec_fit(data, options, NULL, &model));
  CHECK(neuspec_options_on_progress(options, NULL, NULL));
  REQUIRE(told > 0);

  int64_t status = -1, neurons = 0;
  double beta = 0;
  CHECK(neuspec_model_int64(model, "status", &status));
  CHECK(neuspec_model_int64(model, "neurons", &neurons));
  CHECK(neuspec_model_double(model, "beta", &beta));
  REQUIRE(status == NEUSPEC_OPTIMAL);
  REQUIRE(neurons > 0);

  neuspec_certificate proof;
  CHECK(neuspec_certify(model, data, options, &proof));
  REQUIRE(proof.proven == 1 && proof.dual <= proof.primal);

  /* The penalty and the loss, by hand. */
  CHECK(neuspec_predict(model, data, NULL, f, NEUSPEC_DOUBLE, NEUSPEC_ROW_MAJOR, 0));
  double objective = 0;
  double* weights = malloc((size_t)neurons * sizeof *weights);
  REQUIRE(weights != NULL);
  CHECK(neuspec_model_network(model, NULL, weights, NULL, NULL, NULL));
  for (int64_t j = 0; j < neurons; ++j) objective += beta * fabs(weights[j]);
  for (int i = 0; i < SAMPLES; ++i) objective += 0.5 * (f[i] - y[i]) * (f[i] - y[i]);
  free(weights);
  REQUIRE(fabs(objective - proof.primal) <= 1e-10 * proof.primal);

  /* Memory, and back. */
  size_t size = 0;
  CHECK(neuspec_model_to_memory(model, NULL, 0, &size));
  void* bytes = malloc(size);
  REQUIRE(bytes != NULL);
  CHECK(neuspec_model_to_memory(model, bytes, size, &size));
  CHECK(neuspec_model_from_memory(bytes, size, &again));
  free(bytes);
  CHECK(neuspec_predict(again, data, NULL, moved, NEUSPEC_DOUBLE, NEUSPEC_COLUMN_MAJOR, SAMPLES));
  for (int i = 0; i < SAMPLES; ++i) REQUIRE(moved[i] == f[i]);

  /* Sums of the same samples. */
  neuspec_moments* moments = NULL;
  neuspec_data* sums = NULL;
  CHECK(neuspec_moments_create(NULL, &moments));
  CHECK(neuspec_moments_add(moments, data));
  CHECK(neuspec_data_from_moments(moments, &sums));
  CHECK(neuspec_fit(sums, options, model, &from_sums));
  double other = 0;
  CHECK(neuspec_model_double(from_sums, "primal", &other));
  REQUIRE(fabs(other - proof.primal) <= 1e-5 * proof.primal);

  const double betas[] = {10 * beta, 3 * beta, beta};
  neuspec_model* path[3];
  int64_t done = 0;
  told = 0;
  CHECK(neuspec_path(data, options, betas, 3, NULL, count_point, &told, path, &done));
  REQUIRE(told == 3 && done == 3);

  /* And a mistake, which says what it is. */
  REQUIRE(neuspec_options_set(options, "tol", "-1") == NEUSPEC_ERROR_USAGE);
  REQUIRE(neuspec_message(options)[0] != '\0');
  for (int i = 0; i < 3; ++i) CHECK(neuspec_free(path[i]));
  CHECK(neuspec_free(moments));
  CHECK(neuspec_free(sums));
  CHECK(neuspec_free(from_sums));
  CHECK(neuspec_free(again));
  CHECK(neuspec_free(model));
  CHECK(neuspec_free(options));
  CHECK(neuspec_free(data));
  REQUIRE(neuspec_free(data) == NEUSPEC_ERROR_USAGE);
}

/* Of the process, in pages; 0 where the system does not tell. */
static long resident(void) {
  long pages = 0, held = 0;
  FILE* file = fopen("/proc/self/statm", "r");
  if (file == NULL) return 0;
  if (fscanf(file, "%ld %ld", &pages, &held) != 2) held = 0;
  fclose(file);
  return held;
}

int main(int count, char** arguments) {
  const int rounds = count > 1 ? atoi(arguments[1]) : 1;
  long before = 0;
  for (int round = 0; round < rounds; ++round) {
    if (round == rounds / 10) before = resident();
    use();
  }
  if (rounds > 1) {
    printf("%d rounds: %ld pages more\n", rounds, resident() - before);
    REQUIRE(resident() - before < 1000);
  }
  printf("%s: ok\n", neuspec_version());
  return 0;
}
