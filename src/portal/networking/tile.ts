import { piecesOf } from '../../insight/spans.ts';
import type { Span, Spans } from '../../insight/spans.ts';
import { hilbertPoint, sideCells } from './hilbert.ts';
import type { Place } from './places.ts';

const cells = sideCells ** 2;
const points = Array.from({ length: cells }, (_, at) => hilbertPoint(at));

/** The addresses of a set in a place, by cell: 0 to the cell's size. */
export function cellsOf(spans: Spans, place: Place): readonly number[] {
  const sizeOfCell = cellSize(place);
  const filled = Array.from({ length: cells }, () => 0);
  for (const { first, last } of within(spans, place)) {
    const end = Math.floor((last - place.first) / sizeOfCell);
    for (let at = Math.floor((first - place.first) / sizeOfCell); at <= end; at += 1) {
      const from = place.first + at * sizeOfCell;
      filled[at] = (filled[at] ?? 0) + Math.min(last, from + sizeOfCell - 1) - Math.max(first, from) + 1;
    }
  }
  return filled;
}

export function cellSize({ first, last }: Span): number {
  return (last - first + 1) / cells;
}

export function countIn(spans: Spans, place: Place): number {
  return within(spans, place).reduce((all, { first, last }) => all + last - first + 1, 0);
}

function within(spans: Spans, { first, last }: Place): Spans {
  return piecesOf(spans, [{ first, last }]);
}

/** How far the square of a cell that is filled in part is drawn from the cell's sides. */
const partInset = 0.22;

/** The outline of the filled cells as the `d` of an SVG path, a cell one unit wide; '' where there is none. */
export function cellsPath(filled: readonly number[], sizeOfCell: number): string {
  return filled
    .map((addresses, at) => {
      const point = points[at];
      if (addresses === 0 || point === undefined) return '';
      const inset = addresses === sizeOfCell ? 0 : partInset;
      const side = 1 - 2 * inset;
      return `M${point.x + inset} ${point.y + inset}h${side}v${side}h${-side}z`;
    })
    .join('');
}

/** The middle of the cell that an address is in; `undefined` outside of the place. */
export function middleOf(address: number, place: Place): { readonly x: number; readonly y: number } | undefined {
  if (address < place.first || address > place.last) return undefined;
  const point = points[Math.floor((address - place.first) / cellSize(place))];
  return point && { x: point.x + 0.5, y: point.y + 0.5 };
}

/** The first address of the cell at a point of the tile. */
export function addressAt({ x, y }: { readonly x: number; readonly y: number }, place: Place): number | undefined {
  const at = points.findIndex((point) => point.x === Math.floor(x) && point.y === Math.floor(y));
  return at < 0 ? undefined : place.first + at * cellSize(place);
}
