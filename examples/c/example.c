/* Exclusive or, from arrays: fit, certify, predict, save. */
#include <neuspec/neuspec.h>
#include <stdio.h>

int main(void) {
  const double x[] = {-1, -1, -1, 1, 1, -1, 1, 1}, y[] = {1, -1, -1, 1}; /* 4 samples of 2 features, 1 target */
  const neuspec_array features = {x, NEUSPEC_DOUBLE, NEUSPEC_ROW_MAJOR, 0, NEUSPEC_HOST};
  const neuspec_array targets = {y, NEUSPEC_DOUBLE, NEUSPEC_ROW_MAJOR, 0, NEUSPEC_HOST};
  neuspec_data* data = NULL;
  neuspec_options* options = NULL;
  neuspec_model* model = NULL;
  neuspec_certificate proof;
  double f[4];
  int failed = neuspec_data_from_arrays(4, 2, 1, &features, &targets, NULL, &data) || neuspec_options_create(&options) ||
               neuspec_options_set_double(options, "beta", 0.1) || neuspec_fit(data, options, NULL, &model) ||
               neuspec_certify(model, data, options, &proof) || neuspec_predict(model, data, options, f, NEUSPEC_DOUBLE, NEUSPEC_ROW_MAJOR, 0) ||
               neuspec_model_save(model, "xor.json");
  if (failed)
    fprintf(stderr, "%s\n", neuspec_message(NULL));
  else
    printf("%s: at most %.1e from the best network there is; f = %.3f %.3f %.3f %.3f\n", proof.proven ? "optimal" : "stopped", proof.relative_gap,
           f[0], f[1], f[2], f[3]);
  neuspec_free(model);
  neuspec_free(options);
  neuspec_free(data);
  return failed;
}
