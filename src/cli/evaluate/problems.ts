import { formatCount } from '../print/numbers.ts';

/** Problems that are listed; the others are counted. */
const MOST_LISTED = 50;

/** Bad rows of one file, each with its line, in the form that editors jump to. */
export class FileProblems {
  count = 0;
  readonly #path: string;
  readonly #listed: string[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  add(line: number, message: string): void {
    this.count += 1;
    if (this.#listed.length < MOST_LISTED) this.#listed.push(`${this.#path}:${line}: ${message}`);
  }

  /** One line for each, and what to do. */
  render(): string {
    const more = this.count - this.#listed.length;
    const rest = more > 0 ? [`and ${formatCount(more)} more`] : [];
    return [...this.#listed, ...rest, 'mend or remove these rows, or leave them out with --skip-bad'].join(
      '\n',
    );
  }
}
