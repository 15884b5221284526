const least = 24;

/**
 * The refusal of a Node that is too old for the server, with the line that brings a newer one; `undefined` for one that is
 * new enough.
 * @param version such as `20.20.2`
 */
export function nodeRefusal(version: string): string | undefined {
  if (Number(version.split('.')[0]) >= least) return undefined;
  return (
    `startPostern needs Node ${least} or newer, and this is ${version}. ` +
    `Run your tests on one: npx -p node@${least} node --test (or your own test runner in the place of node --test).`
  );
}
