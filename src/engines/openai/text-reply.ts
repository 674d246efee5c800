/** Gathers the body of a reply; the transport bounds its size. */
export class TextReply {
  readonly #chunks: Buffer[] = [];

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  toString(): string {
    const [only] = this.#chunks;
    return only !== undefined && this.#chunks.length === 1
      ? only.toString('utf8')
      : Buffer.concat(this.#chunks).toString('utf8');
  }
}
