/** Whether a rule is on both sides of a change, or on one. */
export type Side = 'kept' | 'new' | 'removed';

/** The rules of both sides in one list, each key once: those in force in their order, then the new ones. */
export function bothSides<T>(
  before: readonly T[],
  after: readonly T[],
  keyOf: (rule: T) => string,
): readonly { readonly key: string; readonly rule: T; readonly side: Side }[] {
  const [had, has] = [new Set(before.map(keyOf)), new Set(after.map(keyOf))];
  const rules = new Map([...before, ...after].toReversed().map((rule) => [keyOf(rule), rule]));
  return [...new Set([...had, ...has])].flatMap((key) => {
    const rule = rules.get(key);
    if (rule === undefined) return [];
    return [{ key, rule, side: had.has(key) ? (has.has(key) ? 'kept' : 'removed') : 'new' }];
  });
}

/** The draft's rules with a removed one where it was. */
export function restored<T>(
  {
    before,
    after,
    keyOf,
  }: { readonly before: readonly T[]; readonly after: readonly T[]; readonly keyOf: (rule: T) => string },
  key: string,
): readonly T[] {
  const [had, has] = [new Set(before.map(keyOf)), new Set(after.map(keyOf)).add(key)];
  return [...before.filter((rule) => has.has(keyOf(rule))), ...after.filter((rule) => !had.has(keyOf(rule)))];
}
