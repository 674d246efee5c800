import type { ColumnType, Generated } from 'kysely';
import type { Scope } from '../../contracts/authenticator.ts';
import type { Instant, InstantOrNull } from '../jobs/tables.ts';

export interface TeamTables {
  team_version: {
    version: number;
  };
  team: {
    name: string;
    /** Read as it was written; checked when it is read. */
    settings: ColumnType<unknown, string, string>;
    created_at: Instant;
    updated_at: Instant;
  };
  api_key: {
    id: string;
    team: string;
    label: string;
    sha256: string;
    scopes: Scope[];
    created_at: Instant;
    expires_at: ColumnType<Date | null, Date | null, Date | null>;
    revoked_at: InstantOrNull;
    last_used_at: InstantOrNull;
  };
  audit_event: {
    id: Generated<number>;
    at: Instant;
    actor: string;
    act: string;
    subject: string;
    before: ColumnType<unknown, string | null, never>;
    after: ColumnType<unknown, string | null, never>;
    request_id: string | null;
    address: string | null;
  };
}
