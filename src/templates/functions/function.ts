import type { Frame } from '../frame.ts';
import { refuse } from '../refusal.ts';
import { isArray, isObject, typeName } from '../value.ts';
import type { Value, ValueObject } from '../value.ts';

/** A function of the template language: its number of arguments, and how it computes its value from theirs. */
export interface TemplateFunction {
  /** The minimum and maximum number of arguments. */
  readonly arity: readonly [number, number];
  readonly run: (given: readonly Value[], call: CallContext) => Value;
  /** `false` if the function returns an existing value. */
  readonly makes?: false;
}

export interface CallContext {
  readonly frame: Frame;
  /** The function's name in the template's spelling. */
  readonly name: string;
}

export type Functions = Readonly<Record<string, TemplateFunction>>;

function wrong(name: string, given: Value, wanted: string): never {
  return refuse(
    `The template language function '${name}' expects its parameter to be of type '${wanted}'. The provided value is of type '${typeName(given)}'. Please see https://aka.ms/arm-functions for usage details.`,
  );
}

/** The argument at `index` as a string. @throws {TemplateRefused} like the functions below */
export function string(given: readonly Value[], index: number, { name }: CallContext): string {
  const value = given[index] ?? null;
  return typeof value === 'string' ? value : wrong(name, value, 'String');
}

export function integer(given: readonly Value[], index: number, { name }: CallContext): number {
  const value = given[index] ?? null;
  return typeof value === 'number' && Number.isInteger(value) ? value : wrong(name, value, 'Integer');
}

export function array(given: readonly Value[], index: number, { name }: CallContext): readonly Value[] {
  const value = given[index] ?? null;
  return isArray(value) ? value : wrong(name, value, 'Array');
}

export function object(given: readonly Value[], index: number, { name }: CallContext): ValueObject {
  const value = given[index] ?? null;
  return isObject(value) ? value : wrong(name, value, 'Object');
}

export function boolean(value: Value, name: string): boolean {
  return typeof value === 'boolean' ? value : wrong(name, value, 'Boolean');
}

/** All arguments as strings. */
export function allStrings(given: readonly Value[], call: CallContext): readonly string[] {
  return given.map((_, index) => string(given, index, call));
}

/** @throws {TemplateRefused} always: the arguments of the function are invalid */
export function mismatch({ name }: CallContext, rule: string): never {
  return refuse(
    `The template language function '${name}' is not valid here: ${rule}. Please see https://aka.ms/arm-functions for usage details.`,
  );
}
