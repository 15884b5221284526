/** `"recordId":"<id>"}}` and the line's end: a record's id is the last thing on its line, see `withRecordId`. */
export const recordIdMark = { before: '"recordId":"', length: 36, after: '"}}\n' } as const;

/**
 * Makes ids that are unique and ascend bytewise in the order in which they were made: UUID version 7 (RFC 9562 section
 * 5.7) with a counter in `rand_a` (section 6.2, method 1). A clock that goes back does not take the order with it.
 * `random` is asked once for 8 bytes, which keep the ids of two processes apart.
 */
export function recordIdMaker(now: () => number, random: (size: number) => Uint8Array): () => string {
  const nonce = Buffer.from(random(8));
  // The variant of RFC 9562 section 4.1, binary 10.
  nonce.writeUInt8((nonce.readUInt8(0) & 0x3f) | 0x80, 0);
  const tail = `${nonce.toString('hex', 0, 2)}-${nonce.toString('hex', 2)}`;
  let time = 0;
  let counter = 0;
  return () => {
    const at = Math.trunc(now());
    counter = at > time ? 0 : counter + 1;
    time = Math.max(at, time);
    if (counter > 0xfff) {
      time += 1;
      counter = 0;
    }
    const hex = time.toString(16).padStart(12, '0');
    return `${hex.slice(0, 8)}-${hex.slice(8)}-7${counter.toString(16).padStart(3, '0')}-${tail}`;
  };
}
