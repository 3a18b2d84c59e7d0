! Samples.
submodule (neuspec) neuspec_data_part
  implicit none
contains

  ! A description that C cannot have: the same error as for its own.
  function refused(x, samples) result(code)
    type(neuspec_matrix), intent(in) :: x
    integer(int64), intent(in) :: samples
    integer(c_int) :: code
    code = NEUSPEC_OK
    if (x%contiguous .and. x%samples == samples) return
    code = NEUSPEC_ERROR_USAGE
  end function

  module procedure from_arrays
    type(neuspec_array), target :: arrays(3)
    type(c_ptr) :: places(3)
    integer(int64) :: targets
    integer(c_int) :: code
    call free_handle(self%handle)
    targets = 0
    places = c_null_ptr
    arrays(1) = x%array
    places(1) = c_loc(arrays(1))
    code = refused(x, x%samples)
    if (present(y)) then
      arrays(2) = y%array
      places(2) = c_loc(arrays(2))
      targets = y%columns
      if (code == NEUSPEC_OK) code = refused(y, x%samples)
    end if
    if (present(weights)) then
      arrays(3) = weights%array
      places(3) = c_loc(arrays(3))
      if (code == NEUSPEC_OK) code = refused(weights, x%samples)
      if (weights%columns /= 1) code = NEUSPEC_ERROR_USAGE
    end if
    ! Shapes that disagree, or a first dimension with gaps, have no description in C; sizes of zero make it say so.
    if (code == NEUSPEC_OK) then
      code = c_data_from_arrays(x%samples, x%columns, targets, places(1), places(2), places(3), self%handle)
    else
      code = c_data_from_arrays(-1_int64, x%columns, targets, places(1), places(2), places(3), self%handle)
    end if
    call finish(code, ierr)
  end procedure

  module procedure from_file
    type(c_ptr) :: reading, model
    reading = c_null_ptr
    model = c_null_ptr
    if (present(options)) reading = options%handle
    if (present(like)) model = like%handle
    call free_handle(self%handle)
    call finish(c_data_from_file(path // c_null_char, reading, model, self%handle), ierr)
  end procedure

  module procedure from_moments
    call free_handle(self%handle)
    call finish(c_data_from_moments(moments%handle, self%handle), ierr)
  end procedure

  module procedure data_size
    integer(int64), target :: sizes(3)
    integer(c_int) :: code
    sizes = 0
    code = c_data_size(self%handle, c_loc(sizes(1)), c_loc(sizes(2)), c_loc(sizes(3)))
    if (present(samples)) samples = sizes(1)
    if (present(features)) features = sizes(2)
    if (present(targets)) targets = sizes(3)
    call finish(code, ierr)
  end procedure

  module procedure set_ranks
    integer(c_int) :: order
    order = NEUSPEC_ANY_ORDER
    if (present(fixed_order)) then
      if (fixed_order) order = NEUSPEC_FIXED_ORDER
    end if
    call finish(c_data_set_ranks(self%handle, communicator, order), ierr)
  end procedure

  module procedure beta_max
    value = 0
    call finish(c_beta_max(self%handle, options%handle, value), ierr)
  end procedure
end submodule neuspec_data_part
