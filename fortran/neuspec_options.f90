! Errors, options, and what is told while a solve runs.
submodule (neuspec) neuspec_options_part
  use, intrinsic :: iso_fortran_env, only: error_unit
  implicit none
contains

  module procedure finish
    if (present(ierr)) then
      ierr = code
    else if (code /= NEUSPEC_OK) then
      write (error_unit, '(a)') 'neuspec: ' // neuspec_message()
      error stop 'neuspec: no argument ierr to take this error'
    end if
  end procedure

  module procedure free_handle
    integer(c_int) :: ignored
    ignored = c_free(handle)
    handle = c_null_ptr
  end procedure

  module procedure text_of
    character(kind=c_char), pointer :: letters(:)
    integer :: length, i
    text = ''
    if (.not. c_associated(pointer)) return
    call c_f_pointer(pointer, letters, [huge(1)])
    length = 0
    do while (letters(length + 1) /= c_null_char)
      length = length + 1
    end do
    deallocate (text)
    allocate (character(length) :: text)
    do i = 1, length
      text(i:i) = letters(i)
    end do
  end procedure

  module procedure neuspec_message
    text = text_of(c_message(c_null_ptr))
  end procedure

  module procedure neuspec_version
    text = text_of(c_version())
  end procedure

  module procedure neuspec_describe_runtime
    type(neuspec_runtime) :: runtime
    integer(c_int) :: code
    text = 'unknown'
    code = c_runtime_info(runtime)
    if (code /= NEUSPEC_OK) return
    text = 'neuspec ' // neuspec_version() // ' ' // text_of(runtime%commit) // ', ' // text_of(runtime%options)
    if (text_of(runtime%blas) /= '') text = text // ', ' // text_of(runtime%blas)
    if (runtime%cuda_found == 1) text = text // ', a GPU'
  end procedure

  ! Makes the handle when it is first set.
  function made(self) result(code)
    class(neuspec_options), intent(inout) :: self
    integer(c_int) :: code
    code = NEUSPEC_OK
    if (.not. c_associated(self%handle)) code = c_options_create(self%handle)
  end function

  module procedure set_text
    integer(c_int) :: code
    code = made(self)
    if (code == NEUSPEC_OK) code = c_options_set(self%handle, name // c_null_char, value // c_null_char)
    call finish(code, ierr)
  end procedure

  module procedure set_real
    integer(c_int) :: code
    code = made(self)
    if (code == NEUSPEC_OK) code = c_options_set_double(self%handle, name // c_null_char, value)
    call finish(code, ierr)
  end procedure

  module procedure set_integer
    call self%set_long(name, int(value, int64), ierr)
  end procedure

  module procedure set_long
    integer(c_int) :: code
    code = made(self)
    if (code == NEUSPEC_OK) code = c_options_set_int64(self%handle, name // c_null_char, value)
    call finish(code, ierr)
  end procedure

  module procedure set_logical
    integer(c_int) :: code
    code = made(self)
    if (code == NEUSPEC_OK) code = c_options_set_flag(self%handle, name // c_null_char, merge(1_c_int, 0_c_int, value))
    call finish(code, ierr)
  end procedure

  module procedure get_option
    type(c_ptr) :: found
    integer(c_int) :: code
    found = c_null_ptr
    code = made(self)
    if (code == NEUSPEC_OK) code = c_options_get(self%handle, name // c_null_char, found)
    value = text_of(found)
    call finish(code, ierr)
  end procedure

  module procedure watch
    integer(c_int) :: code
    code = made(self)
    if (code == NEUSPEC_OK .and. associated(self%watcher)) then
      code = c_options_on_progress(self%handle, c_null_funptr, c_null_ptr)
      if (code == NEUSPEC_OK) code = c_options_on_checkpoint(self%handle, 0.0_real64, c_null_funptr, c_null_ptr)
      deallocate (self%watcher)
    end if
    if (code == NEUSPEC_OK .and. present(watcher)) then
      allocate (self%watcher)
      self%watcher%it => watcher
      code = c_options_on_progress(self%handle, c_funloc(tell), c_loc(self%watcher))
      if (code == NEUSPEC_OK .and. present(checkpoint_interval)) &
        code = c_options_on_checkpoint(self%handle, checkpoint_interval, c_funloc(keep), c_loc(self%watcher))
    end if
    call finish(code, ierr)
  end procedure

  module procedure resume
    integer(c_int) :: code
    code = made(self)
    if (code == NEUSPEC_OK) then
      if (present(checkpoint)) then
        code = c_options_resume(self%handle, c_loc(checkpoint), size(checkpoint, kind=c_size_t))
      else
        code = c_options_resume(self%handle, c_null_ptr, 0_c_size_t)
      end if
    end if
    call finish(code, ierr)
  end procedure

  subroutine keep(checkpoint, length, user) bind(c)
    type(c_ptr), value :: checkpoint, user
    integer(c_size_t), value :: length
    integer(int8), pointer :: bytes(:)
    type(watcher_pointer), pointer :: holder
    call c_f_pointer(checkpoint, bytes, [length])
    call c_f_pointer(user, holder)
    call holder%it%checkpoint(bytes)
  end subroutine

  function tell(progress, user) bind(c) result(stop)
    type(c_ptr), value :: progress, user
    integer(c_int) :: stop
    type(neuspec_progress), pointer :: state
    type(watcher_pointer), pointer :: holder
    call c_f_pointer(progress, state)
    call c_f_pointer(user, holder)
    stop = merge(1_c_int, 0_c_int, holder%it%progress(state))
  end function

  module procedure neuspec_list_options
    type(neuspec_option) :: option
    integer(int64) :: i
    do i = 0, c_option_count() - 1
      if (c_option_describe(i, option) /= NEUSPEC_OK) return
      write (unit, '(a)') text_of(option%name) // ': ' // text_of(option%help) // ' (' // text_of(option%values) // ') [' // &
        text_of(option%initial) // ']'
    end do
  end procedure
end submodule neuspec_options_part
