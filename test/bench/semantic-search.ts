import { type Probe, VectorIndex } from '../../src/caching/semantic/vector-index.ts';
import { seededRandom } from '../fakes/seeded-random.ts';
import { median, round } from './figures.ts';

/**
 * `npm run bench:semantic`: CPU time of one search for a similar item, by the number of entries that it is compared
 * with: entries about other prompts, which differ at the first of three parts, and entries about one prompt, where
 * all three are compared. CPU time, as a busy machine stretches every other.
 */
const DIMENSIONS = 128;
const SIZES = [1_000, 20_000, 100_000] as const;
const FLOOR = 0.9;
const SEARCHES = 20;

const draw = seededRandom(1);

function unitVector(): Float32Array {
  const vector = Float32Array.from({ length: DIMENSIONS }, () => draw() - 0.5);
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

function probeOf(prompt: Float32Array): Probe {
  return { prompt, first: unitVector(), second: unitVector(), guard: 1 };
}

/** Milliseconds of CPU for one search, the median of many. */
function searchMs(entries: number, promptOf: () => Float32Array): number {
  const index = new VectorIndex<number>(DIMENSIONS, entries);
  for (let entry = 0; entry < entries; entry += 1) index.add(probeOf(promptOf()), entry);
  const times = Array.from({ length: SEARCHES }, () => {
    const probe = probeOf(promptOf());
    const before = process.cpuUsage();
    index.nearest(probe, FLOOR);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  });
  return round(median(times), 3);
}

const shared = unitVector();
const figures: Record<string, number> = {};
for (const entries of SIZES) {
  const other = searchMs(entries, unitVector);
  const same = searchMs(entries, () => shared);
  console.log(`${entries} entries: ${other} ms where prompts differ, ${same} ms where all have one prompt`);
  figures[`search_${entries}_ms`] = other;
  figures[`search_${entries}_one_prompt_ms`] = same;
}
console.log(JSON.stringify({ bench: 'semantic', ...figures }));
