import { formatIpv4 } from '../address/address.ts';
import { platformDns } from './addresses.ts';
import { isResponder, startInternet } from './internet.ts';
import type { Kept } from './kept.ts';
import { Machine } from './machine.ts';
import { environmentOf, Namespaces, programsOf } from './namespaces.ts';
import { namespaceNames } from './naming.ts';
import { commandOf, end, isAlive, type ProcessMark } from './processes.ts';
import type { Place } from './place.ts';
import { address, up } from './things.ts';

/** The internet of a fabric with its responder of names, and the programs that make everything else. */
export interface Ground {
  readonly machine: Machine;
  readonly namespaces: Namespaces;
  readonly responder: ProcessMark;
}

/** The responder needs these before it starts. */
const groundThings = [up('lo'), address(platformDns, 'lo')];

interface GroundOptions {
  readonly place: Place;
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * The ground that an earlier reconciler made; `undefined` when it is gone.
 * @param kept what that one left; without it the responder is looked for among the processes
 */
export function groundLeft({ place, environment }: GroundOptions, kept: Kept | undefined): Ground | undefined {
  const responder = kept === undefined ? findResponder(place) : kept.responder;
  if (responder === undefined || !isAlive(responder)) return undefined;
  const ground = groundOn(responder, { place, environment });
  return ground.namespaces.existing().has(ground.namespaces.names.internet) ? ground : undefined;
}

function findResponder(place: Place): ProcessMark | undefined {
  const { internet } = namespaceNames(place.instance);
  return programsOf(ownerOf(place)).find(({ pid }) => isResponder(commandOf(pid), internet));
}

/** Whether something of the fabric is on this machine, besides its folder. */
export function hasRemains(options: GroundOptions): boolean {
  return programsOf(ownerOf(options.place)).length > 0 || (options.place.isRoot && hasInternet(options));
}

/** The programs of root's fabric and of a user's are not those of each other, though the server is the same. */
function ownerOf({ instance, isRoot }: Place): string {
  return isRoot ? instance : `${instance}-${process.geteuid?.()}`;
}

/** Whether root has the namespace of the internet, where only the responder has ended. */
export function hasInternet({ place, environment }: GroundOptions): boolean {
  const namespaces = new Namespaces(new Machine({ environment, anchor: undefined }), place.instance);
  return namespaces.existing().has(namespaces.names.internet);
}

/** Makes the ground where there is nothing of it that works. */
export async function makeGround({ place, environment }: GroundOptions): Promise<Ground> {
  const { isRoot, instance } = place;
  // A responder that is not in the ledger would keep the port.
  await endPrograms(place);
  const { internet: namespace } = namespaceNames(instance);
  const nameServer = formatIpv4(platformDns);
  const lines = groundThings.map(({ add }) => add);
  const marked = environmentOf(ownerOf(place), environment);
  const responder = await startInternet({ namespace, lines, nameServer }, { environment: marked, isRoot });
  return groundOn(responder, { place, environment });
}

function groundOn({ pid, startTicks }: ProcessMark, { place, environment }: GroundOptions): Ground {
  const { isRoot, instance } = place;
  const machine = new Machine({
    environment: environmentOf(ownerOf(place), environment),
    anchor: isRoot ? undefined : pid,
  });
  return { machine, responder: { pid, startTicks }, namespaces: new Namespaces(machine, instance) };
}

/** Removes every namespace of the fabric, and ends every process in them, the responder and what still changes them. */
export async function removeGround({ place, environment }: GroundOptions, left: Ground | undefined): Promise<void> {
  const { isRoot, instance } = place;
  const responder = left?.responder.pid;
  await endPrograms(place, responder);
  // Without its anchor a fabric of an ordinary user has no namespaces any more.
  if (left !== undefined || isRoot) {
    const machine = left?.machine ?? new Machine({ environment, anchor: undefined });
    const namespaces = left?.namespaces ?? new Namespaces(machine, instance);
    await namespaces.remove([...namespaces.existing().keys()], responder === undefined ? [] : [responder]);
  }
  await endPrograms(place);
}

/** Ends the programs of a fabric until no more appear: one that is ended may have started another just before. */
async function endPrograms(place: Place, spared?: number): Promise<void> {
  const found = (): readonly ProcessMark[] => programsOf(ownerOf(place)).filter(({ pid }) => pid !== spared);
  for (let programs = found(); programs.length > 0; programs = found()) await end(programs);
}
