import { z } from 'zod';

const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const;

/** Bearer tokens of an identity provider beside keys. */
export const oidc = z.strictObject({
  issuer: z.string().min(1).describe('Issuer (`iss`) of the tokens, letter for letter.'),
  audience: z.string().min(1).describe('Audience (`aud`) that tokens for this gateway have.'),
  jwks: z
    .url({ protocol: /^https?$/ })
    .refine((url) => url.startsWith('https:') || LOOPBACK.test(url), {
      error: 'an https URL, or one of this machine',
    })
    .describe("URL of the issuer's public keys (`jwks_uri` of its discovery document)."),
  algorithms: z
    .array(z.enum(ALGORITHMS))
    .min(1)
    .default(['RS256', 'ES256'])
    .describe('Signatures that are taken.'),
  clockToleranceSeconds: z
    .int()
    .min(0)
    .max(300)
    .default(30)
    .describe("How far the issuer's clock may be off, in seconds."),
  keysMaxAgeSeconds: z
    .int()
    .min(60)
    .max(604_800)
    .default(86_400)
    .describe('How long known keys are good while the issuer cannot be asked, in seconds.'),
  teamClaim: z
    .string()
    .min(1)
    .default('groups')
    .describe('Claim with the name, or the names, that teams are told by.'),
  teams: z
    .record(z.string().min(1), z.string().min(1))
    .describe(
      'Team (of `teams`) for each name; the first one here that a token has counts. Other tokens are refused.',
    ),
  scopes: z
    .strictObject({
      claim: z.string().min(1).default('scope').describe('Claim with words that say what is allowed.'),
      values: z.record(z.string().min(1), z.enum(['submit', 'read'])).describe('What each word allows.'),
    })
    .optional()
    .describe('What tokens allow; default: each may submit and read.'),
});

const LOOPBACK = /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?\//;

export type OidcConfig = z.infer<typeof oidc>;
