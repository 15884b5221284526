import fc from 'fast-check';
import {
  anything,
  array,
  boolean,
  choice,
  object,
  optional,
  record,
  string,
  wholeNumber,
} from '../../src/shape/shape.ts';
import type { Members, Shape } from '../../src/shape/shape.ts';

/** A shape as data, of which the test makes its own reader. */
export type Model =
  | { readonly kind: 'string' | 'boolean' | 'number' | 'word' | 'anything' }
  | { readonly kind: 'array' | 'record'; readonly of: Model }
  | { readonly kind: 'object'; readonly members: Readonly<Record<string, Member>> };

interface Member {
  readonly model: Model;
  readonly isOptional: boolean;
}

export interface Found {
  readonly kind: string;
  readonly path: readonly (string | number)[];
}

const leaves = {
  string,
  boolean,
  number: wholeNumber(0, 3),
  word: choice(['a', 'B']),
  anything,
};

export function shapeOf(model: Model): Shape<unknown, unknown> {
  switch (model.kind) {
    case 'array':
      return array(shapeOf(model.of));
    case 'record':
      return record(shapeOf(model.of));
    case 'object': {
      const members: [string, Members[string]][] = Object.entries(model.members).map(([name, member]) => {
        const shape = shapeOf(member.model);
        return [name, member.isOptional ? optional(shape) : shape];
      });
      return object(Object.fromEntries(members));
    }
    default:
      return leaves[model.kind];
  }
}

/** All faults in document order, found in another way than the reader's: it does not stop at the first. */
export function faultsOf(model: Model, value: unknown): readonly Found[] {
  const wrongType: readonly Found[] = [{ kind: 'wrongType', path: [] }];
  const members: readonly (readonly [string, unknown])[] =
    typeof value === 'object' && value !== null ? Object.entries(value) : [];
  switch (model.kind) {
    case 'string':
    case 'boolean':
      return typeof value === model.kind ? [] : wrongType;
    case 'number':
      return [0, 1, 2, 3].some((number) => number === value) ? [] : [{ kind: 'outOfRange', path: [] }];
    case 'word':
      if (typeof value !== 'string') return wrongType;
      return ['a', 'A', 'b', 'B'].includes(value) ? [] : [{ kind: 'unknownChoice', path: [] }];
    case 'anything':
      return [];
    case 'array':
      if (!Array.isArray(value)) return wrongType;
      return value.flatMap((item: unknown, index) => below(index, faultsOf(model.of, item)));
    case 'record':
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrongType;
      return members.flatMap(([name, item]) => below(name, faultsOf(model.of, item)));
    default: {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrongType;
      const given = members.flatMap(([name, item]): readonly Found[] => {
        const member = Object.hasOwn(model.members, name) ? model.members[name] : undefined;
        if (member === undefined) return [{ kind: 'unknownMember', path: [] }];
        return item === null ? [] : below(name, faultsOf(member.model, item));
      });
      const present = new Set(members.flatMap(([name, item]) => (item === null ? [] : [name])));
      const absent = Object.entries(model.members).filter(([name, member]) => !member.isOptional && !present.has(name));
      return [...given, ...absent.map((): Found => ({ kind: 'missingMember', path: [] }))];
    }
  }
}

function below(segment: string | number, faults: readonly Found[]): readonly Found[] {
  return faults.map(({ kind, path }) => ({ kind, path: [segment, ...path] }));
}

const names = fc.constantFrom('a', 'b', 'c', 'toString');
const { model } = fc.letrec<{ model: Model }>((tie) => ({
  model: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ kind: fc.constantFrom('string', 'boolean', 'number', 'word', 'anything') }),
    fc.record({ kind: fc.constantFrom('array', 'record'), of: tie('model') }),
    fc.record({
      kind: fc.constant('object'),
      members: fc.dictionary(names, fc.record({ model: tie('model'), isOptional: fc.boolean() })),
    }),
  ),
}));

/** Values that a model allows, sometimes with a part that it does not. */
function valueOf(of: Model): fc.Arbitrary<unknown> {
  return fc.oneof({ arbitrary: fitting(of), weight: 12 }, { arbitrary: fc.jsonValue({ maxDepth: 2 }), weight: 1 });
}

function fitting(of: Model): fc.Arbitrary<unknown> {
  switch (of.kind) {
    case 'string':
      return fc.string();
    case 'boolean':
      return fc.boolean();
    case 'number':
      return fc.integer({ min: 0, max: 3 });
    case 'word':
      return fc.constantFrom('a', 'A', 'b', 'B');
    case 'anything':
      return fc.jsonValue({ maxDepth: 1 });
    case 'array':
      return fc.array(valueOf(of.of), { maxLength: 3 });
    case 'record':
      return fc.dictionary(fc.string(), valueOf(of.of), { maxKeys: 3 });
    default: {
      const members = Object.entries(of.members).map(([name, member]) => [name, valueOf(member.model)] as const);
      const needed = Object.keys(of.members).filter((name) => of.members[name]?.isOptional === false);
      return fc
        .tuple(fc.record(Object.fromEntries(members), { requiredKeys: needed }), fc.boolean(), fc.nat(20))
        .map(([value, isReversed, other]) => {
          const entries = Object.entries(value);
          if (isReversed) entries.reverse();
          if (other === 0) entries.push(['other', null]);
          if (other === 1) entries.shift();
          return Object.fromEntries(entries);
        });
    }
  }
}

/** A model with a value that it may allow. */
export const models = model.chain((one) => fc.record({ model: fc.constant(one), value: valueOf(one) }));
