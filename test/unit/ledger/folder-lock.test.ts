import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockFolder } from '../../../src/ledger/embedded/folder-lock.ts';

/** No process has this id: Linux gives none above 4,194,304. */
const DEAD_PID = 99_999_999;

describe('the lock of a data folder', () => {
  let folder = '';
  const lockPath = (): string => join(folder, 'assay.lock');
  const leave = (owner: unknown): void => writeFileSync(lockPath(), JSON.stringify(owner));
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'assay-lock-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('names its owner, and goes when released', () => {
    const lock = lockFolder(folder);
    expect(JSON.parse(readFileSync(lockPath(), 'utf8'))).toMatchObject({
      pid: process.pid,
      host: hostname(),
    });
    lock.release();
    expect(existsSync(lockPath())).toBe(false);
  });

  it('refuses a second process, naming the first', () => {
    // The parent of the test process lives, and began when the kernel says.
    const birth = birthOf(process.ppid);
    leave({ pid: process.ppid, host: hostname(), birth });
    expect(() => lockFolder(folder)).toThrow(`is in use by process ${process.ppid} on ${hostname()}`);
    expect(existsSync(lockPath())).toBe(true);
  });

  it('takes over from a dead process, and from another life of a number', () => {
    leave({ pid: DEAD_PID, host: hostname(), birth: null });
    lockFolder(folder).release();
    leave({ pid: process.ppid, host: hostname(), birth: 'another boot 1' });
    lockFolder(folder).release();
  });

  it('takes over from another machine only after 30 silent seconds', () => {
    leave({ pid: 1, host: 'elsewhere', birth: null });
    expect(() => lockFolder(folder)).toThrow('is in use by process 1 on elsewhere');
    const before = new Date(Date.now() - 31_000);
    utimesSync(lockPath(), before, before);
    lockFolder(folder).release();
  });

  it('takes over what a process left half written, once it is old', () => {
    writeFileSync(lockPath(), '{"pid": 12');
    expect(() => lockFolder(folder)).toThrow('is in use by another process');
    const before = new Date(Date.now() - 31_000);
    utimesSync(lockPath(), before, before);
    lockFolder(folder).release();
  });
});

function birthOf(pid: number): string | null {
  if (!existsSync('/proc/sys/kernel/random/boot_id')) return null;
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return `${boot} ${fields[19]}`;
}
