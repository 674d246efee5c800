import type { Said } from './shell.ts';

/** Writes down what was asked of the cluster and what came of it. */
export class Steps {
  #passed = 0;
  #failed = 0;

  title(text: string): void {
    this.#print(`\n## ${text}\n`);
  }

  /** The command must go well. */
  yes(what: string, { ok, text }: Said): boolean {
    return this.that(what, ok, ok ? '' : text.split('\n').slice(-6).join('\n'));
  }

  /** The command must fail and say `why`. */
  no(what: string, why: RegExp, { ok, text }: Said): boolean {
    const line = text.split('\n').find((one) => why.test(one));
    if (ok) return this.that(what, false, 'it was accepted');
    return this.that(what, line !== undefined, (line ?? text).trim().slice(0, 300));
  }

  that(what: string, isTrue: boolean, detail = ''): boolean {
    if (isTrue) this.#passed += 1;
    else this.#failed += 1;
    this.#print(`${isTrue ? 'ok  ' : 'FAIL'} ${what}${detail === '' ? '' : `\n     ${detail}`}`);
    return isTrue;
  }

  /** Ends with the line that CI reads; true when all went well. */
  end(): boolean {
    this.#print(`\n${this.#passed} passed, ${this.#failed} failed`);
    return this.#failed === 0;
  }

  #print(text: string): void {
    process.stdout.write(`${text}\n`);
  }
}
