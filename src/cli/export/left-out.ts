import { printable } from '../../shape/fault.ts';

/** The parts of a server that a seed cannot say, each with its reason: for the standard error output. */
export class LeftOut {
  readonly #lines: string[] = [];

  add(what: string, why: string): void {
    this.#lines.push(printable(`postern: left out: ${what}: ${why}.`));
  }

  get lines(): readonly string[] {
    return this.#lines;
  }
}
