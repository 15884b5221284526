import { isArray, isObject, sameValue } from './value.ts';
import type { Value } from './value.ts';

/** A property that differs, in the form of what-if: path, kind of change, and the values before and after ("ARM template what-if"). */
export interface PropertyChange {
  /** `properties.networkAcls.bypass`; in an array, the index. */
  readonly path: string;
  readonly propertyChangeType: 'Create' | 'Delete' | 'Modify' | 'Array';
  readonly before?: Value;
  readonly after?: Value;
  readonly children?: readonly PropertyChange[];
}

/** The differences between two states of a resource; empty if they are equal. */
export function compare(before: Value, after: Value): readonly PropertyChange[] {
  return changes([before, after], '', false);
}

/** `isShown`: an enclosing array already shows them in its own `before` and `after`. */
function changes([before, after]: readonly [Value, Value], path: string, isShown: boolean): readonly PropertyChange[] {
  if (sameValue(before, after)) return [];
  if (isObject(before) && isObject(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names].flatMap((name) => {
      const at = path === '' ? name : `${path}.${name}`;
      return compareMember([memberAt(before, name), memberAt(after, name)], at, isShown);
    });
  }
  if (isArray(before) && isArray(after)) {
    const length = Math.max(before.length, after.length);
    const children = Array.from({ length }, (_, index) =>
      compareMember([before[index], after[index]], String(index), true),
    ).flat();
    // An array inside an array does not show its values again: with many levels they would be shown as many times.
    return [{ path, propertyChangeType: 'Array', ...(!isShown && { before, after }), children }];
  }
  return [{ path, propertyChangeType: 'Modify', before, after }];
}

function compareMember(
  [before, after]: readonly [Value | undefined, Value | undefined],
  path: string,
  isShown: boolean,
): readonly PropertyChange[] {
  if (before === undefined) return after === undefined ? [] : [{ path, propertyChangeType: 'Create', after }];
  if (after === undefined) return [{ path, propertyChangeType: 'Delete', before }];
  return changes([before, after], path, isShown);
}

function memberAt(object: { readonly [name: string]: Value }, name: string): Value | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}
