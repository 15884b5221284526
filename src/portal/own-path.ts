/** `.` or `..` in place of a name, encoded or not: a browser takes it and the name before it out of a path (URL, "dot segment"). */
const dotSegment = /\/(?:\.|%2e){1,2}(?:\/|$)/i;

/**
 * The address of a path at this server. A token is sent to this server only, and to the path that was meant, whatever a link of
 * another user or a typed name puts into it: behind an origin, `@elsewhere/` is another host.
 */
export function ownUrl(path: string, origin: string): URL {
  const [names = ''] = path.split(/[?#]/, 1);
  if (!names.startsWith('/') || dotSegment.test(names)) throw new Error(`${names} is not a path of this server`);
  return new URL(origin + path);
}
