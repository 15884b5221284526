import type { Frame } from '../frame.ts';
import { refuse } from '../refusal.ts';
import { isArray, isObject, typeName } from '../value.ts';
import type { Value, ValueObject } from '../value.ts';

/** A function of the template language: how many arguments it takes, and what it makes of their values. */
export interface TemplateFunction {
  /** Least and most. */
  readonly arity: readonly [number, number];
  readonly run: (given: readonly Value[], call: Called) => Value;
  /** `false` for one that hands on a value that is there already. */
  readonly makes?: false;
}

export interface Called {
  readonly frame: Frame;
  /** As the template spells the function. */
  readonly name: string;
}

export type Functions = Readonly<Record<string, TemplateFunction>>;

function wrong(name: string, given: Value, wanted: string): never {
  return refuse(
    `The template language function '${name}' expects its parameter to be of type '${wanted}'. The provided value is of type '${typeName(given)}'. Please see https://aka.ms/arm-functions for usage details.`,
  );
}

/** The argument at `index` as a string. @throws {TemplateRefused} as the others below */
export function text(given: readonly Value[], index: number, { name }: Called): string {
  const value = given[index] ?? null;
  return typeof value === 'string' ? value : wrong(name, value, 'String');
}

export function integer(given: readonly Value[], index: number, { name }: Called): number {
  const value = given[index] ?? null;
  return typeof value === 'number' && Number.isInteger(value) ? value : wrong(name, value, 'Integer');
}

export function array(given: readonly Value[], index: number, { name }: Called): readonly Value[] {
  const value = given[index] ?? null;
  return isArray(value) ? value : wrong(name, value, 'Array');
}

export function object(given: readonly Value[], index: number, { name }: Called): ValueObject {
  const value = given[index] ?? null;
  return isObject(value) ? value : wrong(name, value, 'Object');
}

export function boolean(value: Value, name: string): boolean {
  return typeof value === 'boolean' ? value : wrong(name, value, 'Boolean');
}

/** All arguments as strings. */
export function texts(given: readonly Value[], call: Called): readonly string[] {
  return given.map((_, index) => text(given, index, call));
}

/** @throws {TemplateRefused} always: the arguments of `name` do not fit */
export function mismatch({ name }: Called, rule: string): never {
  return refuse(
    `The template language function '${name}' is not valid here: ${rule}. Please see https://aka.ms/arm-functions for usage details.`,
  );
}
