import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countLines, readLines, splitLines } from '../../../src/cli/label/lines.ts';
import { temporaryFolder } from '../../fakes/cli-runner.ts';

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

function fileOf(content: string | Buffer): string {
  return temporaryFolder({ file: content })('file');
}

describe('lines of a file', () => {
  it('takes off the byte order mark, skips blank lines and keeps their numbers', async () => {
    const path = fileOf('\ufeffone\r\n\r\n  \t\ntwo\nthree');
    expect(await collect(readLines(path))).toEqual([
      { number: 1, ok: true, text: 'one\r' },
      { number: 4, ok: true, text: 'two' },
      { number: 5, ok: true, text: 'three' },
    ]);
    expect(await countLines(path)).toEqual({ lines: 5, rows: 3 });
  });

  it('says which line is too long or no UTF-8, and goes on', async () => {
    const path = fileOf(
      Buffer.concat([
        Buffer.from(`${'x'.repeat(262_144)}\n${'y'.repeat(262_145)}\n`),
        Buffer.from([0x61, 0xc3, 0x28, 0x0a]),
        Buffer.from('end\n'),
      ]),
    );
    const lines = await collect(readLines(path));
    expect(lines[0]).toMatchObject({ number: 1, ok: true });
    expect(lines.slice(1)).toEqual([
      { number: 2, ok: false, reason: 'the line is longer than 256 KiB' },
      { number: 3, ok: false, reason: 'the line is not valid UTF-8' },
      { number: 4, ok: true, text: 'end' },
    ]);
    expect(await countLines(path)).toEqual({ lines: 4, rows: 4 });
  });

  it('finds characters whole that lie across the border of two chunks', async () => {
    const text = `${'x'.repeat(65_535)}é${'y'.repeat(10)}`;
    expect(await collect(readLines(fileOf(`${text}\n`)))).toEqual([{ number: 1, ok: true, text }]);
  });

  it('reads an empty file as no line', async () => {
    expect(await collect(readLines(fileOf('')))).toEqual([]);
    expect(await countLines(fileOf(''))).toEqual({ lines: 0, rows: 0 });
  });

  it('gives back all bytes of any file at their places', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('a', 'é', '\n', '\r', ' ', '𝄞'), { maxLength: 60 }),
        async (parts) => {
          const content = Buffer.from(parts.join(''));
          const lines = await collect(splitLines(fileOf(content), 1000));
          const joined = lines
            .map(({ bytes, ended }) => `${bytes?.toString('utf8')}${ended ? '\n' : ''}`)
            .join('');
          expect(joined).toBe(content.toString('utf8'));
          for (const { offset, bytes } of lines) {
            expect(content.subarray(offset, offset + (bytes?.length ?? 0))).toEqual(bytes);
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});
