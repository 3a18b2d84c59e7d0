! Training, proof, prediction, and models.
submodule (neuspec) neuspec_model_part
  implicit none
contains

  function start_of(start) result(handle)
    class(neuspec_model), intent(in), optional :: start
    type(c_ptr) :: handle
    handle = c_null_ptr
    if (present(start)) handle = start%handle
  end function

  function handle_of(options) result(handle)
    type(neuspec_options), intent(in), optional :: options
    type(c_ptr) :: handle
    handle = c_null_ptr
    if (present(options)) handle = options%handle
  end function

  ! A model may be its own start: it is freed when the next is there.
  module procedure fit
    type(c_ptr) :: made
    integer(c_int) :: code
    made = c_null_ptr
    code = c_fit(samples%handle, options%handle, start_of(start), made)
    call free_handle(self%handle)
    self%handle = made
    call finish(code, ierr)
  end procedure

  module procedure neuspec_path
    type(c_ptr), target :: handles(size(betas))
    real(real64), target :: values(size(betas))
    type(watcher_pointer), pointer :: watcher
    integer(int64) :: made
    integer(c_int) :: code
    handles = c_null_ptr
    values = betas
    made = 0
    watcher => options%watcher
    if (size(betas) == 0) then
      code = c_path(samples%handle, options%handle, c_null_ptr, 0_int64, c_null_ptr, c_null_funptr, c_null_ptr, c_null_ptr, &
                    c_null_ptr)
    else if (associated(watcher)) then
      code = path_call(c_funloc(tell_solved), c_loc(watcher))
    else
      code = path_call(c_null_funptr, c_null_ptr)
    end if
    if (allocated(models)) deallocate (models)
    allocate (models(size(betas)))
    models%handle = handles
    done = int(made)
    call finish(code, ierr)
  contains
    function path_call(callback, user) result(answer)
      type(c_funptr), intent(in) :: callback
      type(c_ptr), intent(in) :: user
      integer(c_int) :: answer
      integer(int64), target :: counted
      counted = 0
      answer = c_path(samples%handle, options%handle, c_loc(values), size(betas, kind=int64), start_of(start), callback, user, &
                      c_loc(handles), c_loc(counted))
      made = counted
    end function
  end procedure

  ! The model is lent: its handle is put aside before it would be finalised.
  function tell_solved(model, index, user) bind(c) result(stop)
    use, intrinsic :: iso_c_binding, only: c_int64_t
    type(c_ptr), value :: model, user
    integer(c_int64_t), value :: index
    integer(c_int) :: stop
    type(watcher_pointer), pointer :: watcher
    type(neuspec_model) :: lent
    call c_f_pointer(user, watcher)
    lent%handle = model
    stop = merge(1_c_int, 0_c_int, watcher%it%solved(lent, int(index) + 1))
    lent%handle = c_null_ptr
  end function

  module procedure certify
    certificate = neuspec_certificate(0, 0, huge(1._real64), 1, 0, 0, 0)
    call finish(c_certify(self%handle, samples%handle, handle_of(options), certificate), ierr)
  end procedure

  module procedure predict_matrix_64
    logical :: by_rows
    by_rows = .false.
    if (present(rows)) by_rows = rows
    if (by_rows) then
      call predict_into(self, samples, neuspec_rows(f), handle_of(options), ierr)
    else
      call predict_into(self, samples, neuspec_columns(f), handle_of(options), ierr)
    end if
  end procedure

  module procedure predict_matrix_32
    logical :: by_rows
    by_rows = .false.
    if (present(rows)) by_rows = rows
    if (by_rows) then
      call predict_into(self, samples, neuspec_rows(f), handle_of(options), ierr)
    else
      call predict_into(self, samples, neuspec_columns(f), handle_of(options), ierr)
    end if
  end procedure

  module procedure predict_vector_64
    call predict_into(self, samples, neuspec_columns(f), handle_of(options), ierr)
  end procedure

  module procedure predict_vector_32
    call predict_into(self, samples, neuspec_columns(f), handle_of(options), ierr)
  end procedure

  ! Shapes that do not fit are told by C, which is given no place to write to.
  subroutine predict_into(self, samples, f, options, ierr)
    class(neuspec_model), intent(in) :: self
    type(neuspec_data), intent(in) :: samples
    type(neuspec_matrix), intent(in) :: f
    type(c_ptr), intent(in) :: options
    integer, intent(out), optional :: ierr
    integer(int64) :: n, outputs
    integer :: failed
    integer(c_int) :: code
    type(c_ptr) :: place
    n = -1
    outputs = -1
    call samples%size(samples=n, ierr=failed)
    if (failed == NEUSPEC_OK) call self%get('outputs', outputs, failed)
    place = f%array%values
    if (f%samples /= n .or. f%columns /= outputs .or. .not. f%contiguous) place = c_null_ptr
    code = c_predict(self%handle, samples%handle, options, place, f%array%type, f%array%layout, f%array%leading)
    call finish(code, ierr)
  end subroutine

  module procedure get_real
    call finish(c_model_double(self%handle, name // c_null_char, value), ierr)
  end procedure

  module procedure get_long
    call finish(c_model_int64(self%handle, name // c_null_char, value), ierr)
  end procedure

  module procedure get_text
    type(c_ptr) :: found
    integer(c_int) :: code
    found = c_null_ptr
    code = c_model_text(self%handle, name // c_null_char, found)
    if (code == NEUSPEC_OK) value = text_of(found)
    call finish(code, ierr)
  end procedure

  module procedure history
    integer(int64) :: count
    integer(c_int) :: code
    count = 0
    code = c_model_history(self%handle, c_null_ptr, 0_int64, count)
    allocate (points(count))
    if (code == NEUSPEC_OK .and. count > 0) code = c_model_history(self%handle, c_loc(points), count, count)
    call finish(code, ierr)
  end procedure

  module procedure network
    real(real64), target, allocatable :: u(:, :), alpha(:), b(:)
    integer(int64), target, allocatable :: of(:), seen(:)
    integer(int64) :: m, d, outputs
    integer :: failed
    integer(c_int) :: code
    m = 0
    d = 0
    outputs = 0
    call self%get('neurons', m, failed)
    if (failed == NEUSPEC_OK) call self%get('direction_size', d, failed)
    if (failed == NEUSPEC_OK) call self%get('outputs', outputs, failed)
    allocate (u(d, m), alpha(m), of(m), seen(m), b(outputs))
    code = c_model_network(self%handle, place_of(u), vector_place(alpha), index_place(of), index_place(seen), vector_place(b))
    if (code == NEUSPEC_OK) then
      if (present(output)) output = of + 1
      if (present(pool)) pool = seen + 1
      if (present(directions)) call move_alloc(u, directions)
      if (present(weights)) call move_alloc(alpha, weights)
      if (present(bias)) call move_alloc(b, bias)
    end if
    call finish(code, ierr)
  end procedure

  module procedure from_network
    integer(int64), target :: of(size(weights)), seen(size(weights))
    type(c_ptr) :: b
    integer(c_int) :: code
    integer(int64) :: m
    of = 0
    seen = 0
    m = size(weights, kind=int64)
    if (present(output)) of = output - 1
    if (present(pool)) seen = pool - 1
    b = c_null_ptr
    if (present(bias)) b = vector_place(bias)
    if (size(directions, 2, int64) /= m) m = -1
    call free_handle(self%handle)
    code = c_model_create(options%handle, int(features, int64), int(outputs, int64), m, place_of(directions), &
                          vector_place(weights), index_place(of), index_place(seen), b, self%handle)
    call finish(code, ierr)
  end procedure

  ! NULL for what is empty.
  function place_of(values) result(place)
    real(real64), contiguous, target, intent(in) :: values(:, :)
    type(c_ptr) :: place
    place = c_null_ptr
    if (size(values) > 0) place = c_loc(values(1, 1))
  end function
  function vector_place(values) result(place)
    real(real64), contiguous, target, intent(in) :: values(:)
    type(c_ptr) :: place
    place = c_null_ptr
    if (size(values) > 0) place = c_loc(values(1))
  end function
  function index_place(values) result(place)
    integer(int64), contiguous, target, intent(in) :: values(:)
    type(c_ptr) :: place
    place = c_null_ptr
    if (size(values) > 0) place = c_loc(values(1))
  end function

  module procedure save_model
    call finish(c_model_save(self%handle, path // c_null_char), ierr)
  end procedure

  module procedure load_model
    call free_handle(self%handle)
    call finish(c_model_load(path // c_null_char, self%handle), ierr)
  end procedure

  module procedure model_to_memory
    integer(c_size_t) :: size
    integer(c_int) :: code
    size = 0
    code = c_model_to_memory(self%handle, c_null_ptr, size, size)
    allocate (bytes(size))
    if (code == NEUSPEC_OK) code = c_model_to_memory(self%handle, c_loc(bytes), size, size)
    call finish(code, ierr)
  end procedure

  module procedure model_from_memory
    call free_handle(self%handle)
    call finish(c_model_from_memory(c_loc(bytes), size(bytes, kind=c_size_t), self%handle), ierr)
  end procedure
end submodule neuspec_model_part
