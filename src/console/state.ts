import { computed, signal } from '@preact/signals';
import { ask, type Engine, type Job, type Lane, type List, Refused, type RecentVerdict } from './admin.ts';
import { parseExposition, type Figures } from './exposition.ts';
import { pacesOf, type Reading, readingOf, withReading } from './history.ts';

/** All that the console knows; each page of the browser has one. */
export const figures = signal<Figures>(new Map());
export const readings = signal<readonly Reading[]>([]);
export const paces = computed(() => pacesOf(readings.value));
export const engines = signal<readonly Engine[]>([]);
export const lanes = signal<readonly Lane[]>([]);
/** Null where the gateway keeps nothing. */
export const jobs = signal<readonly Job[] | null>([]);
export const verdicts = signal<readonly RecentVerdict[]>([]);
export const problem = signal<string | null>(null);
export const needsKey = signal(false);
export const readAt = signal<number | null>(null);

const KEY = 'assay-admin-key';
const EVERY_MS = 2_000;

/** Kept for this tab alone. */
export function useKey(key: string): void {
  sessionStorage.setItem(KEY, key);
  needsKey.value = false;
  void read();
}

/** Reads all now and again, while somebody looks. */
export function follow(): void {
  const again = async (): Promise<void> => {
    if (!document.hidden && !needsKey.value) await read();
    setTimeout(() => void again(), EVERY_MS);
  };
  void again();
}

async function read(): Promise<void> {
  const key = sessionStorage.getItem(KEY) ?? '';
  const list = async <T>(path: string): Promise<readonly T[]> => {
    // What the gateway that served this page sends is what it was made with.
    const { data } = (await (await ask(path, key)).json()) as List<T>;
    return data;
  };
  try {
    const [text, ...lists] = await Promise.all([
      ask('/metrics', key).then((reply) => reply.text()),
      list<Engine>('/admin/engines'),
      list<Lane>('/admin/lanes'),
      list<RecentVerdict>('/admin/verdicts'),
      // A gateway without a database has no jobs.
      list<Job>('/admin/jobs').catch((error: unknown) => {
        if (error instanceof Refused && error.code === 'storage_missing') return null;
        throw error;
      }),
    ]);
    const now = Date.now();
    figures.value = parseExposition(text);
    readings.value = withReading(readings.value, readingOf(figures.value, now / 1_000));
    [engines.value, lanes.value, verdicts.value, jobs.value] = lists;
    [problem.value, readAt.value] = [null, now];
  } catch (error) {
    needsKey.value = error instanceof Refused && error.needsKey;
    problem.value = error instanceof Error ? error.message : String(error);
  }
}
