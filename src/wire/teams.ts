import { z } from 'zod';
import type { IssuedKey, KeyWishes, TeamDetail } from '../contracts/team-administration.ts';
import type { AuditEvent, AuditQuery, StoredKey } from '../contracts/teams.ts';
import { check, type Checked } from './problems.ts';

/** Bodies of the admin API about teams, keys and the audit log. Settings of a team are in the words of the file. */
const settings = z.record(z.string(), z.unknown());
const teamBody = z.strictObject({ name: z.string(), settings: settings.default({}) });
const changesBody = z.strictObject({ settings });

const YEAR_SECONDS = 31_622_400;
const label = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be of lower-case letters, digits and hyphens, at most 63');
const keyBody = z.strictObject({
  label: label.default('default'),
  scopes: z
    .array(z.enum(['submit', 'read', 'admin']))
    .min(1)
    .max(3)
    .default(['submit', 'read']),
  expires_in_seconds: z
    .int()
    .min(1)
    .max(10 * YEAR_SECONDS)
    .nullable()
    .default(null),
});
const rotationBody = z.strictObject({ overlap_seconds: z.int().min(0).max(2_678_400).default(86_400) });
const auditQuery = z.strictObject({
  before: z.coerce.number().int().min(1).nullable().default(null),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

export function parseTeam(body: unknown): Checked<z.output<typeof teamBody>> {
  return check(teamBody, body);
}

export function parseTeamChanges(body: unknown): Checked<z.output<typeof changesBody>> {
  return check(changesBody, body);
}

export function parseKey(body: unknown): Checked<KeyWishes> {
  const read = check(keyBody, body);
  if (!read.ok) return read;
  const { expires_in_seconds: lifeSeconds, scopes, ...rest } = read.value;
  return { ok: true, value: { ...rest, scopes: [...new Set(scopes)], lifeSeconds } };
}

/** Seconds for which the old key goes on. */
export function parseRotation(body: unknown): Checked<number> {
  const read = check(rotationBody, body);
  return read.ok ? { ok: true, value: read.value.overlap_seconds } : read;
}

export function parseAuditQuery(query: unknown): Checked<AuditQuery> {
  return check(auditQuery, query);
}

export function renderTeam({ name, source, settings: known, liveKeys }: TeamDetail) {
  return { object: 'team', name, source, settings: known, live_keys: liveKeys };
}

export function renderKey({ id, team, label: use, scopes, ...times }: StoredKey) {
  return {
    object: 'api_key',
    id,
    team,
    label: use,
    scopes,
    created_at: instant(times.createdAt),
    expires_at: instant(times.expiresAt),
    revoked_at: instant(times.revokedAt),
    last_used_at: instant(times.lastUsedAt),
  };
}

/** With the key itself, which is told this once. */
export function renderIssued({ key, secret }: IssuedKey) {
  return { ...renderKey(key), key: secret };
}

export function renderEvent({ id, at, actor, act, subject, before, after }: AuditEvent) {
  const { name, requestId, address } = actor;
  const when = instant(at);
  return {
    object: 'audit_event',
    id,
    at: when,
    actor: name,
    act,
    subject,
    before,
    after,
    request_id: requestId,
    address,
  };
}

function instant(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
