import { join } from 'node:path';
import { build } from 'vite';

const FOLDER = join(import.meta.dirname, '../../src/console');

/** Script and style of the page that the admin port serves under /console, by name, built of src/console. */
export async function consoleFiles(): Promise<Readonly<Record<string, string>>> {
  const built = await build({
    configFile: false,
    root: FOLDER,
    logLevel: 'error',
    build: {
      write: false,
      target: 'es2023',
      cssCodeSplit: false,
      minify: true,
      modulePreload: false,
      rolldownOptions: {
        input: join(FOLDER, 'app.ts'),
        output: { format: 'iife', entryFileNames: 'console.js', assetFileNames: 'console[extname]' },
      },
    },
  });
  const files: Record<string, string> = {};
  const [first] = Array.isArray(built) ? built : [built];
  if (first === undefined || !('output' in first)) throw new Error('Vite built nothing');
  for (const file of first.output)
    files[file.fileName] = file.type === 'chunk' ? file.code : Buffer.from(file.source).toString('utf8');
  return files;
}
