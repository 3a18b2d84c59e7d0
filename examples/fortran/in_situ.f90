! A surrogate trained inside of a simulation, from its own arrays and without files: an explicit scheme for Burgers' equation u_t + u u_x = nu u_xx on a
! ring. Every hundred steps the sums that training needs are taken of the last step (a cell's next value against its stencil), the sums of all steps so
! far are merged, and a network is trained on them that is proven to be the best there is. The scheme is a polynomial of degree two in the stencil, so
! that a network can know it but for the penalty.
program in_situ
  use, intrinsic :: iso_fortran_env, only: int64, real64
  use neuspec
  implicit none
  integer, parameter :: cells = 256, steps = 500, every = 100
  real(real64), parameter :: pi = acos(-1.0_real64), dx = 2 * pi / cells, dt = 0.1_real64 * dx, nu = 0.05_real64
  real(real64), target :: u(cells), next(cells), stencil(3, cells), predicted(cells)
  type(neuspec_moments) :: moments
  type(neuspec_data) :: last_step, all_steps
  type(neuspec_options) :: options
  type(neuspec_model) :: surrogate
  type(neuspec_certificate) :: proof
  integer(int64) :: samples
  integer :: step, i

  u = [(sin(i * dx) + 0.5_real64 * cos(3 * i * dx), i=1, cells)]
  call last_step%from_arrays(neuspec_columns(stencil), neuspec_columns(next)) ! seen as they are whenever they are used
  call options%set('beta-ratio', 1e-6_real64)
  call options%set('bias', .true.)

  do step = 1, steps
    stencil(1, :) = cshift(u, -1)
    stencil(2, :) = u
    stencil(3, :) = cshift(u, 1)
    next = u - dt * u * (stencil(3, :) - stencil(1, :)) / (2 * dx) + dt * nu * (stencil(1, :) - 2 * u + stencil(3, :)) / dx**2
    if (mod(step, every) == 0) call train
    u = next
  end do

contains

  subroutine train
    call moments%add(last_step)
    call all_steps%from_moments(moments)
    if (step == every) then
      call surrogate%fit(all_steps, options)
    else
      call surrogate%fit(all_steps, options, start=surrogate)
    end if
    call surrogate%certify(all_steps, proof, options)
    call surrogate%predict(last_step, predicted)
    call moments%size(samples)
    print '(a, i4, a, i5, a, es8.1, a, es8.1)', 'step', step, ': ', samples, ' cells; proven within', proof%relative_gap, &
      ' of the best network; largest error', maxval(abs(predicted - next))
    if (proof%proven /= 1) error stop 'not proven'
    if (maxval(abs(predicted - next)) > 0.01) error stop 'the surrogate is of no use'
  end subroutine
end program in_situ
