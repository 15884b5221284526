interface QueryOptions {
  readonly type?: number;
  readonly class?: number;
  /** With an OPT record. */
  readonly extended?: boolean;
}

/** A DNS query for a name, with the id 0x1234 and recursion desired. */
export function queryFor(name: string, { type = 1, class: asked = 1, extended = false }: QueryOptions = {}): Buffer {
  const labels = name === '' ? [] : name.split('.');
  return Buffer.concat([
    Buffer.from([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, extended ? 1 : 0]),
    ...labels.map((label) => Buffer.from([label.length, ...Buffer.from(label, 'latin1')])),
    Buffer.from([0, type >> 8, type & 255, asked >> 8, asked & 255]),
    extended ? Buffer.from([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]) : Buffer.alloc(0),
  ]);
}
