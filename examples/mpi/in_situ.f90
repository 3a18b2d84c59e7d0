! A surrogate trained inside of a simulation on many ranks, from its own arrays: an explicit scheme for heat that a source feeds and a reaction uses up,
! u_t = nu u_xx + u (1 - u), on a ring of cells of which each rank has a part. Every hundred steps each rank adds the sums that training needs to its own,
! which is nobody else's matter; then all together train one network on what all of them have seen, which is proven to be the best there is, and each
! tries it on its cells.
!   mpirun -n 4 ./in_situ
program in_situ
  use, intrinsic :: iso_fortran_env, only: int64, real64
  use mpi
  use neuspec
  implicit none
  integer, parameter :: all_cells = 1024, steps = 400, every = 100
  real(real64), parameter :: pi = acos(-1.0_real64), dx = 2 * pi / 64, dt = 0.1_real64 * dx, nu = 0.05_real64
  real(real64), allocatable, target :: u(:), next(:), stencil(:, :)
  real(real64), allocatable :: predicted(:)
  real(real64) :: error
  integer :: rank, ranks, left, right, cells, first, step, i, ierr
  logical :: failed

  call MPI_Init(ierr)
  call MPI_Comm_rank(MPI_COMM_WORLD, rank, ierr)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, ierr)
  left = modulo(rank - 1, ranks)
  right = modulo(rank + 1, ranks)
  first = all_cells * rank / ranks
  cells = all_cells * (rank + 1) / ranks - first
  allocate (u(cells), next(cells), stencil(3, cells), predicted(cells))
  u = [(0.4_real64 + 0.3_real64 * sin(2 * pi * (first + i) / all_cells), i=1, cells)]
  u = u + [(0.1_real64 * cos(40 * pi * (first + i) / all_cells), i=1, cells)]
  failed = .false.
  call simulate
  call MPI_Finalize(ierr)
  if (failed) error stop 'the surrogate is of no use'

contains

  subroutine simulate ! what it has of neuspec ends with it, before MPI does
    type(neuspec_moments) :: moments
    type(neuspec_data) :: own_cells
    type(neuspec_options) :: options
    type(neuspec_model) :: surrogate

    call own_cells%from_arrays(neuspec_columns(stencil), neuspec_columns(next)) ! seen as they are whenever they are used
    call options%set('beta-ratio', 1e-6_real64)
    call options%set('bias', .true.)
    do step = 1, steps
      stencil(1, 2:) = u(:cells - 1)
      stencil(2, :) = u
      stencil(3, :cells - 1) = u(2:)
      call exchange(u(cells), right, stencil(1, 1), left)
      call exchange(u(1), left, stencil(3, cells), right)
      next = u + dt * (nu * (stencil(1, :) - 2 * u + stencil(3, :)) / dx**2 + u * (1 - u))
      if (mod(step, every) == 0) call train(moments, own_cells, options, surrogate)
      u = next
    end do
  end subroutine

  subroutine exchange(value, to, other, from)
    real(real64), intent(in) :: value
    integer, intent(in) :: to, from
    real(real64), intent(out) :: other
    real(real64) :: given(1), got(1)
    given = value
    call MPI_Sendrecv(given, 1, MPI_DOUBLE_PRECISION, to, 0, got, 1, MPI_DOUBLE_PRECISION, from, 0, MPI_COMM_WORLD, &
                      MPI_STATUS_IGNORE, ierr)
    other = got(1)
  end subroutine

  subroutine train(moments, own_cells, options, surrogate)
    type(neuspec_moments), intent(inout) :: moments
    type(neuspec_data), intent(in) :: own_cells
    type(neuspec_options), intent(in) :: options
    type(neuspec_model), intent(inout) :: surrogate
    type(neuspec_data) :: all_steps
    type(neuspec_certificate) :: proof
    integer(int64) :: samples
    real(real64) :: own(1), largest(1)

    call moments%add(own_cells) ! this rank's: nothing is sent
    call all_steps%from_moments(moments)
    call all_steps%set_ranks(MPI_COMM_WORLD) ! and from here on those of all
    if (step == every) then
      call surrogate%fit(all_steps, options)
    else
      call surrogate%fit(all_steps, options, start=surrogate)
    end if
    call surrogate%certify(all_steps, proof, options)
    call surrogate%predict(own_cells, predicted)
    call surrogate%get('samples', samples)
    own = maxval(abs(predicted - next))
    call MPI_Allreduce(own, largest, 1, MPI_DOUBLE_PRECISION, MPI_MAX, MPI_COMM_WORLD, ierr)
    error = largest(1)
    if (rank == 0) print '(a, i4, a, i6, a, es8.1, a, es8.1)', 'step', step, ': ', samples, ' cells; proven within', &
      proof%relative_gap, ' of the best network; largest error', error
    failed = failed .or. proof%proven /= 1 .or. error > 0.01 .or. samples /= int(all_cells, int64) * (step / every)
  end subroutine
end program in_situ
