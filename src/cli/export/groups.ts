import { usageError } from '../exit.ts';
import type { InputRow, ValidRow } from '../label/input.ts';

/**
 * Groups of items that stand next to each other and name the same group in their metadata: the steps of one
 * solution, the answers to one instruction. One group is held at a time.
 */
export interface GroupKeys {
  /** Metadata that names the group. */
  readonly group: string;
  /** Metadata with the whole number that says which place an item has in it. */
  readonly order: string;
}

export interface ItemGroup {
  readonly key: string;
  readonly members: readonly ValidRow[];
  /** A row before, between or after them could not be read: it may have been one of them. */
  readonly hasGap: boolean;
}

/** A group; or a row that cannot be read, or names none. */
export type GroupOrRow = ItemGroup | InputRow;

/** Items that one group can have. */
const MOST_MEMBERS = 1000;

/** Key of the group that a row names; null when it names none. */
function groupOf(row: ValidRow, keys: GroupKeys): string | null {
  const value = row.item.metadata[keys.group];
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : null;
}

/** A group that more rows may join. */
interface OpenGroup extends ItemGroup {
  readonly members: ValidRow[];
  hasGap: boolean;
}

/** Groups in the order of the rows; a row that belongs to none comes before the group around it. */
export async function* groupsOf(
  rows: AsyncIterable<InputRow>,
  keys: GroupKeys,
): AsyncGenerator<GroupOrRow, void> {
  let open: OpenGroup | null = null;
  let isAfterGap = false;
  for await (const row of rows) {
    const key: string | null = row.ok ? groupOf(row, keys) : null;
    if (row.ok && key !== null) {
      if (open !== null && open.key !== key) yield open;
      if (open === null || open.key !== key) open = { key, members: [], hasGap: isAfterGap };
      join(open, row);
    } else {
      if (open !== null && !row.ok) open.hasGap = true;
      yield row;
    }
    isAfterGap = !row.ok;
  }
  if (open !== null) yield open;
}

function join({ key, members }: OpenGroup, row: ValidRow): void {
  if (members.length === MOST_MEMBERS)
    throw usageError(`line ${row.line}: group ${key} has more than ${MOST_MEMBERS} items`);
  members.push(row);
}

/** Groups whose items do not all stand together: which rows are one is not known. */
export async function scatteredGroups(
  rows: AsyncIterable<InputRow>,
  keys: GroupKeys,
): Promise<ReadonlySet<string>> {
  const seen = new Set<string>();
  const scattered = new Set<string>();
  let last: string | null = null;
  for await (const row of rows) {
    const key: string | null = row.ok ? groupOf(row, keys) : last;
    if (key !== null && key !== last && seen.has(key)) scattered.add(key);
    if (key !== null) seen.add(key);
    last = key;
  }
  return scattered;
}

/**
 * The members in the order that their metadata says, or as they stand where none says one; null when only
 * some do, when it is no whole number, or when one is missing or there twice.
 */
export function inOrder(members: readonly ValidRow[], { order }: GroupKeys): readonly ValidRow[] | null {
  const places = members.map(({ item }) => item.metadata[order]);
  if (places.every((place) => place === undefined || place === null)) return members;
  const sorted = members.toSorted(
    (one, other) => Number(one.item.metadata[order]) - Number(other.item.metadata[order]),
  );
  const first = sorted[0]?.item.metadata[order];
  if (first !== 0 && first !== 1) return null;
  return sorted.every(({ item }, index) => item.metadata[order] === first + index) ? sorted : null;
}
