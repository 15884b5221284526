import { printable } from '../../shape/fault.ts';

/**
 * The parts of a server that are not in its seed, each with its reason, for the standard error output: what a seed cannot
 * say, and values that were asked for and refused.
 */
export class LeftOut {
  readonly #lines: string[] = [];
  /** Whether a value was asked for and refused. */
  isIncomplete = false;

  add(what: string, why: string): void {
    this.#lines.push(printable(`postern: left out: ${what}: ${why}.`));
  }

  refused(what: string, why: string): void {
    this.isIncomplete = true;
    this.#lines.push(printable(`postern: not read: ${what}: ${why}`));
  }

  get lines(): readonly string[] {
    return this.#lines;
  }
}
