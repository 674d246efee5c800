import type { Paint } from '../print/paint.ts';
import { type Column, renderTable } from '../print/table.ts';
import type { EventReply, KeyReply, TeamReply } from './desk.ts';

const TEAM_COLUMNS: readonly Column[] = [
  { title: 'team' },
  { title: 'from' },
  { title: 'live keys', align: 'right' },
  { title: 'share', align: 'right' },
  { title: 'policies' },
  { title: 'limits' },
];

export function renderTeams(teams: readonly TeamReply[], paint: Paint): string {
  if (teams.length === 0) return 'There are no teams; assay teams add makes one.\n';
  const rows = teams.map(({ name, source, live_keys: live, settings }) => [
    name,
    source,
    String(live),
    String(settings.share),
    settings.policies?.join(', ') ?? 'all',
    limitsText(settings.limits),
  ]);
  return renderTable(TEAM_COLUMNS, rows, paint);
}

function limitsText(limits: Readonly<Record<string, number>>): string {
  const texts = Object.entries(limits).map(([name, most]) => `${name} ${most}`);
  return texts.length === 0 ? 'none' : texts.join(', ');
}

const KEY_COLUMNS: readonly Column[] = [
  { title: 'key' },
  { title: 'label' },
  { title: 'scopes' },
  { title: 'state' },
  { title: 'made' },
  { title: 'ends' },
  { title: 'last used' },
];

export function renderKeys(keys: readonly KeyReply[], now: number, paint: Paint): string {
  if (keys.length === 0) return 'The team has no keys in the ledger; assay keys new makes one.\n';
  const rows = keys.map((key) => [
    key.id,
    key.label,
    key.scopes.join(', '),
    stateOf(key, now, paint),
    minuteOf(key.created_at),
    minuteOf(key.expires_at),
    minuteOf(key.last_used_at),
  ]);
  return renderTable(KEY_COLUMNS, rows, paint);
}

function stateOf(
  { revoked_at: revokedAt, expires_at: expiresAt }: KeyReply,
  now: number,
  paint: Paint,
): string {
  if (revokedAt !== null) return paint('red', 'revoked');
  if (expiresAt !== null && Date.parse(expiresAt) <= now) return paint('yellow', 'expired');
  return paint('green', 'live');
}

/** `2026-11-24 23:05`, UTC. */
function minuteOf(at: string | null): string {
  return at === null ? '–' : at.slice(0, 16).replace('T', ' ');
}

const EVENT_COLUMNS: readonly Column[] = [
  { title: 'no.', align: 'right' },
  { title: 'when (UTC)' },
  { title: 'who' },
  { title: 'act' },
  { title: 'on' },
  { title: 'after' },
];

export function renderEvents(events: readonly EventReply[], paint: Paint): string {
  if (events.length === 0) return 'Nobody did anything yet.\n';
  const rows = events.map(({ id, at, actor, act, subject, after }) => [
    String(id),
    at.slice(0, 19).replace('T', ' '),
    actor,
    act,
    subject,
    after === null ? '–' : JSON.stringify(after),
  ]);
  return renderTable(EVENT_COLUMNS, rows, paint);
}
