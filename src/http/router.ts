/**
 * How every edge routes: ARM ids and vault objects are compared without regard to case, and az ends the path of "no
 * version" with a slash and doubles another.
 */
export const routing = {
  caseSensitive: false,
  ignoreTrailingSlash: true,
  ignoreDuplicateSlashes: true,
  maxParamLength: 2048,
} as const;

/** The same for Fastify: no header of the client's changes what we take its address or host to be. */
export const routerOptions = {
  logger: false,
  trustProxy: false,
  exposeHeadRoutes: false,
  routerOptions: routing,
} as const;
