! neuspec from Fortran 2008: networks trained to their proven global optimum. What each thing means, and every option's name, is in neuspec.h.
!
! Handles are of four types; each makes itself when it is first needed and ends when it is finalised. They are not to be assigned to one another.
! Every procedure takes `ierr`, an error code (NEUSPEC_OK, ...) whose reason neuspec_message() tells; without it a failure is an `error stop`.
!
! Samples are described by neuspec_columns(x), x(features, samples): a sample is a column, or by neuspec_rows(x), x(samples, features); vectors are one
! feature of each sample. Kinds real32 and real64, any section whose first dimension is contiguous: nothing is copied, so that x is to be a target
! that lives as long as the data that were made of it. Its contents may change between calls, each of which sees what is there then.
!
! Positions (outputs, pools) count from 1.
module neuspec
  use, intrinsic :: iso_fortran_env, only: int8, int64, real32, real64
  use, intrinsic :: iso_c_binding, only: c_associated, c_f_pointer, c_funloc, c_funptr, c_int, c_loc, c_null_char, c_null_funptr, &
                                         c_null_ptr, c_ptr, c_size_t
  use neuspec_arrays
  use neuspec_calls
  use neuspec_types
  implicit none
  private

  public :: NEUSPEC_OK, NEUSPEC_ERROR_USAGE, NEUSPEC_ERROR_DATA, NEUSPEC_ERROR_ENVIRONMENT, NEUSPEC_ERROR_MEMORY
  public :: NEUSPEC_ERROR_INTERNAL
  public :: NEUSPEC_OPTIMAL, NEUSPEC_ITERATION_LIMIT, NEUSPEC_TIME_LIMIT, NEUSPEC_INTERRUPTED, NEUSPEC_STALLED, NEUSPEC_UNCERTIFIED
  public :: neuspec_progress, neuspec_certificate
  public :: neuspec_message, neuspec_version, neuspec_describe_runtime, neuspec_list_options
  public :: neuspec_matrix, neuspec_columns, neuspec_rows, neuspec_path

  ! Told of a solve while it runs; extend it, and give it to neuspec_options%watch.
  type, abstract, public :: neuspec_watcher
  contains
    ! True stops the solve, whose best network so far is certified and given back as NEUSPEC_INTERRUPTED.
    procedure(watch_progress), deferred :: progress
    ! After each beta of a path; true ends the path.
    procedure :: solved => never
    ! Given a checkpoint from time to time, where neuspec_options%watch was told how often; neuspec_options%resume goes on from it.
    procedure :: checkpoint => unheard
  end type

  type :: watcher_pointer
    class(neuspec_watcher), pointer :: it => null()
  end type

  type, public :: neuspec_options
    private
    type(c_ptr) :: handle = c_null_ptr
    type(watcher_pointer), pointer :: watcher => null()
  contains
    generic :: set => set_text, set_real, set_integer, set_long, set_logical
    procedure :: get => get_option
    procedure :: watch, resume
    procedure, private :: set_text, set_real, set_integer, set_long, set_logical
    final :: free_options
  end type

  type, public :: neuspec_data
    private
    type(c_ptr) :: handle = c_null_ptr
  contains
    procedure :: from_arrays, from_file, from_moments
    procedure :: size => data_size
    procedure :: set_ranks
    procedure :: beta_max
    final :: free_data
  end type

  type, public :: neuspec_moments
    private
    type(c_ptr) :: handle = c_null_ptr
  contains
    procedure :: create => create_moments ! with options; without, the first add does
    procedure :: add, merge => merge_moments, subtract
    procedure :: size => moments_size
    procedure :: save => save_moments, load => load_moments, to_memory => moments_to_memory, from_memory => moments_from_memory
    final :: free_moments
  end type

  type, public :: neuspec_model
    private
    type(c_ptr) :: handle = c_null_ptr
  contains
    procedure :: fit, certify
    generic :: predict => predict_matrix_64, predict_matrix_32, predict_vector_64, predict_vector_32
    generic :: get => get_real, get_long, get_text ! the fields of the header's neuspec_model_double, _int64 and _text
    procedure :: history, network, from_network
    procedure :: save => save_model, load => load_model, to_memory => model_to_memory, from_memory => model_from_memory
    procedure, private :: predict_matrix_64, predict_matrix_32, predict_vector_64, predict_vector_32, get_real, get_long, get_text
    final :: free_model
  end type

  abstract interface
    function watch_progress(self, state) result(stop)
      import :: neuspec_watcher, neuspec_progress
      class(neuspec_watcher), intent(inout) :: self
      type(neuspec_progress), intent(in) :: state
      logical :: stop
    end function
  end interface

  ! The parts of the module: neuspec_options.f90, neuspec_data.f90, neuspec_model.f90, neuspec_moments.f90.
  interface
    module subroutine set_text(self, name, value, ierr)
      class(neuspec_options), intent(inout) :: self
      character(*), intent(in) :: name, value
      integer, intent(out), optional :: ierr
    end subroutine
    module subroutine set_real(self, name, value, ierr)
      class(neuspec_options), intent(inout) :: self
      character(*), intent(in) :: name
      real(real64), intent(in) :: value
      integer, intent(out), optional :: ierr
    end subroutine
    module subroutine set_integer(self, name, value, ierr)
      class(neuspec_options), intent(inout) :: self
      character(*), intent(in) :: name
      integer, intent(in) :: value
      integer, intent(out), optional :: ierr
    end subroutine
    module subroutine set_long(self, name, value, ierr)
      class(neuspec_options), intent(inout) :: self
      character(*), intent(in) :: name
      integer(int64), intent(in) :: value
      integer, intent(out), optional :: ierr
    end subroutine
    module subroutine set_logical(self, name, value, ierr)
      class(neuspec_options), intent(inout) :: self
      character(*), intent(in) :: name
      logical, intent(in) :: value
      integer, intent(out), optional :: ierr
    end subroutine
    module subroutine get_option(self, name, value, ierr)
      class(neuspec_options), intent(inout) :: self
      character(*), intent(in) :: name
      character(:), allocatable, intent(out) :: value
      integer, intent(out), optional :: ierr
    end subroutine
    ! `watcher` is to live as long as it is told; without one nobody is.
    ! With `checkpoint_interval`, in seconds, the watcher is given checkpoints too.
    module subroutine watch(self, watcher, ierr, checkpoint_interval)
      class(neuspec_options), intent(inout) :: self
      class(neuspec_watcher), intent(inout), target, optional :: watcher
      integer, intent(out), optional :: ierr
      real(real64), intent(in), optional :: checkpoint_interval
    end subroutine
    ! Without a checkpoint solves begin anew again.
    module subroutine resume(self, checkpoint, ierr)
      class(neuspec_options), intent(inout) :: self
      integer(int8), intent(in), target, contiguous, optional :: checkpoint(:)
      integer, intent(out), optional :: ierr
    end subroutine
    module subroutine neuspec_list_options(unit)
      integer, intent(in) :: unit
    end subroutine
    module subroutine from_arrays(self, x, y, weights, ierr)
      class(neuspec_data), intent(inout) :: self
      type(neuspec_matrix), intent(in) :: x
      type(neuspec_matrix), intent(in), optional :: y, weights
      integer, intent(out), optional :: ierr
    end subroutine
    module subroutine from_file(self, path, options, like, ierr)
      class(neuspec_data), intent(inout) :: self
      character(*), intent(in) :: path
      type(neuspec_options), intent(in), optional :: options
      type(neuspec_model), intent(in), optional :: like
      integer, intent(out), optional :: ierr
    end subroutine
    module subroutine from_moments(self, moments, ierr)
      class(neuspec_data), intent(inout) :: self
      type(neuspec_moments), intent(in) :: moments
      integer, intent(out), optional :: ierr
    end subroutine
    module subroutine data_size(self, samples, features, targets, ierr)
      class(neuspec_data), intent(in) :: self
      integer(int64), intent(out), optional :: samples, features, targets
      integer, intent(out), optional :: ierr
    end subroutine
    ! These are this rank's part of the samples of all ranks of an MPI communicator (comm, or comm%MPI_VAL of mpi_f08), as the header's
    ! neuspec_data_set_ranks tells; `fixed_order` for the same bits as those of one process. Needs the library neuspec_mpi.
    module subroutine set_ranks(self, communicator, fixed_order, ierr)
      class(neuspec_data), intent(inout) :: self
      integer, intent(in) :: communicator
      logical, intent(in), optional :: fixed_order
      integer, intent(out), optional :: ierr
    end subroutine
    module subroutine beta_max(self, options, value, ierr)
      class(neuspec_data), intent(in) :: self
      type(neuspec_options), intent(in) :: options
      real(real64), intent(out) :: value
      integer, intent(out), optional :: ierr
    end subroutine
    module subroutine fit(self, samples, options, start, ierr)
      class(neuspec_model), intent(inout) :: self
      type(neuspec_data), intent(in) :: samples
      type(neuspec_options), intent(in) :: options
      class(neuspec_model), intent(in), optional :: start
      integer, intent(out), optional :: ierr
    end subroutine
    ! models(1 ... done) are made, one a beta; the options' watcher is told of each.
    module subroutine neuspec_path(samples, options, betas, models, done, start, ierr)
      type(neuspec_data), intent(in) :: samples
      type(neuspec_options), intent(in) :: options
      real(real64), intent(in), contiguous :: betas(:)
      type(neuspec_model), allocatable, intent(inout) :: models(:)
      integer, intent(out) :: done
      class(neuspec_model), intent(in), optional :: start
      integer, intent(out), optional :: ierr
    end subroutine
    module subroutine certify(self, samples, certificate, options, ierr)
      class(neuspec_model), intent(in) :: self
      type(neuspec_data), intent(in) :: samples
      type(neuspec_certificate), intent(out) :: certificate
      type(neuspec_options), intent(in), optional :: options
      integer, intent(out), optional :: ierr
    end subroutine
    ! f(outputs, samples), or with `rows` f(samples, outputs).
    module subroutine predict_matrix_64(self, samples, f, rows, options, ierr)
      class(neuspec_model), intent(in) :: self
      type(neuspec_data), intent(in) :: samples
      real(real64), intent(inout), target :: f(:, :)
      logical, intent(in), optional :: rows
      type(neuspec_options), intent(in), optional :: options
      integer, intent(out), optional :: ierr
    end subroutine
    module subroutine predict_matrix_32(self, samples, f, rows, options, ierr)
      class(neuspec_model), intent(in) :: self
      type(neuspec_data), intent(in) :: samples
      real(real32), intent(inout), target :: f(:, :)
      logical, intent(in), optional :: rows
      type(neuspec_options), intent(in), optional :: options
      integer, intent(out), optional :: ierr
    end subroutine
    ! Of networks with one output.
    module subroutine predict_vector_64(self, samples, f, options, ierr)
      class(neuspec_model), intent(in) :: self
      type(neuspec_data), intent(in) :: samples
      real(real64), intent(inout), target :: f(:)
      type(neuspec_options), intent(in), optional :: options
      integer, intent(out), optional :: ierr
    end subroutine
    module subroutine predict_vector_32(self, samples, f, options, ierr)
      class(neuspec_model), intent(in) :: self
      type(neuspec_data), intent(in) :: samples
      real(real32), intent(inout), target :: f(:)
      type(neuspec_options), intent(in), optional :: options
      integer, intent(out), optional :: ierr
    end subroutine
    module subroutine get_real(self, name, value, ierr)
      class(neuspec_model), intent(in) :: self
      character(*), intent(in) :: name
      real(real64), intent(inout) :: value
      integer, intent(out), optional :: ierr
    end subroutine
    module subroutine get_long(self, name, value, ierr)
      class(neuspec_model), intent(in) :: self
      character(*), intent(in) :: name
      integer(int64), intent(inout) :: value
      integer, intent(out), optional :: ierr
    end subroutine
    module subroutine get_text(self, name, value, ierr)
      class(neuspec_model), intent(in) :: self
      character(*), intent(in) :: name
      character(:), allocatable, intent(inout) :: value
      integer, intent(out), optional :: ierr
    end subroutine
    module subroutine history(self, points, ierr)
      class(neuspec_model), intent(in) :: self
      type(neuspec_progress), allocatable, target, intent(out) :: points(:)
      integer, intent(out), optional :: ierr
    end subroutine
    ! directions(direction_size, neurons), weights, output and pool of each neuron, bias of each output.
    module subroutine network(self, directions, weights, output, pool, bias, ierr)
      class(neuspec_model), intent(in) :: self
      real(real64), allocatable, target, intent(out), optional :: directions(:, :), weights(:), bias(:)
      integer(int64), allocatable, target, intent(out), optional :: output(:), pool(:)
      integer, intent(out), optional :: ierr
    end subroutine
    module subroutine from_network(self, options, features, outputs, directions, weights, output, pool, bias, ierr)
      class(neuspec_model), intent(inout) :: self
      type(neuspec_options), intent(in) :: options
      integer, intent(in) :: features, outputs
      real(real64), contiguous, target, intent(in) :: directions(:, :), weights(:)
      integer(int64), intent(in), optional :: output(:), pool(:)
      real(real64), contiguous, target, intent(in), optional :: bias(:)
      integer, intent(out), optional :: ierr
    end subroutine
    module subroutine save_model(self, path, ierr)
      class(neuspec_model), intent(in) :: self
      character(*), intent(in) :: path
      integer, intent(out), optional :: ierr
    end subroutine
    module subroutine load_model(self, path, ierr)
      class(neuspec_model), intent(inout) :: self
      character(*), intent(in) :: path
      integer, intent(out), optional :: ierr
    end subroutine
    module subroutine model_to_memory(self, bytes, ierr)
      class(neuspec_model), intent(in) :: self
      integer(int8), allocatable, target, intent(out) :: bytes(:)
      integer, intent(out), optional :: ierr
    end subroutine
    module subroutine model_from_memory(self, bytes, ierr)
      class(neuspec_model), intent(inout) :: self
      integer(int8), contiguous, target, intent(in) :: bytes(:)
      integer, intent(out), optional :: ierr
    end subroutine
    module subroutine create_moments(self, options, ierr)
      class(neuspec_moments), intent(inout) :: self
      type(neuspec_options), intent(in), optional :: options
      integer, intent(out), optional :: ierr
    end subroutine
    module subroutine add(self, samples, ierr)
      class(neuspec_moments), intent(inout) :: self
      type(neuspec_data), intent(in) :: samples
      integer, intent(out), optional :: ierr
    end subroutine
    module subroutine merge_moments(self, other, ierr)
      class(neuspec_moments), intent(inout) :: self
      type(neuspec_moments), intent(in) :: other
      integer, intent(out), optional :: ierr
    end subroutine
    module subroutine subtract(self, other, ierr)
      class(neuspec_moments), intent(inout) :: self
      type(neuspec_moments), intent(in) :: other
      integer, intent(out), optional :: ierr
    end subroutine
    module subroutine moments_size(self, samples, features, targets, ierr)
      class(neuspec_moments), intent(in) :: self
      integer(int64), intent(out), optional :: samples, features, targets
      integer, intent(out), optional :: ierr
    end subroutine
    module subroutine save_moments(self, path, ierr)
      class(neuspec_moments), intent(in) :: self
      character(*), intent(in) :: path
      integer, intent(out), optional :: ierr
    end subroutine
    module subroutine load_moments(self, path, ierr)
      class(neuspec_moments), intent(inout) :: self
      character(*), intent(in) :: path
      integer, intent(out), optional :: ierr
    end subroutine
    module subroutine moments_to_memory(self, bytes, ierr)
      class(neuspec_moments), intent(in) :: self
      integer(int8), allocatable, target, intent(out) :: bytes(:)
      integer, intent(out), optional :: ierr
    end subroutine
    module subroutine moments_from_memory(self, bytes, ierr)
      class(neuspec_moments), intent(inout) :: self
      integer(int8), contiguous, target, intent(in) :: bytes(:)
      integer, intent(out), optional :: ierr
    end subroutine
    module function neuspec_message() result(text)
      character(:), allocatable :: text
    end function
    module function neuspec_version() result(text)
      character(:), allocatable :: text
    end function
    module function neuspec_describe_runtime() result(text)
      character(:), allocatable :: text
    end function
  end interface

  ! What the parts share.
  interface
    module subroutine finish(code, ierr)
      integer(c_int), intent(in) :: code
      integer, intent(out), optional :: ierr
    end subroutine
    module subroutine free_handle(handle)
      type(c_ptr), intent(inout) :: handle
    end subroutine
    module function text_of(pointer) result(text)
      type(c_ptr), intent(in) :: pointer
      character(:), allocatable :: text
    end function
  end interface

contains

  function never(self, model, index) result(stop)
    class(neuspec_watcher), intent(inout) :: self
    type(neuspec_model), intent(in) :: model
    integer, intent(in) :: index
    logical :: stop
    stop = same_type_as(self, self) .and. c_associated(model%handle) .and. index < 1 ! who extends it looks at all of them
  end function

  subroutine unheard(self, bytes)
    class(neuspec_watcher), intent(inout) :: self
    integer(int8), intent(in) :: bytes(:)
    if (same_type_as(self, self) .and. size(bytes) == 0) return ! who extends it looks at both
  end subroutine

  subroutine free_options(self)
    type(neuspec_options), intent(inout) :: self
    call free_handle(self%handle)
    if (associated(self%watcher)) deallocate (self%watcher)
  end subroutine
  subroutine free_data(self)
    type(neuspec_data), intent(inout) :: self
    call free_handle(self%handle)
  end subroutine
  subroutine free_moments(self)
    type(neuspec_moments), intent(inout) :: self
    call free_handle(self%handle)
  end subroutine
  elemental impure subroutine free_model(self)
    type(neuspec_model), intent(inout) :: self
    call free_handle(self%handle)
  end subroutine
end module neuspec
