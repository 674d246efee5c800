import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cli, jsonLines, temporaryFolder } from '../../fakes/cli-runner.ts';

const CHAT = {
  id: 'c',
  prompt: [
    { role: 'system', content: 'Be kind.' },
    { role: 'user', content: 'Grüße 👋' },
  ],
  candidates: ['Go.', 'Hello!'],
};
const TEXT = { id: 't', prompt: 'Bye', candidates: ['So long', 'Farewell'] };

function verdict(id: string, label: 'a' | 'b'): object {
  return {
    id: `vrd_${id}`,
    item_id: id,
    outcome: 'ok',
    label,
    probabilities: label === 'a' ? { a: 0.75, b: 0.25, tie: 0 } : { a: 0.25, b: 0.75, tie: 0 },
    confidence: 0.75,
    tier: 'small',
    certificate: null,
    cost: { usd: 0.5 },
    inclusion_probability: 0.5,
    flags: [],
    trail: [],
    error: null,
  };
}

/** The same export as JSONL and as Parquet, read back. */
async function both(items: readonly object[], shape: string) {
  const verdicts = items.map((_, index) => verdict(index === 0 ? 'c' : 't', index === 0 ? 'b' : 'a'));
  const at = temporaryFolder({ 'i.jsonl': jsonLines(items), 'v.jsonl': jsonLines(verdicts) });
  const run = async (output: string): Promise<void> => {
    const { code, stderr } = await cli([
      'export',
      at('i.jsonl'),
      at('v.jsonl'),
      '-o',
      at(output),
      '--as',
      shape,
    ]);
    expect([code, stderr]).toEqual([0, '']);
  };
  await run('o.jsonl');
  await run('o.parquet');
  const file = await asyncBufferFromFile(at('o.parquet'));
  const lines = readFileSync(at('o.jsonl'), 'utf8').trimEnd().split('\n');
  return {
    rows: await parquetReadObjects({ file }),
    expected: lines.map((line): unknown => JSON.parse(line)),
    metadata: await parquetMetadataAsync(file),
  };
}

describe('assay export to Parquet', () => {
  it.each(['preference', 'kto', 'ultrafeedback', 'llama-factory', 'hh'])(
    'holds the same rows as JSONL for %s, conversations included',
    async (shape) => {
      const { rows, expected } = await both([CHAT, TEXT], shape);
      expect(rows.length).toBe(shape === 'kto' ? 4 : 2);
      expect(rows).toEqual(expected);
    },
  );

  it('keeps texts as texts where there is no conversation', async () => {
    const { rows } = await both([{ ...TEXT, id: 'c' }], 'preference');
    expect(rows).toMatchObject([
      { prompt: 'Bye', chosen: 'Farewell', rejected: 'So long', p_chosen: 0.75, weight: 2 },
    ]);
  });

  it('has lists of structs as readers of the format expect them', async () => {
    const { metadata } = await both([CHAT], 'preference');
    const at = metadata.schema.findIndex(({ name }) => name === 'chosen');
    expect(metadata.schema.slice(at, at + 5)).toMatchObject([
      { name: 'chosen', converted_type: 'LIST', repetition_type: 'OPTIONAL' },
      { name: 'list', repetition_type: 'REPEATED' },
      { name: 'element', num_children: 2 },
      { name: 'role', converted_type: 'UTF8' },
      { name: 'content', converted_type: 'UTF8' },
    ]);
  });

  it('writes a file without rows, and says so by its exit code', async () => {
    const at = temporaryFolder({ 'i.jsonl': jsonLines([TEXT]), 'v.jsonl': '' });
    const { code } = await cli(['export', at('i.jsonl'), at('v.jsonl'), '-o', at('o.parquet')]);
    expect(code).toBe(1);
    const file = await asyncBufferFromFile(at('o.parquet'));
    expect(await parquetReadObjects({ file })).toEqual([]);
  });
});
