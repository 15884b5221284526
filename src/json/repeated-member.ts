import { endOfString } from './bounded-json.ts';

/** An object or array that is open where the reader is. */
interface Level {
  /** The names so far; `undefined` for an array. */
  readonly names: Set<string> | undefined;
  /** The member or element that the reader is at. */
  at: string | number;
}

/**
 * The path of the first member whose object has its name already: a parser takes the last one, and a reader may see the
 * first (RFC 8259 section 4). Only for a document that parses.
 */
export function repeatedMember(text: string): readonly (string | number)[] | undefined {
  const open: Level[] = [];
  let isName = false;
  for (let at = 0; at < text.length; at += 1) {
    const level = open.at(-1);
    switch (text.charCodeAt(at)) {
      case 0x22: {
        // "
        const end = endOfString(text, at);
        if (isName && level?.names !== undefined) {
          isName = false;
          level.at = String(JSON.parse(text.slice(at, end + 1)));
          if (level.names.has(level.at)) return open.map((one) => one.at);
          level.names.add(level.at);
        }
        at = end;
        break;
      }
      case 0x2c: // ,
        isName = level?.names !== undefined;
        if (typeof level?.at === 'number') level.at += 1;
        break;
      case 0x5b: // [
        open.push({ names: undefined, at: 0 });
        break;
      case 0x7b: // {
        open.push({ names: new Set(), at: '' });
        isName = true;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        open.pop();
        break;
      default:
    }
  }
  return undefined;
}
