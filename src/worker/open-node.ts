import { existsSync, rmSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { openCommitMark } from '../store/commit-counter.ts';
import { dataFormat } from '../store/keys.ts';
import { StoreRefused } from '../store/refused.ts';
import { masterKeyIds } from '../store/seal-header.ts';
import { openSealedStore } from '../store/sealed.ts';
import type { OpenedStore } from '../store/sealed.ts';
import type { NodeIdentity, NodeStore } from '../store/node-store.ts';
import { shownUrl } from '../settings/store-config.ts';
import type { StoreSetting } from '../settings/store-config.ts';
import type { Store } from '../store/store.ts';
import type { FolderParts } from './folder.ts';
import { keyFile, openMasterKeys } from './master-key.ts';
import { agreedOf, lackingMasterKey } from './node-details.ts';
import type { NodeDetails } from './node-details.ts';
import { NodeFaults } from './node-faults.ts';
import { nodeId, OwnNode } from './node.ts';
import { guardRelease } from './release-guard.ts';
import { release, upgradeStore } from './upgrade.ts';

/** How to open the database of the settings. */
export interface DatabaseOptions {
  /** This node, as it is registered by the opening. */
  readonly node: NodeIdentity;
  readonly url: string;
  readonly password: string | undefined;
  /** PEM. */
  readonly ca: string | undefined;
  readonly listenUrl: string | undefined;
  /** Reads the files that the URLs name. */
  readonly readFile: FolderParts['readFile'];
  /** Called after each new connection, before anything is answered through it. */
  readonly judge: (raw: Store) => Promise<void>;
  readonly notice: (message: string) => void;
}

export type ConnectDatabase = (options: DatabaseOptions) => Promise<NodeStore>;

export interface OpenedNode {
  readonly shared: NodeStore;
  readonly node: OwnNode;
  readonly store: OpenedStore;
  readonly faults: NodeFaults;
  readonly masterKey: { readonly id: string; readonly replaced: readonly string[] };
  readonly close: () => Promise<void>;
}

/** Opens the database of the settings under the seal, as one of its nodes. */
export async function openNodeStore(
  parts: FolderParts,
  setting: StoreSetting,
  open: ConnectDatabase,
): Promise<OpenedNode> {
  const { readFile, notice, entry, path } = parts;
  if (existsSync(join(entry, 'postern.db')))
    notice(`${join(path, 'postern.db')} is not used: the records are in ${shownUrl(setting.url)}.`);
  const identity = identityOf(parts);
  let opened: OpenedStore | undefined;
  const shared = await open({
    ...connectionOf(setting, readFile),
    node: identity,
    judge: async (raw) => opened?.judge(raw),
    notice,
  });
  try {
    const node = await OwnNode.enter({ ...identity, shared, now: parts.clock ?? (() => parts.now) });
    const keys = await keysFor(shared, parts, setting);
    await node.say({ masterKeys: [keys.masterKey, ...keys.previous].map(({ id }) => id) });
    const lacking = lackingMasterKey(node.id, keys.masterKey.id, await node.list());
    const sealed = await openUnderSeal(shared, { ...keys, lacking }, parts);
    opened = sealed.store;
    return { shared, node, ...sealed };
  } catch (error) {
    // Otherwise the others would count with it.
    await shared.nodes.leave().catch(() => undefined);
    await shared.close();
    throw error;
  }
}

/** @param readFile reads the files that the setting names */
export function connectionOf(
  { url, password, passwordFile, caFile, listenUrl }: StoreSetting,
  readFile: FolderParts['readFile'],
): Pick<DatabaseOptions, 'url' | 'password' | 'ca' | 'listenUrl' | 'readFile'> {
  return {
    url,
    password: passwordFile === undefined ? password : readFile(passwordFile).replace(/\r?\n$/, ''),
    ca: caFile === undefined ? undefined : readFile(caFile),
    listenUrl,
    readFile,
  };
}

interface NodeKeys extends ReturnType<typeof openMasterKeys> {
  /** Removes the key file that this start has made, if it has. */
  readonly takeBack: () => void;
}

/** @param lacking the nodes that could open nothing if this start rotated the store to its key */
function keysToOpenWith(
  { masterKey, previous, lacking, settle }: Pick<NodeKeys, 'masterKey' | 'previous' | 'settle'> & Lacking,
  sealedUnder: readonly string[] | undefined,
) {
  const former = previous.find(({ id }) => sealedUnder?.length === 1 && id === sealedUnder[0]);
  if (former === undefined || lacking.length === 0) return { masterKey, previous, settle, waiting: undefined };
  return { masterKey: former, previous: [masterKey], settle: () => undefined, waiting: masterKey };
}

interface Lacking {
  /** The names of other nodes that do not have the master key. */
  readonly lacking: readonly string[];
}

/**
 * The master key. Only for an empty store may a start make one: a store with records was sealed under a key that the other nodes
 * have.
 */
async function keysFor(
  shared: NodeStore,
  { settings, entry, readFile, notice, path }: FolderParts,
  { url }: StoreSetting,
): Promise<NodeKeys> {
  const needed = await masterKeyIds(shared);
  const isMissing = lacksKey(settings, entry);
  if (needed !== undefined && isMissing) throw keyMissing({ needed, url, path });
  const keys = openMasterKeys(settings, { entry, readFile, notice });
  const takeBack = () => (isMissing ? rmSync(join(entry, keyFile), { force: true }) : undefined);
  return { ...keys, takeBack };
}

/** Whether a start would make a master key. */
export function lacksKey({ masterKey, masterKeyFile }: FolderParts['settings'], entry: string): boolean {
  return masterKey === undefined && masterKeyFile === undefined && !existsSync(join(entry, keyFile));
}

interface MissingKey {
  readonly needed: readonly string[];
  readonly url: string;
  /** The data folder, for the message. */
  readonly path: string;
}

export function keyMissing({ needed, url, path }: MissingKey): StoreRefused {
  const key = `the master key ${needed.join(' and ')} (an id, not the key)`;
  const found = `the store ${shownUrl(url)} is sealed under ${key}, and ${join(path, keyFile)} is not there`;
  const remedy = `Copy ${keyFile} of another node there, or name the key's file in masterKeyFile, or give the key in POSTERN_MASTER_KEY`;
  return new StoreRefused('noMasterKey', `${found}. ${remedy}. No new key was made.`);
}

function identityOf({ settings, entry }: FolderParts) {
  return { id: nodeId(entry), name: settings.node ?? '', details: detailsOf(settings) };
}

/** The words of a node with these settings that starts. */
export function detailsOf(settings: FolderParts['settings']): NodeDetails {
  const [address = ''] = settings.listen;
  return {
    release,
    format: dataFormat(),
    agreed: agreedOf(settings),
    address: `${address.includes(':') ? `[${address}]` : address}:${settings.port}`,
    state: 'starting',
    masterKeys: [],
  };
}

async function openUnderSeal(
  shared: NodeStore,
  { takeBack, lacking, ...given }: NodeKeys & Lacking,
  { settings, entry, path, mark: place, notice }: FolderParts,
): Promise<Pick<OpenedNode, 'store' | 'faults' | 'masterKey' | 'close'>> {
  const { acceptCopy, join: joins } = settings;
  const markFile = isAbsolute(place.path) ? place.path : join(entry, place.path);
  const mark = await openCommitMark(markFile, place.descriptor);
  const replaced: string[] = [];
  const faults = new NodeFaults(notice);
  const { masterKey, previous, settle, waiting } = keysToOpenWith({ ...given, lacking }, await masterKeyIds(shared));
  try {
    const rotates = (from: readonly string[]) => void replaced.push(...from);
    const store = await openSealedStore({
      inner: shared,
      shared: true,
      masterKey,
      previousMasterKeys: previous,
      mark,
      acceptCopy,
      join: joins,
      changed: (listener) => shared.committed(listener),
      rotates,
      refused: (why) => faults.set('masterKey', why && sealedElsewhere(why)),
    });
    settle();
    if (waiting !== undefined) {
      await store.learnMasterKey(waiting);
      notice(
        `The store stays under the master key ${masterKey.id}: ${lacking.join(' and ')} does not have ${waiting.id} (ids, not keys).`,
      );
    }
    await upgradeStore({ store, sealed: shared, path, accept: acceptCopy, notice });
    const found = (why: string | undefined) => faults.set('release', why);
    const guarded = await guardRelease({ store, ours: { release, format: dataFormat() }, found });
    return { store: guarded, faults, masterKey: { id: masterKey.id, replaced }, close: () => mark.close() };
  } catch (error) {
    if (error instanceof StoreRefused && error.kind === 'wrongMasterKey') takeBack();
    await mark.close();
    throw error;
  }
}

/** Another node has changed the seal since this one opened the store. */
function sealedElsewhere({ message }: StoreRefused): string {
  const found = `This node cannot follow a change of the seal by another node: ${message}`;
  return `${found} Run "postern master-key rotate" here with the key that the other nodes have, or restart the server with it.`;
}
