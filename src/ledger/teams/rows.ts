import type { Selectable } from 'kysely';
import { z } from 'zod';
import type { AuditEvent, StoredKey, StoredTeam, TeamSettings } from '../../contracts/teams.ts';
import type { TeamTables } from './tables.ts';

/** Another version of Assay may have written it: what it knows more is kept, what it must have is there. */
const settingsSchema: z.ZodType<TeamSettings> = z.object({
  policies: z.array(z.string()).optional(),
  limits: z.record(z.string(), z.number()),
  share: z.number(),
  classes: z.array(z.enum(['interactive', 'trainer', 'batch'])),
});

export function teamOf(row: Selectable<TeamTables['team']>): StoredTeam {
  return {
    name: row.name,
    settings: settingsSchema.parse(row.settings),
    createdAt: row.created_at.getTime(),
    updatedAt: row.updated_at.getTime(),
  };
}

export function keyOf(row: Omit<Selectable<TeamTables['api_key']>, 'sha256'>): StoredKey {
  const { id, team, label, scopes } = row;
  return {
    id,
    team,
    label,
    scopes,
    createdAt: row.created_at.getTime(),
    expiresAt: row.expires_at?.getTime() ?? null,
    revokedAt: row.revoked_at?.getTime() ?? null,
    lastUsedAt: row.last_used_at?.getTime() ?? null,
  };
}

export function eventOf(row: Selectable<TeamTables['audit_event']>): AuditEvent {
  const { id, act, subject, before, after, actor, address } = row;
  const who = { name: actor, requestId: row.request_id, address };
  return { id, at: row.at.getTime(), actor: who, act, subject, before, after };
}
