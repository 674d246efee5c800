import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Bytes that are gathered before they are written. */
const BATCH = 256 * 1024;

/**
 * Writes a file beside `path`, brings it to the disk and puts it in the place of `path` in one step:
 * whatever happens, a reader finds the old content or the new one, whole.
 */
export async function replaceFile(path: string, texts: () => AsyncIterable<string>): Promise<void> {
  const draft = `${path}.part`;
  try {
    await writeTexts(draft, texts());
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

async function writeTexts(path: string, texts: AsyncIterable<string>): Promise<void> {
  const file = await open(path, 'w');
  try {
    let batch = '';
    for await (const text of texts) {
      batch += text;
      if (batch.length < BATCH) continue;
      await file.writeFile(batch);
      batch = '';
    }
    await file.writeFile(batch);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The new name is only safe once its directory is on the disk too. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
