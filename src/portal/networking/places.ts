import { networkOf } from '../../address/address.ts';
import type { Range } from '../../address/address.ts';
import type { Spans } from '../../insight/spans.ts';
import type { AddressChange } from './effect.ts';

/** A part of the address space that is drawn as one tile: all of it, a /8, a /16 or a /24. A cell is one octet finer. */
export type Place = Range;

export const wholeSpace: Place = networkOf(0, 0);

export interface Shown {
  readonly change: AddressChange;
  /** The ranges of the rules, before and after. */
  readonly ranges: readonly Range[];
  /** Addresses with a mark: you, callers, who was denied. */
  readonly marks: readonly number[];
}

/**
 * The tiles beside that of all addresses, so that what a cell shows is exact: the finest place in which a rule's ends are ends of
 * cells, and the /24 of each mark. Places that change come first, then those with a mark, then the rest.
 */
export function placesOf({ change, ranges, marks }: Shown): readonly Place[] {
  const places = new Map<string, Place>();
  for (const place of [...ranges.flatMap(placeOfRange), ...marks.map((address) => networkOf(address, 24))]) {
    places.set(`${place.first}/${place.prefix}`, place);
  }
  const rankOf = (place: Place) => {
    if (touches(change.gain, place) || touches(change.lose, place)) return 0;
    return marks.some((address) => place.first <= address && address <= place.last) ? 1 : 2;
  };
  return [...places.values()]
    .map((place) => ({ place, rank: rankOf(place) }))
    .toSorted(
      (one, other) =>
        one.rank - other.rank || one.place.first - other.place.first || one.place.prefix - other.place.prefix,
    )
    .map(({ place }) => place);
}

/** A range of /8 and wider is exact on the tile of all addresses. */
function placeOfRange({ first, prefix }: Range): readonly Place[] {
  const of = [24, 16, 8].find((each) => each < prefix);
  return of === undefined ? [] : [networkOf(first, of)];
}

function touches(spans: Spans, { first, last }: Place): boolean {
  return spans.some((span) => span.first <= last && first <= span.last);
}
