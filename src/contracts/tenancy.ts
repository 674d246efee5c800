import type { CallClass } from './call.ts';

/** Who calls. Only an `Authenticator` makes one; there is no empty principal. */
export interface Principal {
  readonly team: string;
  /** Id of the key used, for logs; null for the anonymous team of a gateway without keys. */
  readonly keyId: string | null;
  /** Policies the team may use; null means all. */
  readonly policies: ReadonlySet<string> | null;
  /** Classes that its requests may name; absent means all. */
  readonly classes?: ReadonlySet<CallClass>;
}

export interface Authenticator {
  /**
   * Checks an `Authorization` header (Bearer, or Basic with the key as user name).
   * Throws `GatewayError` `unauthenticated`, with the same message for every reason.
   */
  authenticate(authorization: string | undefined): Principal;
}
