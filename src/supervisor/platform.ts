/**
 * Why `postern start` cannot run on this system, with what to do instead; `undefined`: it can.
 * @param platform as `process.platform` names it
 */
export function platformRefused(platform: string): string | undefined {
  if (platform !== 'win32') return undefined;
  return (
    '"postern start" does not run on Windows, which hands no folder and no unix socket from one process to another: ' +
    'run it in WSL, or start a server inside of your tests by startPostern, which needs nothing but TCP on loopback.'
  );
}
