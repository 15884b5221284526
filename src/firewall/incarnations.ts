/**
 * The subnet incarnations that rules are bound to, each as a small number, so that the GUID of a subnet that many
 * vaults allow is stored once. A number is used for another incarnation when nothing refers to it any more.
 */
export class Incarnations {
  readonly #numbers = new Map<string, number>();
  readonly #names: string[] = [];
  readonly #references: number[] = [];
  readonly #free: number[] = [];

  /** The number of incarnations. */
  get size(): number {
    return this.#numbers.size;
  }

  /** The number of the incarnation. It stays the same until it is released as often as it was acquired. */
  acquire(incarnation: string): number {
    const known = this.#numbers.get(incarnation);
    if (known !== undefined) {
      this.#references[known] = (this.#references[known] ?? 0) + 1;
      return known;
    }
    const number = this.#free.pop() ?? this.#names.length;
    this.#numbers.set(incarnation, number);
    this.#names[number] = incarnation;
    this.#references[number] = 1;
    return number;
  }

  release(number: number): void {
    const references = (this.#references[number] ?? 0) - 1;
    this.#references[number] = references;
    if (references > 0) return;
    this.#numbers.delete(this.#names[number] ?? '');
    this.#names[number] = '';
    this.#free.push(number);
  }

  /** `undefined`: no rule of any vault is bound to it. */
  find(incarnation: string): number | undefined {
    return this.#numbers.get(incarnation);
  }
}
