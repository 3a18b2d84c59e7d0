/* A program whose BLAS takes integers of 64 bits: its inner product, at least, comes before the library's. */
#include <neuspec/neuspec.h>
#include <stdio.h>
#include <string.h>

double ddot_(const int64_t* n, const double* x, const int64_t* x_step, const double* y, const int64_t* y_step) {
  double sum = 0;
  for (int64_t i = 0; i < *n; ++i) sum += x[i * *x_step] * y[i * *y_step];
  return sum;
}

int main(void) {
  const double x[] = {-1, -1, -1, 1, 1, -1, 1, 1}, y[] = {1, -1, -1, 1};
  const neuspec_array features = {x, NEUSPEC_DOUBLE, NEUSPEC_ROW_MAJOR, 0, NEUSPEC_HOST};
  const neuspec_array targets = {y, NEUSPEC_DOUBLE, NEUSPEC_ROW_MAJOR, 0, NEUSPEC_HOST};
  neuspec_runtime runtime;
  neuspec_options* options = NULL;
  neuspec_data* data = NULL;
  neuspec_model* model = NULL;
  if (neuspec_runtime_info(&runtime) || runtime.blas_integer_bits != 64) return 1;
  if (neuspec_options_create(&options) || neuspec_options_set_double(options, "beta", 0.1)) return 2;
  if (neuspec_data_from_arrays(4, 2, 1, &features, &targets, NULL, &data)) return 3;
  if (neuspec_fit(data, options, NULL, &model) != NEUSPEC_ERROR_ENVIRONMENT || model != NULL) return 4;
  puts(neuspec_message(data));
  if (strstr(neuspec_message(data), "ILP64") == NULL) return 5;
  return neuspec_free(data) || neuspec_free(options);
}
