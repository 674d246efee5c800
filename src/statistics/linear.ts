/** Small dense linear algebra for the regressions: symmetric positive definite systems up to some dozen unknowns. */

/**
 * Solves A x = b by Cholesky's decomposition. `matrix` holds A row by row (its lower triangle is read), is used up;
 * so is `right`, which becomes x. Undefined when A is not positive definite.
 */
export function solveSymmetric(matrix: Float64Array, right: Float64Array): Float64Array | undefined {
  const size = right.length;
  if (!decompose(matrix, size)) return undefined;
  for (let row = 0; row < size; row += 1) {
    let sum = at(right, row);
    for (let k = 0; k < row; k += 1) sum -= at(matrix, row * size + k) * at(right, k);
    right[row] = sum / at(matrix, row * size + row);
  }
  for (let row = size - 1; row >= 0; row -= 1) {
    let sum = at(right, row);
    for (let k = row + 1; k < size; k += 1) sum -= at(matrix, k * size + row) * at(right, k);
    right[row] = sum / at(matrix, row * size + row);
  }
  return right;
}

/** Reads a place that the caller knows to exist. */
export function at(values: ArrayLike<number>, index: number): number {
  return values[index] ?? Number.NaN;
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
