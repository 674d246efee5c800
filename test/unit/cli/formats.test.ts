import { describe, expect, it } from 'vitest';
import { detectFormat, type Format, type InputRow, readRows } from '../../../src/cli/label/input.ts';
import { jsonLines, temporaryFolder } from '../../fakes/cli-runner.ts';

async function read(format: Format, ...rows: unknown[]): Promise<InputRow[]> {
  const path = temporaryFolder({ rows: jsonLines(rows) })('rows');
  const read: InputRow[] = [];
  for await (const row of readRows({ path, format, rubric: null, limit: 1000 })) read.push(row);
  return read;
}

async function problemOf(format: Format, row: unknown): Promise<string> {
  const [read_] = await read(format, row);
  return read_?.ok === false ? read_.problem.message : 'no problem';
}

const user = (content: string) => ({ role: 'user', content });
const assistant = (content: string) => ({ role: 'assistant', content });

describe('the assay format', () => {
  it('reads all fields; other columns join the metadata', async () => {
    const row = {
      id: 7,
      prompt: [user('Hi')],
      candidates: ['x', 'y'],
      rubric: 'r@1',
      metadata: { k: 1 },
      split: 'train',
    };
    expect((await read('assay', row))[0]).toMatchObject({
      ok: true,
      line: 1,
      chosen: null,
      sent: 'ab',
      item: {
        id: '7',
        prompt: [user('Hi')],
        candidates: ['x', 'y'],
        rubric: 'r@1',
        metadata: { k: 1, split: 'train' },
      },
    });
  });

  it.each([
    [{ prompt: 'p' }, 'candidates: must be a list of texts'],
    [{ prompt: 'p', candidates: ['x', 'y', 'z'] }, 'candidates: two are needed, found 3'],
    [{ prompt: 'p', candidates: ['x', ' '] }, 'candidates[1]: is empty'],
    [{ prompt: 'p', candidates: ['x', 3] }, 'candidates[1]: must be text'],
    [
      { prompt: 3, candidates: ['x', 'y'] },
      'prompt: must be text or a list of messages with "role" and "content"',
    ],
    [{ prompt: '\n', candidates: ['x', 'y'] }, 'prompt: is empty'],
    [
      { id: {}, prompt: 'p', candidates: 'x' },
      'id: must be text or a whole number; candidates: must be a list of texts',
    ],
    [{ prompt: 'p', candidates: ['x', 'y'], metadata: [] }, 'metadata: must be an object'],
  ])('refuses %j', async (row, message) => {
    expect(await problemOf('assay', row)).toBe(message);
  });

  it('gives equal digests to equal items only, whatever the order of the columns', async () => {
    const rows = await read(
      'assay',
      { prompt: 'p', candidates: ['x', 'y'], metadata: { a: 1, b: 2 } },
      { metadata: { b: 2, a: 1 }, candidates: ['x', 'y'], prompt: 'p' },
      { prompt: 'p', candidates: ['y', 'x'], metadata: { a: 1, b: 2 } },
      { prompt: 'p', candidates: ['x', 'y'], metadata: { a: 1, b: 3 } },
      { id: 'i', prompt: 'p', candidates: ['x', 'y'], metadata: { a: 1, b: 2 } },
    );
    const digests = rows.map((row) => (row.ok ? row.digest : ''));
    expect(digests[0]).toBe(digests[1]);
    expect(new Set(digests).size).toBe(4);
  });
});

describe('the trl format', () => {
  it.each([
    [{ prompt: 'p', chosen: 'good', rejected: 'bad' }, 'p'],
    [{ chosen: [user('p'), assistant('good')], rejected: [user('p'), assistant('bad')] }, [user('p')]],
    [{ prompt: [user('p')], chosen: [assistant('good')], rejected: [assistant('bad')] }, [user('p')]],
    [
      { prompt: 'p', chosen: [user('p'), assistant('good')], rejected: [user('p'), assistant('bad')] },
      [user('p')],
    ],
    [
      {
        prompt: [user('p')],
        chosen: [user('p'), assistant('m'), user('q'), assistant('good')],
        rejected: [user('p'), assistant('m'), user('q'), assistant('bad')],
      },
      [user('p'), assistant('m'), user('q')],
    ],
  ])('finds the prompt of %j', async (row, prompt) => {
    expect((await read('trl', row))[0]).toMatchObject({
      ok: true,
      chosen: 'a',
      item: { prompt, candidates: ['good', 'bad'] },
    });
  });

  it('keeps equal answers apart from the prompt', async () => {
    const same = [user('p'), assistant('same')];
    expect((await read('trl', { chosen: same, rejected: same }))[0]).toMatchObject({
      item: { prompt: [user('p')], candidates: ['same', 'same'] },
    });
  });

  it.each([
    [{ chosen: 'good', rejected: 'bad' }, 'there is no prompt'],
    [{ chosen: [assistant('good')], rejected: [assistant('bad')] }, 'there is no prompt'],
    [
      { prompt: 'p', chosen: 'good', rejected: [assistant('bad')] },
      'one answer is text and the other a list of messages',
    ],
    [
      {
        prompt: 'p',
        chosen: [assistant('x'), user('y'), assistant('z')],
        rejected: [assistant('bad')],
      },
      'the answers must differ in one message each; they have 3 and 1 after what they share',
    ],
    [
      { prompt: 'other', chosen: [user('p'), assistant('good')], rejected: [user('p'), assistant('bad')] },
      'the answers repeat another prompt than the one given',
    ],
    [{ prompt: 'p', chosen: '', rejected: 'bad' }, 'the chosen answer is empty'],
    [{ prompt: 'p', chosen: 'good', rejected: ' ' }, 'the rejected answer is empty'],
    [
      { prompt: 'p', rejected: 'bad' },
      'chosen: must be text or a list of messages with "role" and "content"',
    ],
  ])('refuses %j', async (row, message) => {
    expect(await problemOf('trl', row)).toBe(message);
  });
});

describe('the hh format', () => {
  const start = '\n\nHuman: One?\n\nAssistant: Two.\n\nHuman: Three?';

  it('splits at the last answer and turns the dialogue into messages', async () => {
    const row = {
      chosen: `${start}\n\nAssistant:  Four. `,
      rejected: `${start}\n\nAssistant: Five.`,
      source: 's',
    };
    expect((await read('hh', row))[0]).toMatchObject({
      ok: true,
      chosen: 'a',
      item: {
        prompt: [user('One?'), assistant('Two.'), user('Three?')],
        candidates: ['Four.', 'Five.'],
        metadata: { source: 's' },
      },
    });
  });

  it.each([
    [`${start}\n\nAssistant: x`, `${start} More?\n\nAssistant: y`, 'the two prompts differ'],
    [`${start}\n\nAssistant:`, `${start}\n\nAssistant: y`, 'the chosen answer is empty'],
    [`${start}\n\nAssistant: x`, `${start}\n\nAssistant: \n`, 'the rejected answer is empty'],
    [
      'Hello',
      `${start}\n\nAssistant: y`,
      'chosen: is no transcript of "\\n\\nHuman:" and "\\n\\nAssistant:" turns',
    ],
    [
      `${start}\n\nAssistant: x`,
      '\n\nHuman: only',
      'rejected: is no transcript of "\\n\\nHuman:" and "\\n\\nAssistant:" turns',
    ],
  ])('refuses %j against %j', async (chosen, rejected, message) => {
    expect(await problemOf('hh', { chosen, rejected })).toBe(message);
  });
});

describe('the format of a file', () => {
  const transcript = '\n\nHuman: One?\n\nAssistant: Two.';

  it.each([
    ['assay', { prompt: 'p', candidates: [] }],
    ['hh', { chosen: transcript, rejected: transcript }],
    ['trl', { chosen: [], rejected: [] }],
    ['trl', { prompt: 'p', chosen: transcript, rejected: transcript }],
  ])('is %s for %j, whatever stands before', async (format, row) => {
    const path = temporaryFolder({ rows: `no json\n{"text":1}\n${jsonLines([row])}` })('rows');
    expect(await detectFormat(path)).toBe(format);
  });
});
