! Samples and outputs in the caller's memory.
!
! No intent stands at their arguments: of what is only read, gfortran takes it that nobody keeps its address, and leaves out
! later stores to it.
module neuspec_arrays
  use, intrinsic :: iso_fortran_env, only: int64, real32, real64
  use, intrinsic :: iso_c_binding, only: c_int, c_loc, c_ptr
  use neuspec_types
  implicit none
  private
  public :: neuspec_matrix, neuspec_columns, neuspec_rows

  ! Samples in the caller's memory, as neuspec_columns and neuspec_rows see them.
  type :: neuspec_matrix
    type(neuspec_array) :: array
    integer(int64) :: samples = 0, columns = 0
    logical :: contiguous = .true.
  end type

  interface neuspec_columns
    module procedure columns_64, columns_32, vector_64, vector_32
  end interface
  interface neuspec_rows
    module procedure rows_64, rows_32, vector_64, vector_32
  end interface

contains

  ! A section is described by the distance of its second column, in bytes; of an empty one there is nothing to describe.
  function described(kind, first, next_row, next_column, shape, layout) result(matrix)
    integer(c_int), intent(in) :: kind, layout
    type(c_ptr), intent(in) :: first, next_row, next_column
    integer(int64), intent(in) :: shape(2)
    type(neuspec_matrix) :: matrix
    integer(int64) :: bytes
    bytes = merge(8_int64, 4_int64, kind == NEUSPEC_DOUBLE)
    matrix%array%values = first
    matrix%array%type = kind
    matrix%array%layout = layout
    matrix%array%leading = shape(1)
    if (shape(1) > 1) matrix%contiguous = distance(first, next_row) == bytes
    if (shape(2) > 1) then
      matrix%array%leading = distance(first, next_column) / bytes
      matrix%contiguous = matrix%contiguous .and. matrix%array%leading >= shape(1)
    end if
    matrix%samples = shape(merge(2, 1, layout == NEUSPEC_ROW_MAJOR))
    matrix%columns = shape(merge(1, 2, layout == NEUSPEC_ROW_MAJOR))
  end function

  function distance(from, to)
    type(c_ptr), intent(in) :: from, to
    integer(int64) :: distance
    distance = transfer(to, distance) - transfer(from, distance)
  end function

  function columns_64(x) result(matrix)
    real(real64), target :: x(:, :)
    type(neuspec_matrix) :: matrix
    matrix = section_64(x, NEUSPEC_ROW_MAJOR)
  end function
  function columns_32(x) result(matrix)
    real(real32), target :: x(:, :)
    type(neuspec_matrix) :: matrix
    matrix = section_32(x, NEUSPEC_ROW_MAJOR)
  end function
  function rows_64(x) result(matrix)
    real(real64), target :: x(:, :)
    type(neuspec_matrix) :: matrix
    matrix = section_64(x, NEUSPEC_COLUMN_MAJOR)
  end function
  function rows_32(x) result(matrix)
    real(real32), target :: x(:, :)
    type(neuspec_matrix) :: matrix
    matrix = section_32(x, NEUSPEC_COLUMN_MAJOR)
  end function

  function section_64(x, layout) result(matrix)
    real(real64), target :: x(:, :)
    integer(c_int), intent(in) :: layout
    type(neuspec_matrix) :: matrix
    if (size(x) == 0) return
    matrix = described(NEUSPEC_DOUBLE, c_loc(x(1, 1)), c_loc(x(min(2, size(x, 1)), 1)), c_loc(x(1, min(2, size(x, 2)))), &
                       shape(x, int64), layout)
  end function
  function section_32(x, layout) result(matrix)
    real(real32), target :: x(:, :)
    integer(c_int), intent(in) :: layout
    type(neuspec_matrix) :: matrix
    if (size(x) == 0) return
    matrix = described(NEUSPEC_FLOAT, c_loc(x(1, 1)), c_loc(x(min(2, size(x, 1)), 1)), c_loc(x(1, min(2, size(x, 2)))), &
                       shape(x, int64), layout)
  end function

  ! A vector is a matrix of one row and of as many columns: any step between its entries is a distance of columns.
  function vector_64(x) result(matrix)
    real(real64), target :: x(:)
    type(neuspec_matrix) :: matrix
    if (size(x) == 0) return
    matrix = described(NEUSPEC_DOUBLE, c_loc(x(1)), c_loc(x(1)), c_loc(x(min(2, size(x)))), [1_int64, size(x, kind=int64)], &
                       NEUSPEC_ROW_MAJOR)
  end function
  function vector_32(x) result(matrix)
    real(real32), target :: x(:)
    type(neuspec_matrix) :: matrix
    if (size(x) == 0) return
    matrix = described(NEUSPEC_FLOAT, c_loc(x(1)), c_loc(x(1)), c_loc(x(min(2, size(x)))), [1_int64, size(x, kind=int64)], &
                       NEUSPEC_ROW_MAJOR)
  end function
end module neuspec_arrays
