! The C functions, argument for argument; what the module neuspec is made of.
module neuspec_calls
  use, intrinsic :: iso_c_binding
  use neuspec_types
  implicit none
  public

  interface
    function c_error_name(error) bind(c, name='neuspec_error_name') result(code)
      import
      integer(c_int), value :: error
      type(c_ptr) :: code
    end function
    function c_message(handle) bind(c, name='neuspec_message') result(code)
      import
      type(c_ptr), value :: handle
      type(c_ptr) :: code
    end function
    function c_set_error_handler(handler, user) bind(c, name='neuspec_set_error_handler') result(code)
      import
      type(c_funptr), value :: handler
      type(c_ptr), value :: user
      integer(c_int) :: code
    end function
    function c_version() bind(c, name='neuspec_version') result(code)
      import
      type(c_ptr) :: code
    end function
    function c_abi() bind(c, name='neuspec_abi') result(code)
      import
      integer(c_int) :: code
    end function
    function c_runtime_info(info) bind(c, name='neuspec_runtime_info') result(code)
      import
      type(neuspec_runtime), intent(inout) :: info
      integer(c_int) :: code
    end function
    function c_free(handle) bind(c, name='neuspec_free') result(code)
      import
      type(c_ptr), value :: handle
      integer(c_int) :: code
    end function
    function c_option_count() bind(c, name='neuspec_option_count') result(code)
      import
      integer(c_int64_t) :: code
    end function
    function c_option_describe(index, option) bind(c, name='neuspec_option_describe') result(code)
      import
      integer(c_int64_t), value :: index
      type(neuspec_option), intent(inout) :: option
      integer(c_int) :: code
    end function
    function c_options_create(options) bind(c, name='neuspec_options_create') result(code)
      import
      type(c_ptr), intent(inout) :: options
      integer(c_int) :: code
    end function
    function c_options_set(options, name, value) bind(c, name='neuspec_options_set') result(code)
      import
      type(c_ptr), value :: options
      character(kind=c_char), intent(in) :: name(*), value(*)
      integer(c_int) :: code
    end function
    function c_options_set_double(options, name, value) bind(c, name='neuspec_options_set_double') result(code)
      import
      type(c_ptr), value :: options
      character(kind=c_char), intent(in) :: name(*)
      real(c_double), value :: value
      integer(c_int) :: code
    end function
    function c_options_set_int64(options, name, value) bind(c, name='neuspec_options_set_int64') result(code)
      import
      type(c_ptr), value :: options
      character(kind=c_char), intent(in) :: name(*)
      integer(c_int64_t), value :: value
      integer(c_int) :: code
    end function
    function c_options_set_flag(options, name, value) bind(c, name='neuspec_options_set_flag') result(code)
      import
      type(c_ptr), value :: options
      character(kind=c_char), intent(in) :: name(*)
      integer(c_int), value :: value
      integer(c_int) :: code
    end function
    function c_options_get(options, name, value) bind(c, name='neuspec_options_get') result(code)
      import
      type(c_ptr), value :: options
      character(kind=c_char), intent(in) :: name(*)
      type(c_ptr), intent(inout) :: value
      integer(c_int) :: code
    end function
    function c_options_on_progress(options, callback, user) bind(c, name='neuspec_options_on_progress') result(code)
      import
      type(c_ptr), value :: options, user
      type(c_funptr), value :: callback
      integer(c_int) :: code
    end function
    function c_options_on_stop(options, callback, user) bind(c, name='neuspec_options_on_stop') result(code)
      import
      type(c_ptr), value :: options, user
      type(c_funptr), value :: callback
      integer(c_int) :: code
    end function
    function c_options_on_checkpoint(options, interval, callback, user) bind(c, name='neuspec_options_on_checkpoint') result(code)
      import
      type(c_ptr), value :: options, user
      real(c_double), value :: interval
      type(c_funptr), value :: callback
      integer(c_int) :: code
    end function
    function c_options_resume(options, checkpoint, size) bind(c, name='neuspec_options_resume') result(code)
      import
      type(c_ptr), value :: options, checkpoint
      integer(c_size_t), value :: size
      integer(c_int) :: code
    end function
    function c_data_from_arrays(samples, features, targets, x, y, weights, data) &
      bind(c, name='neuspec_data_from_arrays') result(code)
      import
      integer(c_int64_t), value :: samples, features, targets
      type(c_ptr), value :: x, y, weights
      type(c_ptr), intent(inout) :: data
      integer(c_int) :: code
    end function
    function c_data_from_file(path, options, like, data) bind(c, name='neuspec_data_from_file') result(code)
      import
      character(kind=c_char), intent(in) :: path(*)
      type(c_ptr), value :: options, like
      type(c_ptr), intent(inout) :: data
      integer(c_int) :: code
    end function
    function c_data_from_moments(moments, data) bind(c, name='neuspec_data_from_moments') result(code)
      import
      type(c_ptr), value :: moments
      type(c_ptr), intent(inout) :: data
      integer(c_int) :: code
    end function
    function c_data_size(data, samples, features, targets) bind(c, name='neuspec_data_size') result(code)
      import
      type(c_ptr), value :: data, samples, features, targets
      integer(c_int) :: code
    end function
    function c_data_set_ranks(data, communicator, order) bind(c, name='neuspec_data_set_ranks') result(code)
      import
      type(c_ptr), value :: data
      integer(c_int), value :: communicator
      integer(c_int32_t), value :: order
      integer(c_int) :: code
    end function
    function c_beta_max(data, options, beta_max) bind(c, name='neuspec_beta_max') result(code)
      import
      type(c_ptr), value :: data, options
      real(c_double), intent(inout) :: beta_max
      integer(c_int) :: code
    end function
    function c_fit(data, options, start, model) bind(c, name='neuspec_fit') result(code)
      import
      type(c_ptr), value :: data, options, start
      type(c_ptr), intent(inout) :: model
      integer(c_int) :: code
    end function
    function c_path(data, options, betas, count, start, after_each, user, models, done) bind(c, name='neuspec_path') result(code)
      import
      type(c_ptr), value :: data, options, betas, start, user, models, done
      integer(c_int64_t), value :: count
      type(c_funptr), value :: after_each
      integer(c_int) :: code
    end function
    function c_certify(model, data, options, certificate) bind(c, name='neuspec_certify') result(code)
      import
      type(c_ptr), value :: model, data, options
      type(neuspec_certificate), intent(inout) :: certificate
      integer(c_int) :: code
    end function
    function c_predict(model, data, options, outputs, type, layout, leading) bind(c, name='neuspec_predict') result(code)
      import
      type(c_ptr), value :: model, data, options, outputs
      integer(c_int32_t), value :: type, layout
      integer(c_int64_t), value :: leading
      integer(c_int) :: code
    end function
    function c_model_double(model, name, value) bind(c, name='neuspec_model_double') result(code)
      import
      type(c_ptr), value :: model
      character(kind=c_char), intent(in) :: name(*)
      real(c_double), intent(inout) :: value
      integer(c_int) :: code
    end function
    function c_model_int64(model, name, value) bind(c, name='neuspec_model_int64') result(code)
      import
      type(c_ptr), value :: model
      character(kind=c_char), intent(in) :: name(*)
      integer(c_int64_t), intent(inout) :: value
      integer(c_int) :: code
    end function
    function c_model_text(model, name, value) bind(c, name='neuspec_model_text') result(code)
      import
      type(c_ptr), value :: model
      character(kind=c_char), intent(in) :: name(*)
      type(c_ptr), intent(inout) :: value
      integer(c_int) :: code
    end function
    function c_model_history(model, points, capacity, count) bind(c, name='neuspec_model_history') result(code)
      import
      type(c_ptr), value :: model, points
      integer(c_int64_t), value :: capacity
      integer(c_int64_t), intent(inout) :: count
      integer(c_int) :: code
    end function
    function c_model_network(model, directions, weights, output, pool, bias) bind(c, name='neuspec_model_network') result(code)
      import
      type(c_ptr), value :: model, directions, weights, output, pool, bias
      integer(c_int) :: code
    end function
    function c_model_create(options, features, outputs, neurons, directions, weights, output, pool, bias, model) &
      bind(c, name='neuspec_model_create') result(code)
      import
      type(c_ptr), value :: options, directions, weights, output, pool, bias
      integer(c_int64_t), value :: features, outputs, neurons
      type(c_ptr), intent(inout) :: model
      integer(c_int) :: code
    end function
    function c_model_save(model, path) bind(c, name='neuspec_model_save') result(code)
      import
      type(c_ptr), value :: model
      character(kind=c_char), intent(in) :: path(*)
      integer(c_int) :: code
    end function
    function c_model_load(path, model) bind(c, name='neuspec_model_load') result(code)
      import
      character(kind=c_char), intent(in) :: path(*)
      type(c_ptr), intent(inout) :: model
      integer(c_int) :: code
    end function
    function c_model_to_memory(model, buffer, capacity, size) bind(c, name='neuspec_model_to_memory') result(code)
      import
      type(c_ptr), value :: model, buffer
      integer(c_size_t), value :: capacity
      integer(c_size_t), intent(inout) :: size
      integer(c_int) :: code
    end function
    function c_model_from_memory(buffer, size, model) bind(c, name='neuspec_model_from_memory') result(code)
      import
      type(c_ptr), value :: buffer
      integer(c_size_t), value :: size
      type(c_ptr), intent(inout) :: model
      integer(c_int) :: code
    end function
    function c_moments_create(options, moments) bind(c, name='neuspec_moments_create') result(code)
      import
      type(c_ptr), value :: options
      type(c_ptr), intent(inout) :: moments
      integer(c_int) :: code
    end function
    function c_moments_add(moments, data) bind(c, name='neuspec_moments_add') result(code)
      import
      type(c_ptr), value :: moments, data
      integer(c_int) :: code
    end function
    function c_moments_merge(moments, other) bind(c, name='neuspec_moments_merge') result(code)
      import
      type(c_ptr), value :: moments, other
      integer(c_int) :: code
    end function
    function c_moments_subtract(moments, other) bind(c, name='neuspec_moments_subtract') result(code)
      import
      type(c_ptr), value :: moments, other
      integer(c_int) :: code
    end function
    function c_moments_size(moments, samples, features, targets) bind(c, name='neuspec_moments_size') result(code)
      import
      type(c_ptr), value :: moments, samples, features, targets
      integer(c_int) :: code
    end function
    function c_moments_save(moments, path) bind(c, name='neuspec_moments_save') result(code)
      import
      type(c_ptr), value :: moments
      character(kind=c_char), intent(in) :: path(*)
      integer(c_int) :: code
    end function
    function c_moments_load(path, moments) bind(c, name='neuspec_moments_load') result(code)
      import
      character(kind=c_char), intent(in) :: path(*)
      type(c_ptr), intent(inout) :: moments
      integer(c_int) :: code
    end function
    function c_moments_to_memory(moments, buffer, capacity, size) bind(c, name='neuspec_moments_to_memory') result(code)
      import
      type(c_ptr), value :: moments, buffer
      integer(c_size_t), value :: capacity
      integer(c_size_t), intent(inout) :: size
      integer(c_int) :: code
    end function
    function c_moments_from_memory(buffer, size, moments) bind(c, name='neuspec_moments_from_memory') result(code)
      import
      type(c_ptr), value :: buffer
      integer(c_size_t), value :: size
      type(c_ptr), intent(inout) :: moments
      integer(c_int) :: code
    end function
  end interface
end module neuspec_calls
