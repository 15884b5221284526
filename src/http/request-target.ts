/**
 * A request's target (RFC 9112 section 3.2). What two readers could take for two different resources is refused here, so
 * that the resource that is authorized, the one that is changed and the one that is recorded cannot differ.
 */

/** Printable ASCII: RFC 3986's `pchar` in the path; anything but a fragment's `#` in the query. */
const originForm = /^\/[\w\-.~!$&'()*+,;=:@%/]*(?:\?[\x21\x22\x24-\x7e]*)?$/;

/** The rules that only a path with a percent sign or a full stop can break, each with what it says. */
const rules: readonly { readonly broken: RegExp; readonly rule: string }[] = [
  {
    broken: /%(?:2f|5c|[01][0-9a-f]|7f)/i,
    rule: 'its path must not contain an encoded slash, backslash or control character',
  },
  {
    broken: /\/(?:\.|%2e){1,2}(?:\/|$)/i,
    rule: "its path must not contain the segments '.' or '..'",
  },
  {
    // U+0130, U+017F and U+212A. Routes are compared in lower case, where these are i, s and k.
    broken: /%c4%b0|%c5%bf|%e2%84%aa/i,
    rule: 'its path must not contain the letters U+0130, U+017F or U+212A, whose other case is an ASCII letter',
  },
];

/** The rule that a target in origin form breaks; `undefined` for one that has one reading. */
export function targetFault(target: string): string | undefined {
  if (!originForm.test(target)) {
    if (target.includes('#')) return "it must not have a fragment ('#')";
    return 'it may contain only the characters that RFC 3986 allows; percent-encode all others';
  }
  const query = target.indexOf('?');
  const path = query === -1 ? target : target.slice(0, query);
  if (!path.includes('%') && !path.includes('/.')) return undefined;
  return rules.find(({ broken }) => broken.test(path))?.rule;
}

/**
 * The segments of a target's path, each decoded once; doubled and final slashes mean nothing. `undefined` where one
 * cannot be decoded. None of a target that `targetFault` lets pass has a slash in it.
 */
export function targetSegments(target: string): readonly string[] | undefined {
  const query = target.indexOf('?');
  const path = query === -1 ? target : target.slice(0, query);
  const segments = path.split('/').filter((segment) => segment !== '');
  if (!path.includes('%')) return segments;
  try {
    return segments.map((segment) => decodeURIComponent(segment));
  } catch {
    return undefined;
  }
}

/** A path of decoded segments as a URL has it. */
export function encodePath(path: string): string {
  return encodeURI(path).replace(/[?#]/g, encodeURIComponent);
}
