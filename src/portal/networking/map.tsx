import type { RefObject } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { formatIpv4, formatRange, parseRange } from '../../address/address.ts';
import type { Range } from '../../address/address.ts';
import { union } from '../../insight/spans.ts';
import { reservedRanges } from '../../firewall/validate.ts';
import { counted } from '../ui/words.ts';
import { addressCount } from './effect.ts';
import type { AddressChange } from './effect.ts';
import { sideCells } from './hilbert.ts';
import { placesOf, wholeSpace } from './places.ts';
import type { Place } from './places.ts';
import { addressAt, cellSize, cellsOf, cellsPath, countIn, middleOf } from './tile.ts';

interface Marks {
  readonly you: number | undefined;
  readonly denied: readonly number[];
  readonly callers: readonly number[];
}

interface AddressMapProps {
  readonly change: AddressChange;
  readonly ranges: readonly Range[];
  readonly marks: Marks;
  /** Is given the address of a cell that was clicked. */
  readonly onAsk: (address: string) => void;
}

const tilesFirst = 9;
const reserved = union(reservedRanges);

/** The addresses that get in, as tiles of 16 × 16 cells: all of them, and each place where a rule or a caller is. */
export function AddressMap({ change, ranges, marks, onAsk }: AddressMapProps) {
  const [all, setAll] = useState(false);
  const places = useMemo(() => {
    const { you, denied, callers } = marks;
    const marked = [...(you === undefined ? [] : [you]), ...denied, ...callers];
    return [wholeSpace, ...placesOf({ change, ranges, marks: marked })];
  }, [change, ranges, marks.you, marks.denied, marks.callers]);
  const shown = all ? places : places.slice(0, tilesFirst);
  const tiles = useRef<HTMLUListElement>(null);
  useCellClick(tiles, onAsk);
  return (
    <section aria-label="Map of addresses">
      <Patterns />
      <ul class="tiles" ref={tiles}>
        {shown.map((place) => (
          <li key={formatRange(place)}>
            <Tile place={place} change={change} marks={marks} />
          </li>
        ))}
      </ul>
      {places.length > tilesFirst && (
        <button
          type="button"
          class="quiet"
          onClick={() => {
            setAll(!all);
          }}
        >
          {all ? 'Show fewer' : `Show ${counted(places.length - tilesFirst, 'more place')}`}
        </button>
      )}
      <Legend />
    </section>
  );
}

/**
 * A click on a cell asks for its address. It is a shortcut of the pointer alone: the field for an address is the keyboard's way,
 * so the tiles are pictures and no buttons.
 */
function useCellClick(tiles: RefObject<HTMLUListElement | null>, onAsk: (address: string) => void): void {
  useEffect(() => {
    const list = tiles.current;
    const clicked = (event: MouseEvent) => {
      const tile = event.target instanceof Element ? event.target.closest('svg') : null;
      const place = parseRange(tile?.dataset['place'] ?? '');
      if (tile === null || !place.ok) return;
      const { left, top, width } = tile.getBoundingClientRect();
      const unit = width / sideCells;
      const address = addressAt({ x: (event.clientX - left) / unit, y: (event.clientY - top) / unit }, place.range);
      if (address !== undefined) onAsk(formatIpv4(address));
    };
    list?.addEventListener('click', clicked);
    return () => {
      list?.removeEventListener('click', clicked);
    };
  }, [onAsk]);
}

interface TileProps {
  readonly place: Place;
  readonly change: AddressChange;
  readonly marks: Marks;
}

function Tile({ place, change, marks }: TileProps) {
  const paths = useMemo(() => {
    const pathOf = (spans: AddressChange['stay']) => cellsPath(cellsOf(spans, place), cellSize(place));
    return {
      reserved: pathOf(reserved),
      stay: pathOf(change.stay),
      gain: pathOf(change.gain),
      lose: pathOf(change.lose),
    };
  }, [place.first, place.prefix, change]);
  const name = place.prefix === 0 ? 'All IPv4' : formatRange(place);
  const says = saidOf(place, change, marks);
  return (
    <figure class="tile">
      <figcaption class="tile-name">{name}</figcaption>
      <svg viewBox="0 0 16 16" role="img" aria-label={`${name}: ${says}`} data-place={formatRange(place)}>
        <path class="tile-ground" d="M0 0h16v16H0z" />
        <path class="tile-lines" d={gridLines} />
        <path fill="url(#net-reserved)" d={paths.reserved} />
        <path class="tile-kept" d={paths.stay} />
        <path fill="url(#net-gain)" d={paths.gain} />
        <path fill="url(#net-lose)" d={paths.lose} />
        <MarksOn place={place} marks={marks} />
      </svg>
      <p class="detail" aria-hidden="true">
        {says}
      </p>
    </figure>
  );
}

const gridLines = Array.from({ length: 15 }, (_, at) => `M${at + 1} 0v16M0 ${at + 1}h16`).join('');

function MarksOn({ place, marks: { you, denied } }: { readonly place: Place; readonly marks: Marks }) {
  const here = you === undefined ? undefined : middleOf(you, place);
  return (
    <>
      {denied.map((address) => {
        const middle = middleOf(address, place);
        return middle && <DeniedMark key={address} {...middle} />;
      })}
      {here && <path class="tile-you" d={`M${here.x} ${here.y - 0.6}l.62 1.15h-1.24z`} />}
    </>
  );
}

/** A ring with a halo, which is seen on every ground. */
function DeniedMark({ x, y }: { readonly x: number; readonly y: number }) {
  const d = `M${x - 0.62} ${y}a.62 .62 0 1 0 1.24 0a.62 .62 0 1 0-1.24 0`;
  return (
    <>
      <path class="tile-halo" d={d} />
      <path class="tile-denied" d={d} />
    </>
  );
}

/** `64 gain · 1 lose · you`, as the tile shows it. */
function saidOf(place: Place, { stay, gain, lose }: AddressChange, { you, denied }: Marks): string {
  const isIn = (address: number) => place.first <= address && address <= place.last;
  const numbers = [
    ['stay', stay],
    ['gain', gain],
    ['lose', lose],
  ] as const;
  const deniedHere = denied.filter(isIn);
  const parts = [
    ...numbers.flatMap(([word, spans]) => {
      if (countIn(spans, place) === 0) return [];
      const within = spans.filter((span) => span.first <= place.last && place.first <= span.last);
      const clipped = within.map(({ first, last }) => ({
        first: Math.max(first, place.first),
        last: Math.min(last, place.last),
      }));
      return [`${addressCount(clipped)} ${word}`];
    }),
    ...(you !== undefined && isIn(you) ? ['you'] : []),
    ...(deniedHere.length === 0 ? [] : [deniedWords(deniedHere)]),
  ];
  return parts.length === 0 ? 'nobody' : parts.join(' · ');
}

function deniedWords([first, ...others]: readonly number[]): string {
  if (first === undefined || others.length > 0) return `${others.length + 1} denied lately`;
  return `${formatIpv4(first)} denied lately`;
}

/** The fills with a meaning of their own beside the colour: a plus for who gains, lines for who loses. */
function Patterns() {
  return (
    <svg class="patterns" aria-hidden="true">
      <defs>
        <pattern id="net-gain" width="1" height="1" patternUnits="userSpaceOnUse">
          <path class="tile-gain" d="M0 0h1v1H0z" />
          <path class="tile-plus" d="M.5.28v.44M.28.5h.44" />
        </pattern>
        <pattern id="net-lose" width=".5" height=".5" patternUnits="userSpaceOnUse">
          <path class="tile-lose-ground" d="M0 0h.5v.5H0z" />
          <path class="tile-lose" d="M-.1.1l.2-.2M0 .5l.5-.5M.4.6l.2-.2" />
        </pattern>
        <pattern id="net-reserved" width=".5" height=".5" patternUnits="userSpaceOnUse">
          <path class="tile-reserved" d="M-.1.1l.2-.2M0 .5l.5-.5M.4.6l.2-.2" />
        </pattern>
      </defs>
    </svg>
  );
}

function Legend() {
  return (
    <ul class="legend" aria-label="Key of the map">
      <li>
        <Swatch class="tile-kept" /> stays
      </li>
      <li>
        <Swatch fill="url(#net-gain)" /> gains
      </li>
      <li>
        <Swatch fill="url(#net-lose)" /> loses
      </li>
      <li>
        <Swatch fill="url(#net-reserved)" /> never public
      </li>
      <li>
        <svg viewBox="0 0 2 2" aria-hidden="true">
          <path class="tile-you" d="M1 .2l.8 1.5H.2z" />
        </svg>{' '}
        you
      </li>
      <li>
        <svg viewBox="0 0 2 2" aria-hidden="true">
          <circle class="tile-denied" cx="1" cy="1" r=".75" />
        </svg>{' '}
        denied lately
      </li>
    </ul>
  );
}

function Swatch(fill: { readonly class?: string; readonly fill?: string }) {
  return (
    <svg viewBox="0 0 1 1" aria-hidden="true">
      <path d="M0 0h1v1H0z" {...fill} />
    </svg>
  );
}
