import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { listenForInterrupts } from '../../../src/cli/interruption.ts';
import { readEarlierRows } from '../../../src/cli/label/earlier-rows.ts';
import { Journal } from '../../../src/cli/label/journal.ts';
import { acquireLock } from '../../../src/cli/label/lock.ts';
import type { OutputRow } from '../../../src/cli/label/row.ts';
import { writeTrl } from '../../../src/cli/label/trl-output.ts';
import { jsonLines, readJsonLines, temporaryFolder } from '../../fakes/cli-runner.ts';

function row(line: number, change: Partial<OutputRow> = {}): OutputRow {
  return {
    line,
    digest: `digest-${line}`,
    policy: null,
    id: `vrd_${line}`,
    item_id: `line-${line}`,
    outcome: 'ok',
    label: 'b',
    probabilities: { a: 0.1, b: 0.9 },
    confidence: 0.9,
    tier: 'small',
    cost: { usd: 0.5 },
    flags: [],
    trail: [],
    ...change,
  };
}

describe('the rows of an earlier run', () => {
  const first = jsonLines([row(1)]);
  const second = jsonLines([row(2)]);

  it.each([
    ['a torn row', first + second.slice(0, 30), first, 1],
    ['a few bytes of a row', `${first}{"li`, first, 1],
    ['a whole row without its newline', first + second.trimEnd(), first + second, 2],
    ['nothing torn', first + second, first + second, 2],
  ])('are readable line by line after %s', async (_, before, after, judged) => {
    const path = temporaryFolder({ out: before })('out');
    expect((await readEarlierRows(path, null)).left).toBe(judged);
    expect(readFileSync(path, 'utf8')).toBe(after);
  });

  it('are those that were judged; equal items have one each', async () => {
    const same = { digest: 'same' };
    const failed = { digest: 'failed', outcome: 'engine_failed' as const, label: null };
    const path = temporaryFolder({ out: jsonLines([row(1, same), row(2, same), row(3, failed)]) })('out');
    const rows = await readEarlierRows(path, null);
    expect(rows.left).toBe(2);
    const places = [rows.claim('same'), rows.claim('same'), rows.claim('same'), rows.claim('failed')];
    expect(places.map((place) => place === null)).toEqual([false, false, true, true]);
    expect(places[0]).not.toEqual(places[1]);
  });

  it('are none when there is no file', async () => {
    expect((await readEarlierRows(temporaryFolder()('out'), null)).left).toBe(0);
  });
});

describe('the journal', () => {
  it('keeps the last row of a line, and ends in the order of the input', async () => {
    const path = temporaryFolder()('out');
    const journal = new Journal(path, 5);
    journal.append(row(4));
    journal.append(row(2, { outcome: 'engine_failed', label: null }));
    journal.append(row(2, { item_id: 'é' }));
    expect(readJsonLines(path).map(({ line }) => line)).toEqual([4, 2, 2]);
    const visited: unknown[] = [];
    await journal.finish((visitedRow) => visited.push(visitedRow.item_id));
    journal.close();
    expect(visited).toEqual(['é', 'line-4']);
    expect(readJsonLines(path)).toMatchObject([
      { line: 2, item_id: 'é', outcome: 'ok' },
      { line: 4, item_id: 'line-4' },
    ]);
    expect(existsSync(`${path}.part`)).toBe(false);
  });

  it('gives TRL rows only where the row of that very line has a label', async () => {
    const pair = (n: number): object => ({ prompt: `p${n}`, chosen: `c${n}`, rejected: `r${n}` });
    const at = temporaryFolder({ in: jsonLines([pair(1), pair(2), pair(3)]) });
    const journal = new Journal(at('journal'), 3);
    journal.append(row(3));
    journal.append(row(1));
    const input = { path: at('in'), format: 'trl' as const, rubric: null, limit: 10 };
    expect(await writeTrl(at('out'), input, journal)).toBe(2);
    journal.close();
    expect(readJsonLines(at('out'))).toMatchObject([
      { line: 1, prompt: 'p1', chosen: 'r1', rejected: 'c1', score_chosen: 0.9, score_rejected: 0.1 },
      { line: 3, prompt: 'p3', chosen: 'r3', rejected: 'c3', cost_usd: 0.5 },
    ]);
  });
});

describe('the lock', () => {
  it('is free again after release', () => {
    const path = temporaryFolder()('out');
    acquireLock(path).release();
    acquireLock(path).release();
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  it('of an earlier life with our own process id is taken over', () => {
    const at = temporaryFolder({ 'out.lock': `${process.pid}\n` });
    acquireLock(at('out')).release();
    expect(existsSync(at('out.lock'))).toBe(false);
  });

  it('of a living process is left alone, also while it is being written', () => {
    const at = temporaryFolder();
    for (const content of [`${process.ppid}\n`, '']) {
      writeFileSync(at('out.lock'), content);
      expect(() => acquireLock(at('out'))).toThrow('is writing this file');
      expect(readFileSync(at('out.lock'), 'utf8')).toBe(content);
    }
  });
});

describe('interrupts', () => {
  it('stop at first and abort at the second', () => {
    const callbacks = new Set<() => void>();
    const output = { write: () => undefined };
    const interruption = listenForInterrupts({
      stdout: output,
      stderr: output,
      env: {},
      onInterrupt(callback) {
        callbacks.add(callback);
        return () => callbacks.delete(callback);
      },
    });
    const interrupt = (): void => {
      for (const callback of callbacks) callback();
    };
    interrupt();
    expect([interruption.stop.aborted, interruption.abort.aborted]).toEqual([true, false]);
    interrupt();
    expect(interruption.abort.aborted).toBe(true);
    interruption.release();
    expect(callbacks.size).toBe(0);
  });
});
