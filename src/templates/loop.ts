import type { Frame } from './frame.ts';
import { refuse } from './refusal.ts';
import { isObject } from './value.ts';
import type { Value, ValueObject } from './value.ts';

/** Azure's limit for iterations ("Resource iteration in ARM templates"). */
const copiesMax = 800;

/** Whether a value describes a property that a loop makes. */
export function isLoop(value: Value): value is ValueObject {
  return (
    isObject(value) && typeof value['name'] === 'string' && value['count'] !== undefined && value['input'] !== undefined
  );
}

/** Reads the name and count of a `copy`. `mode` and `batchSize` have no effect, because resources are deployed one after the other. */
export function readLoop(
  loop: ValueObject,
  frame: Frame,
  evaluate: (value: Value, frame: Frame) => Value,
): { readonly name: string; readonly count: number } {
  const name = evaluate(loop['name'] ?? 'copy', frame);
  if (typeof name !== 'string' || name === '') return refuse("The template copy definition has no 'name'.");
  const count = evaluate(loop['count'] ?? null, frame);
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 0 || count > copiesMax) {
    return refuse(
      `The template copy count of '${name}' is '${JSON.stringify(count)}'. The copy count must be a whole number from 0 to ${copiesMax}. Please see https://aka.ms/arm-copy for usage details.`,
    );
  }
  return { name, count };
}
