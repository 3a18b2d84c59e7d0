! Exclusive or, from arrays: fit, certify, predict, save.
program example
  use neuspec
  implicit none
  double precision, target :: x(2, 4), y(4) ! a sample is a column
  double precision :: f(4)
  type(neuspec_data) :: samples
  type(neuspec_options) :: options
  type(neuspec_model) :: model
  type(neuspec_certificate) :: proof

  x = reshape([-1, -1, -1, 1, 1, -1, 1, 1], [2, 4])
  y = [1, -1, -1, 1]
  call samples%from_arrays(neuspec_columns(x), neuspec_columns(y)) ! no copy
  call options%set('beta', 0.1d0)
  call model%fit(samples, options) ! an argument ierr would take an error; without it, it ends the program
  call model%certify(samples, proof, options)
  call model%predict(samples, f)
  call model%save('xor.json')
  print '(a, es8.1, a, 4f7.3)', 'at most', proof%relative_gap, ' from the best network there is; f =', f
  if (proof%proven /= 1) error stop 'not proven'
end program example
