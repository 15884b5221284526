/**
 * How every edge routes: ARM ids and vault objects are compared without regard to case, az ends the path of "no version"
 * with a slash and doubles another, and no header of the client's changes what we take its address or host to be.
 */
export const routerOptions = {
  logger: false,
  trustProxy: false,
  exposeHeadRoutes: false,
  routerOptions: {
    caseSensitive: false,
    ignoreTrailingSlash: true,
    ignoreDuplicateSlashes: true,
    maxParamLength: 2048,
  },
} as const;
