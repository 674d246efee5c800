import { readFileSync, renameSync, rmSync, utimesSync, writeFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

/**
 * Lets one process at a time open a folder of data: two would destroy it without a word. The lock is a file
 * that names its owner and whose time says when the owner last lived. A dead owner's lock is taken over.
 */
export interface FolderLock {
  /** Says that the owner lives; to be called at least every 10 seconds. */
  touch(): void;
  release(): void;
}

const LOCK_FILE = 'assay.lock';
/** Silence after which the owner on another machine, whose processes cannot be seen, counts as dead. */
const SILENT_MS = 30_000;

const ownerSchema = z.object({
  pid: z.int(),
  host: z.string(),
  /** Tells this process from a later one with the same id; null where the system does not say. */
  birth: z.string().nullable(),
});
type Owner = z.infer<typeof ownerSchema>;

/** Throws with a sentence for people when the folder is in use. */
export function lockFolder(folder: string): FolderLock {
  const path = join(folder, LOCK_FILE);
  if (!tryCreate(path)) {
    takeOver(path, folder);
    if (!tryCreate(path)) throw inUse(folder, readOwner(path));
  }
  return {
    touch() {
      const now = new Date();
      utimesSync(path, now, now);
    },
    release: () => rmSync(path, { force: true }),
  };
}

function tryCreate(path: string): boolean {
  const owner: Owner = { pid: process.pid, host: hostname(), birth: birthOf(process.pid) };
  try {
    writeFileSync(path, `${JSON.stringify(owner)}\n`, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/** Removes a dead lock. Of several that try, one wins the rename; a live lock caught so is put back. */
function takeOver(path: string, folder: string): void {
  const owner = readOwner(path);
  if (isAlive(path, owner)) throw inUse(folder, owner);
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    throw error;
  }
  const taken = readOwner(aside);
  if (JSON.stringify(taken) === JSON.stringify(owner)) rmSync(aside);
  else {
    renameSync(aside, path);
    throw inUse(folder, taken);
  }
}

/** Null when the lock is gone, or is no lock: half written by a process that died, or just being written. */
function readOwner(path: string): Owner | null {
  try {
    return ownerSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError || hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}

function isAlive(path: string, owner: Owner | null): boolean {
  if (owner === null || owner.host !== hostname()) return wasTouched(path);
  if (owner.pid === process.pid) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if (!hasCode(error, 'EPERM')) return false;
  }
  // In containers ids repeat: another process than the owner may have its id by now.
  return owner.birth === birthOf(owner.pid);
}

function wasTouched(path: string): boolean {
  try {
    return Date.now() - statSync(path).mtimeMs < SILENT_MS;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}

/** When a process began, in the kernel's own count since the boot; only on Linux. */
function birthOf(pid: number): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    // Fields are counted after the name, which stands in brackets and may hold spaces; the 20th is the start.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return `${boot} ${fields[19] ?? ''}`;
  } catch {
    return null;
  }
}

function inUse(folder: string, owner: Owner | null): Error {
  const who = owner === null ? 'another process' : `process ${owner.pid} on ${owner.host}`;
  return new Error(
    `${folder} is in use by ${who}: the embedded database serves one gateway; stop that one, give this one another folder, or use PostgreSQL`,
  );
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
