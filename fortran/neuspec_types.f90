! What the C header declares: constants and structures, name for name.
module neuspec_types
  use, intrinsic :: iso_c_binding, only: c_double, c_int, c_int32_t, c_int64_t, c_null_ptr, c_ptr
  implicit none
  public

  integer(c_int), parameter :: NEUSPEC_ABI = 1

  ! neuspec_error
  integer(c_int), parameter :: NEUSPEC_OK = 0, NEUSPEC_ERROR_USAGE = 2, NEUSPEC_ERROR_DATA = 3
  integer(c_int), parameter :: NEUSPEC_ERROR_ENVIRONMENT = 5, NEUSPEC_ERROR_MEMORY = 6, NEUSPEC_ERROR_INTERNAL = 7
  ! neuspec_option_type
  integer(c_int), parameter :: NEUSPEC_TEXT = 0, NEUSPEC_NUMBER = 1, NEUSPEC_INTEGER = 2, NEUSPEC_FLAG = 3
  ! neuspec_type, neuspec_layout, neuspec_memory
  integer(c_int), parameter :: NEUSPEC_DOUBLE = 0, NEUSPEC_FLOAT = 1
  integer(c_int), parameter :: NEUSPEC_ROW_MAJOR = 0, NEUSPEC_COLUMN_MAJOR = 1
  integer(c_int), parameter :: NEUSPEC_HOST = 0, NEUSPEC_DEVICE = 1
  ! neuspec_rank_order
  integer(c_int), parameter :: NEUSPEC_ANY_ORDER = 0, NEUSPEC_FIXED_ORDER = 1
  ! neuspec_status
  integer(c_int), parameter :: NEUSPEC_OPTIMAL = 0, NEUSPEC_ITERATION_LIMIT = 1, NEUSPEC_TIME_LIMIT = 2, NEUSPEC_INTERRUPTED = 3
  integer(c_int), parameter :: NEUSPEC_STALLED = 4, NEUSPEC_UNCERTIFIED = 5

  type, bind(c) :: neuspec_progress
    real(c_double) :: seconds
    integer(c_int64_t) :: iterations
    real(c_double) :: primal, dual, relative_gap
    integer(c_int64_t) :: neurons
  end type

  type, bind(c) :: neuspec_certificate
    real(c_double) :: primal, dual, relative_gap, unit, kappa, rounding
    integer(c_int32_t) :: proven
  end type

  type, bind(c) :: neuspec_array
    type(c_ptr) :: values = c_null_ptr
    integer(c_int32_t) :: type = NEUSPEC_DOUBLE, layout = NEUSPEC_ROW_MAJOR
    integer(c_int64_t) :: leading = 0
    integer(c_int32_t) :: memory = NEUSPEC_HOST
  end type

  type, bind(c) :: neuspec_option
    type(c_ptr) :: name
    integer(c_int32_t) :: type
    type(c_ptr) :: values, initial, help
  end type

  type, bind(c) :: neuspec_runtime
    type(c_ptr) :: commit, options, blas
    integer(c_int32_t) :: blas_integer_bits, cuda_compiled, cuda_found
  end type
end module neuspec_types
