import { formatIpv4 } from '../address/address.ts';
import { platformDns } from './addresses.ts';
import { isResponder, nobody, startInternet } from './internet.ts';
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

export function findResponder(place: Place): ProcessMark | undefined {
  return programsIn(place).find(isResponderOf(place));
}

function isResponderOf({ instance }: Place): (program: ProcessMark) => boolean {
  const { internet } = namespaceNames(instance);
  return ({ pid }) => isResponder(commandOf(pid), internet);
}

/** All programs of a fabric. Root's responder has another uid than the others. */
function programsIn(place: Place): readonly ProcessMark[] {
  const responders = place.isRoot ? programsOf(ownerOf(place), nobody).filter(isResponderOf(place)) : [];
  return [...programsOf(ownerOf(place)), ...responders];
}

/** Whether something of the fabric is on this machine, besides its folder. */
export function hasRemains(options: GroundOptions): boolean {
  return programsIn(options.place).length > 0 || (options.place.isRoot && hasInternet(options));
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
export async function makeGround(options: GroundOptions): Promise<Ground> {
  // A responder that is not in the ledger would keep the port.
  await endPrograms(options.place);
  return groundOn(await startResponder(options), options);
}

/** Ends what an earlier reconciler had started and could not wait for: it would still change the ground. */
export async function endLeftPrograms({ place }: GroundOptions, { responder }: Ground): Promise<void> {
  await endPrograms(place, responder.pid);
}

/** Starts the responder of names; as root also again, in the internet that goes on without it. */
export async function startResponder({ place, environment }: GroundOptions): Promise<ProcessMark> {
  const { isRoot, instance } = place;
  const { internet: namespace } = namespaceNames(instance);
  const nameServer = formatIpv4(platformDns);
  const lines = groundThings.map(({ add }) => add);
  const marked = environmentOf(ownerOf(place), environment);
  return startInternet({ namespace, lines, nameServer }, { environment: marked, isRoot });
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
  const responder = left !== undefined && isAlive(left.responder) ? left.responder.pid : undefined;
  await endPrograms(place, responder);
  // Without its anchor a fabric of an ordinary user has no namespaces any more.
  if (left !== undefined || isRoot) {
    const machine = left?.machine ?? new Machine({ environment, anchor: undefined });
    const namespaces = left?.namespaces ?? new Namespaces(machine, instance);
    await namespaces.remove([...namespaces.existing().keys()], responder === undefined ? [] : [responder]);
  }
  await endPrograms(place);
}

/** A program that is ended may have started another just before. */
const roundsMax = 5;

/** Ends the programs of a fabric until no more appear, or so often: what always appears again is not of the fabric. */
async function endPrograms(place: Place, spared?: number): Promise<void> {
  for (let round = 0; round < roundsMax; round += 1) {
    const programs = programsIn(place).filter(({ pid }) => pid !== spared);
    if (programs.length === 0) return;
    await end(programs);
  }
}
