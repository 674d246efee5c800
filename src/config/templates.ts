import { z } from 'zod';
import type { PromptTemplate } from '../domain/template.ts';
import { byVersion, type FurtherCheck, readFolder } from './yaml-folder.ts';

/** Prompt templates from files, checked: every slot known, every needed slot there, one version per file. */
export interface TemplateSet {
  /** Finds `name@version`, or the newest version of `name`. */
  find(reference: string): PromptTemplate | undefined;
  /** Every reference that `find` knows. */
  readonly references: readonly string[];
}

/** Slots by task: the ones that must be there, and the ones that may. */
const SLOTS = {
  preference: { needed: ['prompt', 'first', 'second', 'nonce'], optional: ['rubric'] },
  score: {
    needed: ['prompt', 'response', 'nonce'],
    optional: ['rubric', 'criteria', 'answers', 'reference'],
  },
  critique: {
    needed: ['prompt', 'response', 'critique_request', 'nonce'],
    optional: ['examples', 'evidence'],
  },
} as const;

/** A prompt of several items, and what it says of each. */
const SEVERAL_SLOTS = { needed: ['items'], optional: ['rubric', 'nonce'] } as const;
const ITEM_SLOTS = { needed: ['number', 'prompt', 'first', 'second', 'nonce'], optional: [] } as const;

/** What the turns behind an answer may say: the one that asks for the revision, and the one for the label. */
const REVISION_SLOTS = { needed: ['revision_request'], optional: [] } as const;
const ANSWER_SLOTS = {
  preference: { needed: [], optional: [] },
  score: { needed: ['answers'], optional: [] },
} as const;

const LABELS = ['first', 'second', 'tie'] as const;

const spellings = z.array(z.string().min(1).max(32)).min(1).max(16);
const messages = z
  .array(z.strictObject({ role: z.enum(['system', 'user']), content: z.string().min(1) }))
  .min(1)
  .max(8);
const heading = {
  name: z.string().regex(/^[a-z0-9-]+\/[a-z0-9-]+$/),
  version: z.int().min(1),
};
const templateSchema = z.discriminatedUnion('task', [
  z.strictObject({
    ...heading,
    task: z.literal('preference'),
    labels: z.strictObject({ first: spellings, second: spellings, tie: spellings }),
    defaultRubric: z.string().min(1),
    messages,
    item: z.string().min(1).optional(),
    answer: messages.optional(),
  }),
  z.strictObject({
    ...heading,
    task: z.literal('score'),
    defaultRubric: z.string().min(1),
    messages,
    answer: messages.optional(),
  }),
  z.strictObject({ ...heading, task: z.literal('critique'), messages, revision: messages }),
]);

type TemplateFile = z.infer<typeof templateSchema>;

/** Reads all templates below the folders; a later folder may add to an earlier one but not replace a version. */
export function loadTemplates(directories: readonly string[]): TemplateSet {
  const files = directories.flatMap((directory) =>
    readFolder(directory, { schema: templateSchema, noun: 'prompt templates', further }),
  );
  const known = byVersion(files.map(({ path, data }) => ({ path, data: toTemplate(data) })));
  return { find: (reference) => known.get(reference), references: [...known.keys()] };
}

function toTemplate(file: TemplateFile): PromptTemplate {
  if (file.task === 'critique') return { ...file, defaultRubric: '', labels: {} };
  const { answer, ...others } = file;
  const labels = file.task === 'preference' ? file.labels : {};
  return { ...others, labels, ...(answer === undefined ? {} : { answer }) };
}

const further: FurtherCheck<TemplateFile> = (file) => [
  ...slotProblems(
    file.messages.map(({ content }) => content),
    slotsOf(file),
  ).map((message) => ({ path: ['messages'], message })),
  ...itemProblems(file).map((message) => ({ path: ['item'], message })),
  ...(file.task === 'critique'
    ? slotProblems(
        file.revision.map(({ content }) => content),
        REVISION_SLOTS,
      )
    : []
  ).map((message) => ({
    path: ['revision'],
    message,
  })),
  ...answerProblems(file),
  ...spellingProblems(file).map((message) => ({ path: ['labels'], message })),
];

/** The label is asked for once: at the end, or in the turn behind the reasons. */
function answerProblems(file: TemplateFile): { path: string[]; message: string }[] {
  if (file.task === 'critique') return [];
  const { answer, messages: turns } = file;
  const texts = answer?.map(({ content }) => content);
  const wrongSlots = texts === undefined ? [] : slotProblems(texts, ANSWER_SLOTS[file.task]);
  const found = wrongSlots.map((message) => ({ path: ['answer'], message }));
  if (file.task === 'preference') {
    if (answer !== undefined && file.item !== undefined) {
      found.push({ path: ['answer'], message: 'does not go together with item' });
    }
    return found;
  }
  const uses = (slot: string): boolean => turns.some(({ content }) => content.includes(`{{${slot}}}`));
  const wrong: string[] = [];
  if (uses('rubric') === uses('criteria')) {
    wrong.push('needs one of {{rubric}}, for one criterion in each call, and {{criteria}}, for all in one');
  }
  if (answer === undefined && !uses('answers')) wrong.push('the slot {{answers}} is missing');
  if (answer !== undefined && uses('criteria')) wrong.push('{{criteria}} and answer do not go together');
  return [...found, ...wrong.map((message) => ({ path: ['messages'], message }))];
}

interface Slots {
  readonly needed: readonly string[];
  readonly optional: readonly string[];
}

/** A preference template that says what an item looks like is for several of them. */
function itemProblems(file: TemplateFile): string[] {
  if (file.task !== 'preference' || file.item === undefined) return [];
  return slotProblems([file.item], ITEM_SLOTS);
}

function slotsOf(file: TemplateFile): Slots {
  return file.task === 'preference' && file.item !== undefined ? SEVERAL_SLOTS : SLOTS[file.task];
}

function slotProblems(texts: readonly string[], { needed, optional }: Slots): string[] {
  const known: readonly string[] = [...optional, ...needed];
  const used = texts.flatMap((content) =>
    [...content.matchAll(/\{\{(.*?)\}\}/g)].map((match) => match[1] ?? ''),
  );
  const unknown = used
    .filter((slot) => !known.includes(slot))
    .map((slot) => `{{${slot}}} is no slot; slots are ${known.join(', ')}`);
  const missing = needed
    .filter((slot) => !used.includes(slot))
    .map((slot) => `the slot {{${slot}}} is missing`);
  return [...unknown, ...missing];
}

function spellingProblems(file: TemplateFile): string[] {
  if (file.task !== 'preference') return [];
  const texts = LABELS.flatMap((label) => file.labels[label]);
  const repeated = texts.filter((text, index) => texts.indexOf(text) !== index);
  return repeated.map((text) => `two labels are spelled "${text}"`);
}
