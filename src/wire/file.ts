import { z } from 'zod';
import type { FilePage, FileQuery, StoredFile } from '../contracts/files.ts';
import { check, type Checked } from './problems.ts';

/** Files as the OpenAI API shows them. Instants are seconds since 1970. */
export const fileSchema = z
  .object({
    id: z.string().meta({ example: 'file-5ktoa7r21ngbq8o4dv60mnk371' }),
    object: z.literal('file'),
    bytes: z.int(),
    created_at: z.int(),
    expires_at: z.int().optional(),
    filename: z.string(),
    purpose: z.string(),
    status: z.literal('processed'),
  })
  .meta({ id: 'File' });

/** Purposes that a file may be sent in with; only those of `batch` are used by this gateway. */
export const PURPOSES = ['batch', 'user_data', 'evals', 'fine-tune', 'assistants', 'vision'] as const;

/** `expires_after`, as OpenAI has it, in seconds. */
const SHORTEST_LIFE = 3_600;
const LONGEST_LIFE = 2_592_000;

export const uploadFieldsSchema = z.object({
  purpose: z.enum(PURPOSES),
  'expires_after[anchor]': z.literal('created_at').optional(),
  'expires_after[seconds]': z.coerce.number().int().min(SHORTEST_LIFE).max(LONGEST_LIFE).optional(),
});

export interface UploadFields {
  readonly purpose: string;
  /** Null when none was asked for. */
  readonly lifetimeSeconds: number | null;
}

/** The fields of an upload beside the file. */
export function parseUploadFields(fields: Readonly<Record<string, string>>): Checked<UploadFields> {
  const checked = check(uploadFieldsSchema, fields);
  if (!checked.ok) return checked;
  const { purpose, 'expires_after[seconds]': seconds } = checked.value;
  return { ok: true, value: { purpose, lifetimeSeconds: seconds ?? null } };
}

export function renderFile(file: StoredFile): z.infer<typeof fileSchema> {
  return {
    id: file.id,
    object: 'file',
    bytes: file.bytes,
    created_at: Math.floor(file.createdAt / 1000),
    ...(file.expiresAt === null ? {} : { expires_at: Math.floor(file.expiresAt / 1000) }),
    filename: file.filename,
    purpose: file.purpose,
    status: 'processed',
  };
}

export const fileListSchema = z
  .object({
    object: z.literal('list'),
    data: z.array(fileSchema),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
    has_more: z.boolean(),
  })
  .meta({ id: 'FileList' });

export function renderFiles({ files, hasMore }: FilePage): z.infer<typeof fileListSchema> {
  return {
    object: 'list',
    data: files.map(renderFile),
    first_id: files[0]?.id ?? null,
    last_id: files.at(-1)?.id ?? null,
    has_more: hasMore,
  };
}

export const deletedFileSchema = z
  .object({ id: z.string(), object: z.literal('file'), deleted: z.literal(true) })
  .meta({ id: 'DeletedFile' });

const MOST_FILES = 10_000;

export const fileQueryFields = {
  after: z.string().max(128).optional().meta({ description: 'Id of the last file seen.' }),
  limit: z.coerce.number().int().min(1).max(MOST_FILES).optional(),
  order: z.enum(['asc', 'desc']).optional(),
  purpose: z.string().max(64).optional(),
};

export function parseFileQuery(query: Readonly<Record<string, string>>): Checked<FileQuery> {
  const checked = check(z.object(fileQueryFields), query);
  if (!checked.ok) return checked;
  const { after = null, limit = MOST_FILES, order = 'desc', purpose = null } = checked.value;
  return { ok: true, value: { after, limit, order, purpose } };
}
