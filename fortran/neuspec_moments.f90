! Moments.
submodule (neuspec) neuspec_moments_part
  implicit none
contains

  ! Makes the handle when something is first put into it.
  function made(self) result(code)
    class(neuspec_moments), intent(inout) :: self
    integer(c_int) :: code
    code = NEUSPEC_OK
    if (.not. c_associated(self%handle)) code = c_moments_create(c_null_ptr, self%handle)
  end function

  module procedure create_moments
    type(c_ptr) :: making
    making = c_null_ptr
    if (present(options)) making = options%handle
    call free_handle(self%handle)
    call finish(c_moments_create(making, self%handle), ierr)
  end procedure

  module procedure add
    integer(c_int) :: code
    code = made(self)
    if (code == NEUSPEC_OK) code = c_moments_add(self%handle, samples%handle)
    call finish(code, ierr)
  end procedure

  module procedure merge_moments
    integer(c_int) :: code
    code = made(self)
    if (code == NEUSPEC_OK) code = c_moments_merge(self%handle, other%handle)
    call finish(code, ierr)
  end procedure

  module procedure subtract
    integer(c_int) :: code
    code = made(self)
    if (code == NEUSPEC_OK) code = c_moments_subtract(self%handle, other%handle)
    call finish(code, ierr)
  end procedure

  module procedure moments_size
    integer(int64), target :: sizes(3)
    integer(c_int) :: code
    sizes = 0
    code = c_moments_size(self%handle, c_loc(sizes(1)), c_loc(sizes(2)), c_loc(sizes(3)))
    if (present(samples)) samples = sizes(1)
    if (present(features)) features = sizes(2)
    if (present(targets)) targets = sizes(3)
    call finish(code, ierr)
  end procedure

  module procedure save_moments
    call finish(c_moments_save(self%handle, path // c_null_char), ierr)
  end procedure

  module procedure load_moments
    call free_handle(self%handle)
    call finish(c_moments_load(path // c_null_char, self%handle), ierr)
  end procedure

  module procedure moments_to_memory
    integer(c_size_t) :: size
    integer(c_int) :: code
    size = 0
    code = c_moments_to_memory(self%handle, c_null_ptr, size, size)
    allocate (bytes(size))
    if (code == NEUSPEC_OK) code = c_moments_to_memory(self%handle, c_loc(bytes), size, size)
    call finish(code, ierr)
  end procedure

  module procedure moments_from_memory
    call free_handle(self%handle)
    call finish(c_moments_from_memory(c_loc(bytes), size(bytes, kind=c_size_t), self%handle), ierr)
  end procedure
end submodule neuspec_moments_part
