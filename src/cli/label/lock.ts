import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { CommandError, EXIT } from '../exit.ts';

/**
 * A file beside the output that holds the id of the process writing it, so that two runs never mix
 * their rows. The lock of a process that is gone is taken over.
 */
export interface Lock {
  release(): void;
}

export function acquireLock(output: string): Lock {
  const path = `${output}.lock`;
  if (!tryCreate(path)) {
    takeOver(path, output);
    if (!tryCreate(path)) throw inUse(output, path, readOwner(path));
  }
  return { release: () => rmSync(path, { force: true }) };
}

function tryCreate(path: string): boolean {
  try {
    writeFileSync(path, `${process.pid}\n`, { flag: 'wx' });
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/** Removes a dead lock. Of several that try, one wins the rename; a live lock caught so is put back. */
function takeOver(path: string, output: string): void {
  const owner = readOwner(path);
  if (isAlive(owner)) throw inUse(output, path, owner);
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    throw error;
  }
  const taken = readOwner(aside);
  if (taken === owner) rmSync(aside);
  else {
    renameSync(aside, path);
    throw inUse(output, path, taken);
  }
}

/** Null when the lock is gone; NaN when it is just being written. */
function readOwner(path: string): number | null {
  try {
    return Number.parseInt(readFileSync(path, 'utf8'), 10);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}

/** A lock with our own id was left by an earlier life, as in containers where ids repeat. */
function isAlive(pid: number | null): boolean {
  if (pid === null || pid === process.pid) return false;
  if (Number.isNaN(pid)) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
}

function inUse(output: string, path: string, pid: number | null): CommandError {
  const owner = pid === null || Number.isNaN(pid) ? 'another process' : `process ${pid}`;
  return new CommandError(
    EXIT.usage,
    `${output}: ${owner} is writing this file; wait for it, or delete ${path} if that process is something else`,
  );
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
