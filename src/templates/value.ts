/** A JSON value of a template: what its expressions work on, and what they give. */
export type Value = string | number | boolean | null | readonly Value[] | ValueObject;

export interface ValueObject {
  readonly [name: string]: Value;
}

/** How deep the values of a template may be nested. */
export const depthMax = 100;

/** JSON that was parsed, as a value; `undefined` when it is nested too deeply or holds what JSON cannot. */
export function readValue(found: unknown, depth = 0): Value | undefined {
  if (found === null || typeof found === 'string' || typeof found === 'boolean') return found;
  if (typeof found === 'number') return Number.isFinite(found) ? found : undefined;
  if (typeof found !== 'object' || depth > depthMax) return undefined;
  if (Array.isArray(found)) {
    const items: Value[] = [];
    for (const item of found) {
      const value = readValue(item, depth + 1);
      if (value === undefined) return undefined;
      items.push(value);
    }
    return items;
  }
  const members: [string, Value][] = [];
  for (const [name, item] of Object.entries(found)) {
    const value = readValue(item, depth + 1);
    if (value === undefined) return undefined;
    members.push([name, value]);
  }
  // Entries, not assignments: `__proto__` is a name like any other.
  return Object.fromEntries(members);
}

export function isObject(value: Value | undefined): value is ValueObject {
  return typeof value === 'object' && value !== null && !isArray(value);
}

export function isArray(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}

/** A member of an object, in any case, as templates name members; `undefined` when there is none. */
export function memberOf(object: ValueObject, name: string): Value | undefined {
  if (Object.hasOwn(object, name)) return object[name];
  const wanted = name.toLowerCase();
  const found = Object.keys(object).find((key) => key.toLowerCase() === wanted);
  return found === undefined ? undefined : object[found];
}

/** The names that Azure's errors give to the types of values. */
export function typeName(value: Value): string {
  if (value === null) return 'Null';
  if (isArray(value)) return 'Array';
  if (typeof value === 'object') return 'Object';
  if (typeof value === 'number') return Number.isInteger(value) ? 'Integer' : 'Float';
  return typeof value === 'string' ? 'String' : 'Boolean';
}

/** A value as errors show it. */
export function shown(value: Value | undefined): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/** Whether two values are the same; members of an object in any order. */
export function sameValue(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (isArray(a)) {
    return isArray(b) && a.length === b.length && a.every((item, index) => sameValue(item, b[index] ?? null));
  }
  if (!isObject(a) || !isObject(b)) return false;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && sameValue(a[name] ?? null, b[name] ?? null))
  );
}

/**
 * A key that two values have in common exactly where `sameValue` says that they are the same, so that a `Set` can tell
 * them apart without comparing each with each.
 */
export function identityOf(value: Value): string | number | boolean | null {
  if (typeof value === 'string') return `'${value}`;
  return typeof value === 'object' && value !== null ? canonical(value) : value;
}

/** JSON with the members of objects in the order of their names. */
function canonical(value: Value): string {
  if (isArray(value)) return `[${value.map(canonical).join()}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.keys(value).toSorted();
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name] ?? null)}`).join()}}`;
}
