import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Response } from 'express';

/**
 * The browsable API description at `/docs`: Swagger UI from its npm package, so that it works without a
 * network, under a policy that runs nothing but those files.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Assay API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" href="/docs/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#swagger-ui', deepLinking: true, validatorUrl: null });
`;

/** The only files of the package that are served. */
const FILES: ReadonlySet<string> = new Set(['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png']);

export function sendDocsPage(response: Response): void {
  setDocsHeaders(response);
  response.type('html').send(PAGE);
}

/** False when there is no such file. */
export function sendDocsFile(response: Response, file: string): boolean {
  if (file !== 'start.js' && !FILES.has(file)) return false;
  setDocsHeaders(response);
  if (file === 'start.js') response.type('js').send(START);
  else response.sendFile(join(packageFolder(), file), { maxAge: '1h' });
  return true;
}

function setDocsHeaders(response: Response): void {
  response.set({
    'content-security-policy': POLICY,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  });
}

function packageFolder(): string {
  const require = createRequire(import.meta.url);
  return dirname(require.resolve('swagger-ui-dist/package.json'));
}
