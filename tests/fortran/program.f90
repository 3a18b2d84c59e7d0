! The Fortran module from end to end, and what it refuses.
module counting
  use, intrinsic :: iso_fortran_env, only: int8, real64
  use neuspec
  implicit none

  type, extends(neuspec_watcher) :: counter
    integer :: told = 0, solved_betas = 0, stop_after = huge(1)
    real(real64) :: last_gap = -1
    integer(int8), allocatable :: kept(:)
  contains
    procedure :: progress
    procedure :: checkpoint
    procedure :: solved
  end type
contains
  function progress(self, state) result(stop)
    class(counter), intent(inout) :: self
    type(neuspec_progress), intent(in) :: state
    logical :: stop
    self%told = self%told + 1
    self%last_gap = state%relative_gap
    stop = self%told >= self%stop_after
  end function

  subroutine checkpoint(self, bytes)
    class(counter), intent(inout) :: self
    integer(int8), intent(in) :: bytes(:)
    self%kept = bytes
  end subroutine

  function solved(self, model, index) result(stop)
    class(counter), intent(inout) :: self
    type(neuspec_model), intent(in) :: model
    integer, intent(in) :: index
    logical :: stop
    real(real64) :: beta
    call model%get('beta', beta)
    self%solved_betas = self%solved_betas + 1
    stop = index /= self%solved_betas .or. beta <= 0 .or. index == 2
  end function

  subroutine require(condition, what)
    logical, intent(in) :: condition
    character(*), intent(in) :: what
    if (condition) return
    print '(a)', 'not so: ' // what // '; ' // neuspec_message()
    error stop 1
  end subroutine

  subroutine require_message(part)
    character(*), intent(in) :: part
    character(:), allocatable :: message
    message = neuspec_message()
    call require(index(message, part) > 0, 'a message with ' // part)
  end subroutine
end module counting

program main
  implicit none
  call fits
  call sections
  call refusals
  call paths
  call sums
  call networks
  print '(a)', 'ok'
contains

  subroutine make(x, y)
    use, intrinsic :: iso_fortran_env, only: int64, real64
    real(real64), intent(out) :: x(:, :), y(:)
    integer(int64) :: state
    integer :: i, j
    state = 1
    do i = 1, size(x, 2)
      do j = 1, size(x, 1)
        state = mod(state * 1103515245_int64 + 12345, 2147483648_int64)
        x(j, i) = real(state, real64) / 1073741824 - 1
      end do
      y(i) = x(1, i) * x(2, i) + x(3, i) / 2
    end do
  end subroutine

  subroutine fits
    use counting
    use, intrinsic :: iso_fortran_env, only: int8, int64, real32
    real(real64), target :: x(3, 80), y(80), f(80), g(1, 80), h(80, 1)
    real(real32) :: single(80)
    real(real64) :: beta, primal, largest
    real(real64), allocatable :: u(:, :), alpha(:)
    integer(int64), allocatable :: output(:)
    integer(int64) :: neurons, n, d, c
    character(:), allocatable :: text
    integer(int8), allocatable :: bytes(:)
    type(neuspec_progress), allocatable :: points(:)
    type(neuspec_data) :: samples
    type(neuspec_options) :: options
    type(neuspec_model) :: model, copy, warm
    type(neuspec_certificate) :: proof
    type(counter), target :: watcher
    integer :: i
    call make(x, y)
    call samples%from_arrays(neuspec_columns(x), neuspec_columns(y))
    call samples%size(n, d, c)
    call require(n == 80 .and. d == 3 .and. c == 1, 'size of the data')
    call options%set('beta-ratio', 0.01_real64)
    call options%set('threads', 1)
    call options%set('bias', .true.)
    call options%get('bias', text)
    call require(text == 'yes', 'a flag')
    call options%watch(watcher)
    call model%fit(samples, options)
    call model%history(points)
    call require(watcher%told > 0 .and. size(points) == watcher%told, 'told of progress')
    call require(points(size(points))%relative_gap == watcher%last_gap, 'the last of them')
    call options%watch()
    call model%get('status', text)
    call require(text == 'optimal', 'optimal')
    call model%get('primal', primal)
    call model%get('beta', beta)
    call samples%beta_max(options, largest)
    call require(abs(beta - largest / 100) <= 1e-12 * beta, 'beta is its share of beta_max')
    call model%certify(samples, proof, options)
    call require(proof%proven == 1 .and. proof%primal == primal .and. proof%dual <= proof%primal, 'proof')

    ! The objective by hand, and outputs in every form.
    call model%predict(samples, f)
    call model%predict(samples, g)
    call model%predict(samples, h, rows=.true.)
    call model%predict(samples, single, options)
    call require(all(f == g(1, :)) .and. all(f == h(:, 1)) .and. all(single == real(f, real32)), 'outputs')
    call model%network(directions=u, weights=alpha, output=output)
    call model%get('neurons', neurons)
    call require(size(alpha) == neurons .and. all(shape(u) == [3, int(neurons)]) .and. all(output == 1), 'the network')
    do i = 1, int(neurons)
      call require(abs(norm2(u(:, i)) - 1) < 1e-9, 'unit directions')
    end do
    call require(abs(sum((f - y)**2) / 2 + beta * sum(abs(alpha)) - primal) <= 1e-10 * primal, 'the objective')

    call model%to_memory(bytes)
    call copy%from_memory(bytes)
    call copy%predict(samples, g)
    call require(all(f == g(1, :)), 'a copy predicts the same')
    call warm%fit(samples, options, start=copy)
    call warm%get('iterations', n)
    call require(n <= 30, 'a start at the optimum')
    watcher%stop_after = watcher%told + 1
    call options%watch(watcher, checkpoint_interval=1e9_real64)
    call options%set('tol', 1e-13_real64)
    call options%set('beta-ratio', 1e-4_real64)
    call warm%fit(samples, options)
    call warm%get('status', text)
    call require(text == 'interrupted', 'stopped')

    ! The one that was written when it stopped.
    call options%watch()
    call options%set('tol', 1e-6_real64)
    call options%resume(watcher%kept)
    call warm%fit(samples, options)
    call warm%get('status', text)
    call warm%get('resumed_iterations', n)
    call require(text == 'optimal' .and. n > 0, 'resumed')
    call options%set('beta-ratio', 1e-3_real64)
    call warm%fit(samples, options, ierr=i)
    call require(i == NEUSPEC_ERROR_USAGE, 'of another beta')
    call options%resume()
    call options%resume(watcher%kept(2:), ierr=i)
    call require(i == NEUSPEC_ERROR_DATA, 'damaged')
  end subroutine

  ! Sections, kinds and orientations are the same data without a copy.
  subroutine sections
    use counting
    use, intrinsic :: iso_fortran_env, only: real32
    real(real64), target :: x(3, 80), y(80), f(80), expected(80), wide(5, 160), transposed(100, 3), values(160), weights(80)
    real(real32), target :: x_single(3, 80)
    type(neuspec_data) :: samples
    type(neuspec_options) :: options
    type(neuspec_model) :: model
    integer :: way
    call make(x, y)
    x_single = real(x, real32)
    x = real(x_single, real64)
    wide = huge(1._real64)
    wide(2:4, 1:160:2) = x
    transposed = huge(1._real64)
    transposed(11:90, :) = transpose(x)
    values = huge(1._real64)
    values(1:160:2) = y
    weights = 1
    call options%set('beta', 0.5_real64)
    call options%set('threads', 1)
    do way = 1, 5
      select case (way)
      case (1)
        call samples%from_arrays(neuspec_columns(x), neuspec_columns(y))
      case (2)
        call samples%from_arrays(neuspec_columns(wide(2:4, 1:160:2)), neuspec_columns(values(1:160:2)), neuspec_columns(weights))
      case (3)
        call samples%from_arrays(neuspec_rows(transposed(11:90, :)), neuspec_rows(y), neuspec_rows(weights))
      case (4)
        call samples%from_arrays(neuspec_columns(x_single), neuspec_rows(y))
      case (5) ! seen as it is when it is used
        call samples%from_arrays(neuspec_columns(x), neuspec_columns(weights))
        weights = y
      end select
      call model%fit(samples, options)
      call model%predict(samples, f)
      if (way == 1) expected = f
      call require(all(f == expected), 'the same fit of a section')
    end do
  end subroutine

  subroutine refusals
    use counting
    use, intrinsic :: ieee_arithmetic, only: ieee_quiet_nan, ieee_value
    real(real64), target :: x(3, 80), y(80), f(79)
    type(neuspec_data) :: samples
    type(neuspec_options) :: options
    type(neuspec_model) :: model
    integer :: ierr
    call make(x, y)
    call options%set('beta', 1._real64)
    call options%set('no such option', 'x', ierr)
    call require(ierr == NEUSPEC_ERROR_USAGE, 'an unknown option')
    call require_message('no such option')
    call samples%from_arrays(neuspec_columns(x), neuspec_columns(y(1:79)), ierr=ierr)
    call require(ierr == NEUSPEC_ERROR_USAGE, 'numbers of samples that disagree')
    call samples%from_arrays(neuspec_columns(x(1:3:2, :)), neuspec_columns(y), ierr=ierr)
    call require(ierr == NEUSPEC_ERROR_USAGE, 'a first dimension with gaps')
    call samples%from_arrays(neuspec_columns(x(:, 80:1:-1)), neuspec_columns(y), ierr=ierr)
    call require(ierr == NEUSPEC_ERROR_USAGE, 'a section backwards')
    call samples%from_arrays(neuspec_columns(x(:, 1:0)), neuspec_columns(y(1:0)), ierr=ierr)
    call require(ierr == NEUSPEC_ERROR_USAGE, 'no samples')
    call model%fit(samples, options, ierr=ierr)
    call require(ierr == NEUSPEC_ERROR_USAGE, 'a fit without data')
    call samples%from_arrays(neuspec_columns(x), neuspec_columns(y))
    x(2, 7) = ieee_value(x(2, 7), ieee_quiet_nan)
    call model%fit(samples, options, ierr=ierr)
    call require(ierr == NEUSPEC_ERROR_DATA, 'a NaN')
    call require_message('sample 7, column 2')
    x(2, 7) = 0
    call model%fit(samples, options)
    call model%predict(samples, f, ierr=ierr)
    call require(ierr == NEUSPEC_ERROR_USAGE, 'outputs of another size')
    call model%load('/no/such/model', ierr)
    call require(ierr == NEUSPEC_ERROR_DATA, 'a file that is not there')
  end subroutine

  subroutine paths
    use counting
    real(real64), target :: x(3, 80), y(80)
    type(neuspec_data) :: samples
    type(neuspec_options) :: options
    type(neuspec_model), allocatable :: models(:)
    type(counter), target :: watcher
    integer :: done, ierr
    real(real64) :: beta
    call make(x, y)
    call samples%from_arrays(neuspec_columns(x), neuspec_columns(y))
    call options%set('threads', 1)
    call neuspec_path(samples, options, [4._real64, 2._real64, 1._real64], models, done)
    call require(done == 3 .and. size(models) == 3, 'a whole path')
    call models(3)%get('beta', beta)
    call require(beta == 1, 'its last beta')
    call options%watch(watcher)
    call neuspec_path(samples, options, [4._real64, 2._real64, 1._real64], models, done)
    call require(done == 2 .and. watcher%solved_betas == 2, 'a path that its watcher ends')
    call models(3)%get('beta', beta, ierr)
    call require(ierr == NEUSPEC_ERROR_USAGE, 'a model that was not made')
    call neuspec_path(samples, options, [real(real64) ::], models, done, ierr=ierr)
    call require(ierr == NEUSPEC_ERROR_USAGE .and. done == 0, 'a path of nothing')
  end subroutine

  subroutine sums
    use counting
    use, intrinsic :: iso_fortran_env, only: int8, int64
    real(real64), target :: x(3, 80), y(80)
    real(real64) :: whole, parts
    integer(int8), allocatable :: bytes(:)
    integer(int64) :: n
    type(neuspec_data) :: first, second, both, all_samples
    type(neuspec_moments) :: moments, other, copy
    type(neuspec_options) :: options
    type(neuspec_model) :: model
    type(neuspec_certificate) :: proof
    call make(x, y)
    call first%from_arrays(neuspec_columns(x(:, 1:30)), neuspec_columns(y(1:30)))
    call second%from_arrays(neuspec_columns(x(:, 31:80)), neuspec_columns(y(31:80)))
    call all_samples%from_arrays(neuspec_columns(x), neuspec_columns(y))
    call moments%add(first)
    call other%add(second)
    call moments%merge(other)
    call moments%size(samples=n)
    call require(n == 80, 'merged')
    call moments%to_memory(bytes)
    call copy%from_memory(bytes)
    call both%from_moments(copy)
    call options%set('beta', 0.1_real64)
    call model%fit(both, options)
    call model%get('primal', parts)
    call model%certify(all_samples, proof)
    call require(proof%proven == 1, 'proven on the samples')
    call model%fit(all_samples, options)
    call model%get('primal', whole)
    call require(abs(parts - whole) <= 1e-5 * whole, 'the optimum of the whole')
    call moments%subtract(other)
    call moments%size(n)
    call require(n == 30, 'subtracted')
  end subroutine

  subroutine networks
    use counting
    use, intrinsic :: iso_fortran_env, only: int64
    real(real64), target :: x(2, 3), f(2, 3), u(2, 2), alpha(2), b(2)
    integer(int64), allocatable :: output(:), pool(:)
    real(real64), allocatable :: bias(:)
    type(neuspec_data) :: samples
    type(neuspec_options) :: options
    type(neuspec_model) :: model
    x = reshape([1, 0, 0, 1, 2, 1], [2, 3])
    u = reshape([1, 0, 0, 1], [2, 2])
    alpha = [3, -2]
    b = [0.5_real64, 0._real64]
    call options%set('activation', 'quadratic')
    call options%set('beta', 1._real64)
    call model%from_network(options, 2, 2, u, alpha, output=[2_int64, 1_int64], bias=b)
    call samples%from_arrays(neuspec_columns(x))
    call model%predict(samples, f)
    call require(all(f(2, :) == [3, 0, 12]), 'outputs of a network by hand')
    call require(all(f(1, :) == [0.5_real64, -1.5_real64, -1.5_real64]), 'those with an intercept')
    call model%network(output=output, pool=pool, bias=bias)
    call require(all(output == [2, 1]) .and. all(pool == 1) .and. all(bias == b), 'its arrays')
    call require(index(neuspec_describe_runtime(), 'neuspec ' // neuspec_version()) == 1, 'the runtime')
  end subroutine
end program main
