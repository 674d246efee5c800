import { basename } from 'node:path';
import { z } from 'zod';
import type { Constitution } from '../domain/constitution.ts';
import { byVersion, type FolderFile, type FurtherCheck, readFolder } from './yaml-folder.ts';

/**
 * Constitutions from files: `*.yaml` in the house's form, and `*.json` in the form in which they are passed
 * around (`{"constitutions": [{"critic": …, "revision": …}]}`), whose name is that of the file.
 */
const text = z.string().min(1).max(20_000);

const principle = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]{1,64}$/),
  critique: text,
  revision: text,
});

const example = z.strictObject({
  prompt: text,
  response: text,
  critiqueRequest: text,
  critique: text,
  revisionRequest: text,
  revision: text,
});

const constitutionSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]+$/),
  version: z.int().min(1),
  principles: z.array(principle).min(1).max(256),
  examples: z.array(example).max(16).default([]),
});

type ConstitutionFile = z.infer<typeof constitutionSchema>;

const sharedSchema = z.looseObject({
  constitutions: z
    .array(z.looseObject({ critic: text, revision: text }))
    .min(1)
    .max(256),
});

/** By `name@version`, and the newest by its name alone. */
export function loadConstitutions(directory: string): ReadonlyMap<string, Constitution> {
  const own = readFolder(directory, { schema: constitutionSchema, noun: NOUN, further });
  const shared = readFolder(directory, { schema: sharedSchema, noun: NOUN, ending: '.json' });
  const files = byVersion([...own, ...shared.map(imported)]);
  return new Map([...files].map(([reference, file]) => [reference, toConstitution(file)]));
}

const NOUN = 'constitutions';

function toConstitution({ name, version, principles, examples }: ConstitutionFile): Constitution {
  return { id: `${name}@${version}`, principles, examples };
}

function imported({ path, data }: FolderFile<z.infer<typeof sharedSchema>>): FolderFile<ConstitutionFile> {
  const principles = data.constitutions.map(({ critic, revision }, index) => ({
    id: `principle-${index + 1}`,
    critique: critic,
    revision,
  }));
  return { path, data: { name: nameOf(path), version: 1, principles, examples: [] } };
}

function nameOf(path: string): string {
  return basename(path, '.json')
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-');
}

const further: FurtherCheck<ConstitutionFile> = ({ principles }) =>
  principles.flatMap(({ id }, index) => {
    const first = principles.findIndex((other) => other.id === id);
    return first < index
      ? [{ path: ['principles', index, 'id'], message: `repeats principles[${first}]` }]
      : [];
  });
