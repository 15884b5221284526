import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { CertificateFiles } from '../../crypto/certificate-files.ts';
import { openKeyEngine } from '../../crypto/key-engine.ts';
import { parseMasterKey } from '../../crypto/master-key.ts';
import type { MasterKey } from '../../crypto/master-key.ts';
import { createDataPlane } from '../../data-plane/data-plane.ts';
import { Turns } from '../../edge/turns.ts';
import type { TurnServices } from '../../edge/turns.ts';
import type { HostListener, VaultHost } from '../../http/host.ts';
import { pageOrigins } from '../../http/own-names.ts';
import type { OwnNames } from '../../http/own-names.ts';
import { isSigningKeyRecord } from '../../authority/signing-key-records.ts';
import { subnetPrefix } from '../../resources/keys.ts';
import { Rulebook } from '../../rulebook/rulebook.ts';
import type { Settings } from '../../settings/settings.ts';
import { openSealedStore } from '../../store/sealed.ts';
import { openSqliteForReading } from '../../store/sqlite-read-only.ts';
import type { Source } from '../../types/source.ts';
import { durationsOf } from '../durations.ts';
import { firewallOf } from '../rule-profile.ts';
import { openAuthority } from '../sign-in.ts';
import type { ReaderState } from './protocol.ts';

/** The parts that decide reads here. They are opened again when the worker or the master key is another one. */
export interface Core {
  readonly turns: Turns;
  readonly rulebook: Rulebook;
  readonly vaults: HostListener<VaultHost>;
  /** Reads again what was changed. Returns the subnets whose connections must end. */
  changed(keys: readonly string[]): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface CoreParts {
  readonly settings: Settings;
  readonly names: OwnNames;
  readonly databaseFile: string;
  readonly sourceOf: (socket: Socket) => Source;
  readonly closeSubnets: (incarnations: readonly string[]) => void;
  readonly record: TurnServices['audit']['readNow'];
  readonly elsewhere: (request: IncomingMessage, response: ServerResponse, error?: unknown) => Promise<void>;
  readonly now: () => number;
  readonly log: Logger;
}

const compiledVaultsMax = 1_000_000;

export async function openCore(
  { masterKeys, tenantId }: Pick<ReaderState, 'masterKeys' | 'tenantId'>,
  parts: CoreParts,
): Promise<Core> {
  const { settings, names, now, log, record, ...more } = parts;
  const [masterKey, ...previousMasterKeys] = masterKeys.flatMap(keyIn);
  if (masterKey === undefined) throw new TypeError('the worker has sent no master key');
  const inner = openSqliteForReading(parts.databaseFile);
  const store = await openSealedStore({ inner, masterKey, previousMasterKeys, look: true });
  const rulebook = await Rulebook.open({ store, firewall: firewallOf(settings), vaultsMax: compiledVaultsMax });
  const { verifier, issuers, signingKeys } = await openAuthority({ settings, store, identity: { tenantId }, now, log });
  const turns = new Turns({ store, audit: { ...onlyReads, readNow: record }, logError: () => undefined });
  const threads = { engine: openKeyEngine(settings.keys), certificateFiles: new CertificateFiles() };
  const vaults = createDataPlane({
    ...more,
    ...threads,
    ...durationsOf(settings),
    turns,
    rulebook,
    verifier,
    externalAudiences: settings.issuers.flatMap(({ audiences }) => audiences),
    // A server that throttles has no readers: one process counts.
    throttle: undefined,
    acceptedIssuers: (tenant) => issuers.acceptedFor(tenant),
    pageOrigins: (at) => pageOrigins(at, names),
    now,
  });
  return {
    turns,
    rulebook,
    vaults,
    async changed(keys) {
      if (keys.some(isSigningKeyRecord)) await signingKeys.reload();
      return rulebook.changed(keys.filter((key) => key.startsWith(subnetPrefix)));
    },
    async close() {
      await turns.close();
      await threads.engine.close();
      await threads.certificateFiles.close();
      await store.close();
    },
  };
}

function keyIn(encoded: string): readonly MasterKey[] {
  const parsed = parseMasterKey(encoded);
  return parsed.ok ? [parsed.masterKey] : [];
}

/** The parts of the audit that a read which succeeds does not need. */
const onlyReads: Omit<TurnServices['audit'], 'readNow'> = {
  stage: refused,
  committed: refused,
  failed: refused,
  refused,
};

function refused(): never {
  throw new TypeError('this process records reads alone');
}
