import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { askLine } from '../../src/lines/ask.ts';
import type { FabricLab } from './fabric-lab.ts';

/**
 * What there still is of a fabric, a line each. Interfaces, rules and the entries of connection tracking end with their
 * namespaces, which a listening socket of the server keeps alive also without a name: so its listeners are asked for too.
 */
export async function leftOf(lab: FabricLab): Promise<readonly string[]> {
  return [
    ...lab.namespaces().map((name) => `namespace ${name}`),
    ...processesOf(lab).map((line) => `process ${line}`),
    ...(existsSync(lab.place.folder) ? [`folder ${lab.place.folder}`] : []),
    ...linesOf('ip', '-oneline', 'link')
      .map((line) => line.split(': ')[1] ?? '')
      .filter((name) => /^(?:[vwp]\d+|outside)@/.test(name))
      .map((name) => `interface ${name}`),
    ...linesOf('nft', 'list', 'tables').filter((line) => line === 'table inet fabric'),
    ...(await heldBy(lab)),
  ];
}

/** Programs that the fabric started, and those that are in one of its namespaces or wait to enter it. */
function processesOf({ place }: FabricLab): readonly string[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    const words = contentsOf(`/proc/${pid}/cmdline`).split('\0').join(' ');
    const isStarted = new RegExp(`(?:^|\0)POSTERN_FABRIC=${place.instance}`).test(contentsOf(`/proc/${pid}/environ`));
    return isStarted || words.includes(`pt-${place.instance}-`) ? [`${pid} ${words}`] : [];
  });
}

/** The listeners and identities that the server has for a fabric. */
async function heldBy(lab: FabricLab): Promise<readonly string[]> {
  const answer = await askLine(lab.server.ready.controlSocket, { list: 'listeners' }).catch(() => '{}');
  const { listeners = [], bindings = [] } = JSON.parse(answer) as { listeners?: object[]; bindings?: object[] };
  return [...listeners, ...bindings].map((each) => `the server has ${JSON.stringify(each)}`);
}

function linesOf(...[program = '', ...parameters]: readonly string[]): readonly string[] {
  const { stdout } = spawnSync(program, parameters, { encoding: 'utf8' });
  return (stdout ?? '').split('\n').filter(Boolean);
}

function contentsOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It ended meanwhile, or is another user's.
    return '';
  }
}
