import { ConfigError, type ConfigProblem } from '../contracts/program.ts';
import { usageError } from './exit.ts';

/** One line per problem, in the form that editors jump to: `assay.yaml:12:5: engines.small: …`. */
export function renderProblems(file: string, problems: readonly ConfigProblem[]): string {
  return problems.map((problem) => renderProblem(file, problem)).join('\n');
}

function renderProblem(file: string, { path, line, column, message }: ConfigProblem): string {
  const place = [file, line, line === null ? null : column].filter((part) => part !== null).join(':');
  return path === '' ? `${place}: ${message}` : `${place}: ${path}: ${message}`;
}

/** Runs what needs the configuration `file`; a bad one ends the command with all its problems. */
export async function withConfig<T>(file: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof ConfigError) throw usageError(renderProblems(file, error.problems));
    throw error;
  }
}
