import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError, type ConfigProblem } from '../contracts/program.ts';
import { type PromptTemplate, templateId } from '../domain/template.ts';
import { readYaml } from './document.ts';

/** Prompt templates from files, checked: every slot known, every needed slot there, one version per file. */
export interface TemplateSet {
  /** Finds `name@version`, or the newest version of `name`. */
  find(reference: string): PromptTemplate | undefined;
  /** Every reference that `find` knows. */
  readonly references: readonly string[];
}

const SLOTS = ['rubric', 'prompt', 'first', 'second', 'nonce'];
const NEEDED_SLOTS = ['prompt', 'first', 'second', 'nonce'];
const LABELS = ['first', 'second', 'tie'] as const;

const spellings = z.array(z.string().min(1).max(32)).min(1).max(16);
const templateSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]+\/[a-z0-9-]+$/),
  version: z.int().min(1),
  task: z.literal('preference'),
  labels: z.strictObject({ first: spellings, second: spellings, tie: spellings }),
  defaultRubric: z.string().min(1),
  messages: z
    .array(z.strictObject({ role: z.enum(['system', 'user']), content: z.string().min(1) }))
    .min(1)
    .max(8),
});

/** Reads all templates below the folders; a later folder may add to an earlier one but not replace a version. */
export function loadTemplates(directories: readonly string[]): TemplateSet {
  const byId = new Map<string, PromptTemplate>();
  const newest = new Map<string, PromptTemplate>();
  for (const path of directories.flatMap(templateFiles)) {
    const template = readTemplate(path);
    if (byId.has(templateId(template))) {
      throw new ConfigError(path, [problem(`${templateId(template)} exists already: raise its version`)]);
    }
    byId.set(templateId(template), template);
    const known = newest.get(template.name);
    if (known === undefined || known.version < template.version) newest.set(template.name, template);
  }
  return {
    find: (reference) => byId.get(reference) ?? newest.get(reference),
    references: [...newest.keys(), ...byId.keys()],
  };
}

function templateFiles(directory: string): string[] {
  try {
    return readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.yaml'))
      .toSorted()
      .map((name) => join(directory, name));
  } catch {
    throw new ConfigError(directory, [problem('this folder of prompt templates cannot be read')]);
  }
}

function readTemplate(path: string): PromptTemplate {
  const source = readYaml(readFileSync(path, 'utf8'));
  if (source.problems.length > 0) throw new ConfigError(path, source.problems);
  const parsed = templateSchema.safeParse(source.data);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue): ConfigProblem => {
      const place = source.locate(issue.path);
      return {
        path: issue.path.join('.'),
        line: place?.line ?? null,
        column: place?.column ?? null,
        message: issue.message,
      };
    });
    throw new ConfigError(path, problems);
  }
  const problems = slotProblems(parsed.data);
  if (problems.length > 0) throw new ConfigError(path, problems.map(problem));
  return parsed.data;
}

function slotProblems({ messages, labels }: PromptTemplate): string[] {
  const used = messages.flatMap(({ content }) =>
    [...content.matchAll(/\{\{(.*?)\}\}/g)].map((match) => match[1] ?? ''),
  );
  const unknown = used
    .filter((slot) => !SLOTS.includes(slot))
    .map((slot) => `{{${slot}}} is no slot; slots are ${SLOTS.join(', ')}`);
  const missing = NEEDED_SLOTS.filter((slot) => !used.includes(slot)).map(
    (slot) => `the slot {{${slot}}} is missing`,
  );
  const texts = LABELS.flatMap((label) => labels[label] ?? []);
  const repeated = texts.filter((text, index) => texts.indexOf(text) !== index);
  return [...unknown, ...missing, ...repeated.map((text) => `two labels are spelled "${text}"`)];
}

function problem(message: string): ConfigProblem {
  return { path: '', line: null, column: null, message };
}
