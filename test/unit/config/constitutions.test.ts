import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConstitutions } from '../../../src/config/constitutions.ts';
import { ConfigError } from '../../../src/contracts/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'assay-constitutions-'));
afterAll(() => rmSync(folder, { recursive: true }));

function load(files: Readonly<Record<string, string>>) {
  const directory = mkdtempSync(join(folder, 'set-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return loadConstitutions(directory);
}

const PRINCIPLE = '{ id: harm, critique: What hurts?, revision: Take it out. }';

describe('constitution files', () => {
  it('are found by version, and the newest by name', () => {
    const known = load({
      'a.yaml': `name: c\nversion: 1\nprinciples: [${PRINCIPLE}]\n`,
      'b.yaml': `name: c\nversion: 10\nprinciples: [${PRINCIPLE}]\n`,
    });
    expect(known.get('c')?.id).toBe('c@10');
    expect(known.get('c@1')).toEqual({
      id: 'c@1',
      principles: [{ id: 'harm', critique: 'What hurts?', revision: 'Take it out.' }],
      examples: [],
    });
  });

  it('are read in the form in which they are passed around, under the name of the file', () => {
    const known = load({
      'Set_16.json': '{"constitutions": [{"critic": "Is it kind?", "revision": "Make it kind.", "more": 1}]}',
    });
    expect(known.get('set-16@1')?.principles).toEqual([
      { id: 'principle-1', critique: 'Is it kind?', revision: 'Make it kind.' },
    ]);
  });

  it('are refused with their problems, each with its line', () => {
    const text = `name: c\nversion: 1\nprinciples:\n  - ${PRINCIPLE}\n  - ${PRINCIPLE}\n`;
    try {
      load({ 'c.yaml': text });
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      expect(error.problems).toEqual([
        { path: 'principles.1.id', line: 5, column: 7, message: 'repeats principles[0]' },
      ]);
    }
  });
});
