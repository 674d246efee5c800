import type { CallClass } from '../contracts/call.ts';
import type { Principal } from '../contracts/authenticator.ts';
import { GatewayError } from '../domain/errors.ts';

/** The header by which a request says how urgent it is. */
export const PRIORITY_HEADER = 'x-assay-priority';

/** Classes that a request may name, the most urgent first; audits are Assay's own. */
const CLASSES: readonly CallClass[] = ['interactive', 'trainer', 'batch'];

/**
 * The class of a request's calls: the one that it names, else `preferred`, else the most urgent that its team
 * may use. Throws
 * `invalid_request` for a word that is none, `forbidden` for a class that is not the team's.
 */
export function classOf(
  header: string | string[] | undefined,
  principal: Principal | null,
  preferred: CallClass | null = null,
): CallClass {
  const allowed = principal?.classes ?? null;
  if (header === undefined) {
    if (preferred !== null && (allowed === null || allowed.has(preferred))) return preferred;
    return CLASSES.find((each) => allowed === null || allowed.has(each)) ?? 'interactive';
  }
  const named = CLASSES.find((each) => each === header);
  if (named === undefined) {
    throw new GatewayError('invalid_request', `${PRIORITY_HEADER} must be one of ${CLASSES.join(', ')}`, {
      param: PRIORITY_HEADER,
    });
  }
  if (allowed === null || allowed.has(named)) return named;
  throw new GatewayError('forbidden', `this team may not make calls of class ${named}`, {
    param: PRIORITY_HEADER,
  });
}
