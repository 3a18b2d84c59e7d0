! set_ranks of the Fortran module: what the ranks of a communicator find together is what one process finds alone.
module ranks_of_fortran
  use, intrinsic :: iso_c_binding, only: c_int
  use, intrinsic :: iso_fortran_env, only: int64, real64
  use neuspec
  implicit none
  integer, parameter :: features = 3, samples = 120
contains
  ! 0 where all is well, else what is not. The communicator is its handle in Fortran, `none` that of no communicator.
  function check(communicator, none, rank, ranks) result(wrong) bind(c, name='check_ranks_of_fortran')
    integer(c_int), value :: communicator, none, rank, ranks
    integer(c_int) :: wrong
    real(real64), target :: x(features, samples), y(samples)
    integer(int64) :: state, own
    integer :: i, j, first, last, ierr
    type(neuspec_data) :: all, part
    type(neuspec_options) :: options
    type(neuspec_model) :: alone, together
    type(neuspec_certificate) :: proof
    real(real64) :: expected, primal

    state = 1
    do i = 1, samples
      do j = 1, features
        state = modulo(state * 1664525_int64 + 1013904223_int64, 4294967296_int64)
        x(j, i) = real(state, real64) / 2147483648.0_real64 - 1
      end do
      y(i) = x(1, i) * x(2, i) - x(3, i)
    end do
    first = samples * rank / ranks + 1
    last = samples * (rank + 1) / ranks
    call options%set('beta-ratio', 0.05_real64)
    call options%set('tol', 1e-11_real64)
    call all%from_arrays(neuspec_columns(x), neuspec_columns(y))
    call alone%fit(all, options)
    call alone%get('primal', expected)
    call part%from_arrays(neuspec_columns(x(:, first:last)), neuspec_columns(y(first:last)))

    wrong = 1
    call part%set_ranks(none, ierr=ierr)
    if (ierr /= NEUSPEC_ERROR_USAGE) return
    do i = 1, 2
      wrong = 10 * i + 1
      call part%set_ranks(communicator, fixed_order=i == 2, ierr=ierr)
      if (ierr /= NEUSPEC_OK) return
      wrong = 10 * i + 2
      call together%fit(part, options, ierr=ierr)
      if (ierr /= NEUSPEC_OK) return
      wrong = 10 * i + 3
      call together%get('primal', primal)
      if (abs(primal - expected) > merge(0.0_real64, 1e-10_real64, i == 2) * abs(expected)) return
      wrong = 10 * i + 4
      call together%get('samples', own)
      if (own /= samples) return
      wrong = 10 * i + 5
      call together%certify(part, proof, options)
      if (proof%proven /= 1) return
    end do
    wrong = 0
  end function
end module ranks_of_fortran
