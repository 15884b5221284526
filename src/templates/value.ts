/** A JSON value in a template: the operands and results of expressions. */
export type Value = string | number | boolean | null | readonly Value[] | ValueObject;

export interface ValueObject {
  readonly [name: string]: Value;
}

/** How deep the values of a template may be nested. */
export const depthMax = 100;

/** Converts parsed JSON to a value; `undefined` if it is nested too deeply or contains something that is not JSON. */
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
  // Entries, not assignments: `__proto__` must be a member like any other.
  return Object.fromEntries(members);
}

export function isObject(value: Value | undefined): value is ValueObject {
  return typeof value === 'object' && value !== null && !isArray(value);
}

export function isArray(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}

/** A member of an object by name, ignoring case, as in templates; `undefined` if it does not exist. */
export function memberOf(object: ValueObject, name: string): Value | undefined {
  if (Object.hasOwn(object, name)) return object[name];
  const wanted = name.toLowerCase();
  const found = Object.keys(object).find((key) => key.toLowerCase() === wanted);
  return found === undefined ? undefined : object[found];
}

/** The names of value types in Azure's errors. */
export function typeName(value: Value): string {
  if (value === null) return 'Null';
  if (isArray(value)) return 'Array';
  if (typeof value === 'object') return 'Object';
  if (typeof value === 'number') return Number.isInteger(value) ? 'Integer' : 'Float';
  return typeof value === 'string' ? 'String' : 'Boolean';
}

/** A value in an error message. */
export function shown(value: Value | undefined): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/** Whether two values are equal. The order of an object's members does not matter. */
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
 * A key that is the same for two values exactly if `sameValue` is true for them, so that a `Set` can find duplicates
 * without comparing each pair.
 */
export function identityOf(value: Value): string | number | boolean | null {
  if (typeof value === 'string') return `'${value}`;
  return typeof value === 'object' && value !== null ? canonical(value) : value;
}

/** JSON with the members of objects sorted by name. */
function canonical(value: Value): string {
  if (isArray(value)) return `[${value.map(canonical).join()}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.keys(value).toSorted();
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name] ?? null)}`).join()}}`;
}
