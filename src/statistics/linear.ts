/** Small dense linear algebra for the regressions: symmetric positive definite systems up to some dozen unknowns. */

/**
 * Solves A x = b by Cholesky's decomposition. `matrix` holds A row by row (its lower triangle is read), is used up;
 * so is `right`, which becomes x. Undefined when A is not positive definite.
 */
export function solveSymmetric(matrix: Float64Array, right: Float64Array): Float64Array | undefined {
  const size = right.length;
  if (!decompose(matrix, size)) return undefined;
  substitute(matrix, right);
  return right;
}

/** A^-1 row by row; `matrix` as for `solveSymmetric`, used up too. Undefined when A is not positive definite. */
export function invertSymmetric(matrix: Float64Array, size: number): Float64Array | undefined {
  if (!decompose(matrix, size)) return undefined;
  const inverse = new Float64Array(size * size);
  for (let row = 0; row < size; row += 1) {
    const column = inverse.subarray(row * size, (row + 1) * size);
    column[row] = 1;
    substitute(matrix, column);
  }
  return inverse;
}

/** Reads a place that the caller knows to exist. */
export function at(values: ArrayLike<number>, index: number): number {
  return values[index] ?? Number.NaN;
}

/** Solves L L' x = b for the factor L that `decompose` left; `right` becomes x. */
function substitute(factor: Float64Array, right: Float64Array): void {
  const size = right.length;
  for (let row = 0; row < size; row += 1) {
    let sum = at(right, row);
    for (let k = 0; k < row; k += 1) sum -= at(factor, row * size + k) * at(right, k);
    right[row] = sum / at(factor, row * size + row);
  }
  for (let row = size - 1; row >= 0; row -= 1) {
    let sum = at(right, row);
    for (let k = row + 1; k < size; k += 1) sum -= at(factor, k * size + row) * at(right, k);
    right[row] = sum / at(factor, row * size + row);
  }
}

function decompose(matrix: Float64Array, size: number): boolean {
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column <= row; column += 1) {
      let sum = at(matrix, row * size + column);
      for (let k = 0; k < column; k += 1) sum -= at(matrix, row * size + k) * at(matrix, column * size + k);
      if (row !== column) matrix[row * size + column] = sum / at(matrix, column * size + column);
      else if (sum > 0) matrix[row * size + row] = Math.sqrt(sum);
      else return false;
    }
  }
  return true;
}
