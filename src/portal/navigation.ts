import { useEffect, useState } from 'preact/hooks';
import { leaving } from './kept-draft.ts';

const base = '/portal/';

/** Where the portal is: the path below `/portal/`, decoded by segment, and the query. */
export interface Place {
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
}

type Hold = () => boolean;

const changed = 'portal:place';
const holds = new Set<Hold>();

/** The entry of the history that is shown: its number, which is the entry's state too, and its address. */
let shown = { entry: 0, address: '' };

/** The address of a page, each segment encoded. Empty members of the query are left out. */
export function hrefOf(segments: readonly string[], query: Readonly<Record<string, string | undefined>> = {}): string {
  const path = segments.map((segment) => encodeURIComponent(segment)).join('/');
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, value]],
  );
  const search = new URLSearchParams(given).toString();
  return `${base}${path}${search === '' ? '' : `?${search}`}`;
}

/** Goes to a page of the portal. `replace` leaves no step in the history: for a filter that is being typed. */
export function navigate(href: string, { replace = false } = {}): void {
  if (!replace && isHeld()) return;
  const entry = replace ? shown.entry : shown.entry + 1;
  window.history[replace ? 'replaceState' : 'pushState'](entry, '', href);
  show(entry);
  if (!replace) window.scrollTo(0, 0);
}

/** Whether one of those who were asked wants to stay. */
function isHeld(): boolean {
  return [...holds].some((hold) => !hold());
}

function show(entry: number): void {
  shown = { entry, address: addressNow() };
  window.dispatchEvent(new Event(changed));
}

function addressNow(): string {
  return window.location.pathname + window.location.search;
}

/** The browser's Back and Forward: the history has moved already, so whoever stays is taken back to the entry that is shown. */
function followHistory(): void {
  shown = { entry: entryNow() ?? 0, address: addressNow() };
  window.history.replaceState(shown.entry, '');
  window.addEventListener('popstate', () => {
    // A link to a place in the page makes an entry without a number.
    const entry = entryNow() ?? shown.entry + 1;
    if (addressNow() === shown.address || !isHeld()) {
      window.history.replaceState(entry, '');
      show(entry);
    } else if (entry !== shown.entry) window.history.go(shown.entry - entry);
  });
}

function entryNow(): number | undefined {
  const state: unknown = window.history.state;
  return typeof state === 'number' ? state : undefined;
}

/** Asks before the page is left. `ask` says whether it may be; `undefined` while there is nothing to lose. */
export function useHold(ask: Hold | undefined): void {
  useEffect(() => {
    if (ask === undefined) return undefined;
    const unloading = (event: BeforeUnloadEvent) => {
      event.preventDefault();
    };
    const letGo = () => {
      holds.delete(ask);
      window.removeEventListener('beforeunload', unloading);
    };
    holds.add(ask);
    window.addEventListener('beforeunload', unloading);
    // The draft is kept over that.
    window.addEventListener(leaving, letGo);
    return () => {
      letGo();
      window.removeEventListener(leaving, letGo);
    };
  }, [ask]);
}

export function usePlace(): Place {
  const [place, setPlace] = useState(placeNow);
  useEffect(() => {
    const update = () => {
      setPlace(placeNow());
    };
    window.addEventListener(changed, update);
    return () => {
      window.removeEventListener(changed, update);
    };
  }, []);
  return place;
}

/** Turns clicks on links to pages of the portal, and the browser's own steps between them, into steps inside of it. */
export function followLinks(document: Document): void {
  followHistory();
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    if (link === null || !isPlain || event.defaultPrevented || link.target !== '' || link.hasAttribute('download'))
      return;
    const url = new URL(link.href);
    if (url.origin !== window.location.origin || !url.pathname.startsWith(base)) return;
    if (url.hash !== '' && url.pathname === window.location.pathname) return;
    event.preventDefault();
    navigate(url.pathname + url.search);
  });
}

function placeNow(): Place {
  const { pathname, search } = window.location;
  const path = pathname.slice(base.length);
  return {
    segments: path.split('/').flatMap((segment) => (segment === '' ? [] : [decoded(segment)])),
    query: new URLSearchParams(search),
  };
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
