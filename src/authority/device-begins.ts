import { BoundedMap } from '../shares/bounded-map.ts';

/** How many devices begin on one node in a second; `usual` of them at sites of which others began shortly before. */
const perSecond = { all: 20, usual: 10 };
/** Of one site: so many at once, and then one each so many milliseconds. */
const perSite = { most: 10, everyMs: 2_000 };
/** The seconds after which a client of a site that has had its share may try again. */
export const siteWaitSeconds = perSite.everyMs / 1000;
const sitesMax = 10_000;

/**
 * `siteFull`: the site has had its share. `full`: all sites together have, or those that are not the first of their site in
 * a while.
 */
export type BeginVerdict = 'begins' | 'siteFull' | 'full';

/**
 * The devices that begin to sign in where each is a record: strangers may ask for as many as they like. A site has a share,
 * and half of what all have is kept for sites that have asked for none in a while, so that a few sites that ask all the time
 * keep no other one from its first.
 */
export class DeviceBegins {
  /** By site, the time at which all of its share is there again, in milliseconds since 1970. */
  readonly #wholeAgainMs = new BoundedMap<string, number>(sitesMax);
  #second = 0;
  #counts = { all: 0, usual: 0 };

  /** @param site as `siteOf` names it; those that it does not know are one */
  begin(site: string | undefined, nowMs: number): BeginVerdict {
    const key = site ?? '';
    const second = Math.floor(nowMs / 1000);
    if (second !== this.#second) this.#counts = { all: 0, usual: 0 };
    this.#second = second;
    const wholeAgainMs = this.#wholeAgainOf(key, nowMs);
    const isUsual = wholeAgainMs > nowMs;
    if (wholeAgainMs - nowMs > (perSite.most - 1) * perSite.everyMs) return 'siteFull';
    const { all, usual } = this.#counts;
    if (all >= perSecond.all || (isUsual && usual >= perSecond.usual)) return 'full';
    this.#counts = { all: all + 1, usual: usual + (isUsual ? 1 : 0) };
    this.#wholeAgainMs.set(key, wholeAgainMs + perSite.everyMs);
    return 'begins';
  }

  /** A time that is too far away is of a clock that was ahead, and must not lock the site out until it has come. */
  #wholeAgainOf(site: string, nowMs: number): number {
    const known = this.#wholeAgainMs.get(site) ?? nowMs;
    return known < nowMs || known > nowMs + perSite.most * perSite.everyMs ? nowMs : known;
  }
}
