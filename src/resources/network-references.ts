import { accept, wrong } from '../shape/fault.ts';
import type { Shape } from '../shape/shape.ts';
import { membersOf } from './refusal.ts';

/** `{ id }`, as a resource names another. */
export const reference: Shape<string> = (value) => {
  const { id } = membersOf(value);
  return typeof id === 'string' && id !== '' ? accept(id) : wrong(value, 'an object with the ARM id of a resource');
};
