export interface NeighbourOptions {
  /** Length of every vector. */
  readonly dimensions: number;
  /** How many past rows are kept; the oldest goes first. */
  readonly capacity: number;
  /** `cosine` compares directions, `euclidean` places. */
  readonly metric: 'cosine' | 'euclidean';
}

export interface NeighbourMean {
  readonly mean: number;
  /** How many rows it stands on: k, or all that there are. */
  readonly count: number;
  /** Mean distance to them: 1 - cosine in [0, 2], or the squared Euclidean distance. Large means far from the past. */
  readonly distance: number;
}

/** What happened on the most similar rows of the recent past. Memory is fixed: capacity * (dimensions + 1) floats. */
export interface NeighbourMemory {
  /** Keeps a vector (finite, of the set length) with the value that was seen for it. */
  add(vector: ArrayLike<number>, value: number): void;
  /** The mean value of the `k` nearest rows, exact, in O(rows * dimensions); undefined while there is none. */
  mean(vector: ArrayLike<number>, k: number): NeighbourMean | undefined;
  readonly size: number;
}

export function createNeighbourMemory(options: NeighbourOptions): NeighbourMemory {
  const { dimensions, capacity, metric } = options;
  if (!(dimensions >= 1 && capacity >= 1)) throw new RangeError('at least one dimension and one place');
  const vectors = new Float32Array(dimensions * capacity);
  const values = new Float32Array(capacity);
  const query = new Float32Array(dimensions);
  let size = 0;
  let oldest = 0;
  const place = (target: Float32Array, offset: number, vector: ArrayLike<number>): void => {
    if (vector.length !== dimensions) {
      throw new RangeError(`a vector of ${vector.length} numbers where ${dimensions} are kept`);
    }
    const scale = metric === 'cosine' ? 1 / (lengthOf(vector) || 1) : 1;
    for (let j = 0; j < dimensions; j += 1) target[offset + j] = (vector[j] ?? 0) * scale;
  };
  return {
    get size() {
      return size;
    },
    add(vector, value) {
      place(vectors, oldest * dimensions, vector);
      values[oldest] = value;
      oldest = (oldest + 1) % capacity;
      size = Math.min(capacity, size + 1);
    },
    mean(vector, k) {
      place(query, 0, vector);
      const count = Math.min(k, size);
      if (count < 1) return undefined;
      const nearest = nearestRows(vectors, size, query, count);
      let sum = 0;
      let distance = 0;
      for (let i = 0; i < count; i += 1) {
        sum += values[nearest.rows[i] ?? 0] ?? 0;
        distance += nearest.distances[i] ?? 0;
      }
      // Between unit vectors half the squared Euclidean distance is 1 - cosine.
      return { mean: sum / count, count, distance: distance / count / (metric === 'cosine' ? 2 : 1) };
    },
  };
}

/** The `count` rows with the least squared distance, in rising order, by insertion into a short list. */
function nearestRows(
  vectors: Float32Array,
  size: number,
  query: Float32Array,
  count: number,
): { rows: Int32Array; distances: Float64Array } {
  const dimensions = query.length;
  const rows = new Int32Array(count);
  const distances = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  let worst = Number.POSITIVE_INFINITY;
  for (let row = 0; row < size; row += 1) {
    const distance = squaredDistance(vectors, row * dimensions, query);
    if (distance >= worst) continue;
    let slot = count - 1;
    for (; slot > 0 && (distances[slot - 1] ?? 0) > distance; slot -= 1) {
      distances[slot] = distances[slot - 1] ?? 0;
      rows[slot] = rows[slot - 1] ?? 0;
    }
    distances[slot] = distance;
    rows[slot] = row;
    worst = distances[count - 1] ?? 0;
  }
  return { rows, distances };
}

function squaredDistance(vectors: Float32Array, offset: number, query: Float32Array): number {
  let sum = 0;
  for (let j = 0; j < query.length; j += 1) {
    const gap = (vectors[offset + j] ?? 0) - (query[j] ?? 0);
    sum += gap * gap;
  }
  return sum;
}

function lengthOf(vector: ArrayLike<number>): number {
  let squares = 0;
  for (let j = 0; j < vector.length; j += 1) squares += (vector[j] ?? 0) ** 2;
  return Math.sqrt(squares);
}
