import { accept, breached } from '../shape/fault.ts';
import type { Read } from '../shape/fault.ts';
import { array, object as shapeOf, optional } from '../shape/shape.ts';
import type { Members, Shape } from '../shape/shape.ts';

/** An object whose members are checked also when they are `null`. */
export function object<M extends Members>(members: M) {
  return shapeOf(members, { nullIsValue: true });
}

/** A list that may be omitted, which means empty. */
export function optionalList<T, B>(element: Shape<T, B>) {
  return optional(array(element), []);
}

/** Refuses two objects with the same value of a member. `compared` maps the value to the form that is compared. */
export function unique<Name extends string>(member: Name, compared = (name: string) => name) {
  return <T extends { readonly [K in Name]: string }>(all: readonly T[]): Read<readonly T[], string> => {
    const names = all.map((one) => compared(one[member]));
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    return twice === undefined ? accept(all) : breached(all, `: the ${member} ${twice} appears twice`);
  };
}
