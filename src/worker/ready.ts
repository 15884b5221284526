import { join, resolve } from 'node:path';
import type { NameSet } from '../http/host.ts';
import { typedCommand } from '../programs/programs.ts';
import { virtualNetworkId } from '../resources/keys.ts';
import { localAddress, localAddresses } from '../settings/values.ts';
import type { Settings } from '../settings/settings.ts';
import type { AtStart } from '../setup/at-start.ts';
import { demo } from '../setup/demo.ts';
import { developerName } from '../setup/developer.ts';
import type { Developer } from '../setup/developer.ts';
import type { Identity } from '../setup/identity.ts';
import type { PortalUser } from '../setup/portal-user.ts';
import type { Reader } from '../setup/reader.ts';
import { replaceFile } from './files.ts';
import { trustedFile } from './operator-certificates.ts';

/** The message when the server is ready: one line of JSON for scripts, or a page for people. */
export interface Ready {
  readonly line: string;
  readonly text: string;
}

interface Started {
  readonly path: string;
  readonly identity: Identity;
  readonly settings: Settings;
  readonly names: NameSet;
  readonly controlSocket: string;
  /** The listener for probes. */
  readonly health?: string | undefined;
  readonly developer: Developer | undefined;
  readonly portalUser: PortalUser | undefined;
  readonly reader: Reader;
  readonly hostsFile: string;
  readonly atStart: AtStart;
}

/** The file in the data folder by which the command line finds the server; mode 0600, because it has the administrator's secret. */
const connectionFile = 'connection.json';

export function describeStart(started: Started): Ready {
  const { identity, names, path, settings } = started;
  const { tenantId, subscriptionId, clientId, clientSecret, objectId } = identity;
  const line = JSON.stringify({
    ready: true,
    home: names.resourceManager,
    vaultSuffix: names.vaultSuffix,
    portal: portalOf(started),
    tenantId,
    subscriptionId,
    clientId,
    clientSecret,
    objectId,
    caFile: join(path, settings.tls.length === 0 ? 'ca.pem' : trustedFile),
    fabricCaFile: join(path, 'fabric-ca.pem'),
    dataDir: path,
    controlSocket: started.controlSocket,
    ...(started.health !== undefined && { health: started.health }),
    address: localAddress(settings.listen),
    port: settings.port,
    addresses: localAddresses(settings.listen),
    nat: settings.nat,
    hostsFile: resolve(path, started.hostsFile),
    identities: identitiesOf(started),
    reader: started.reader,
  });
  const text = [
    `Postern is ready at ${names.resourceManager}, its vaults at https://<name>${names.vaultSuffix}`,
    '',
    ...portalLines(started),
    `  data            ${settings.dataFolder === undefined ? 'in memory' : path}`,
    `  tenant          ${tenantId}`,
    `  subscription    ${subscriptionId}`,
    `  administrator   client ${clientId}, its secret in ${join(path, connectionFile)}`,
    `  authority's CA  ${join(path, settings.tls.length === 0 ? 'ca.pem' : trustedFile)}`,
    ...(started.health === undefined ? [] : [`  health          ${started.health}/readyz`]),
    ...natLines(settings),
    ...seedLines(started),
    ...(started.atStart.hasDemo ? demoLines(started) : []),
    '',
  ].join('\n');
  return { line, text };
}

/** The portal, and the user of the demo world while its password is the one that was made for it. */
function portalOf({ names, portalUser }: Started) {
  const { userPrincipalName: user, password } = portalUser ?? {};
  return { url: names.cloud.portal, ...(password !== undefined && { user, password }) };
}

function portalLines(started: Started): readonly string[] {
  const { url, user, password } = portalOf(started);
  return [
    `  portal          ${url}`,
    ...(user === undefined ? [] : [`                  sign in as ${user}, password ${password}`]),
  ];
}

/** The identities for `postern run --as NAME`: each that a header proves. */
function identitiesOf({ developer, atStart, settings: { clients, workloads } }: Started) {
  const configured = clients.map(({ displayName, clientId, managedIdentity = '', identityHeader }) => ({
    name: displayName ?? clientId,
    identityHeader,
    // A workload must name it, as it may have several.
    ...(/\/userAssignedIdentities\//i.test(managedIdentity) && { clientId }),
  }));
  const ofResources = workloads.map(({ resourceId, identityHeader }) => ({ name: resourceId, identityHeader }));
  const builtIn = { name: developerName, identityHeader: developer?.identityHeader };
  const seeded = atStart.identities.map(({ name, identityHeader }) => ({ name, identityHeader }));
  return [...configured, ...ofResources, ...seeded, builtIn].filter(
    ({ identityHeader }) => identityHeader !== undefined,
  );
}

/** @param entry the data folder, as this process opens it */
export function writeConnectionFile({ line }: Ready, entry: string): void {
  replaceFile(join(entry, connectionFile), `${line}\n`, 0o600);
}

function natLines({ nat }: Settings): readonly string[] {
  if (nat.length === 0) return ['  NAT             none: callers are shown with their own addresses'];
  return nat.map(({ from, to }, index) => `  ${index === 0 ? 'NAT' : '   '}             ${from} is shown as ${to}`);
}

function seedLines({ atStart: { applied }, settings: { seed } }: Started): readonly string[] {
  if (seed === undefined || applied === undefined) return [];
  const counts = (['added', 'changed', 'removed', 'unchanged'] as const).map(
    (done) => `${applied.filter((change) => change.done === done).length} ${done}`,
  );
  return [`  seed            ${seed.file}: ${counts.join(', ')}`];
}

function demoLines({ identity, path }: Started): readonly string[] {
  const { subscriptionId } = identity;
  const [blue, green] = demo.networks;
  const place = { subscriptionId, resourceGroup: demo.resourceGroup };
  const subnet = `${virtualNetworkId({ ...place, name: blue })}/subnets/${demo.subnet}`;
  const command = typedCommand();
  const data = path.endsWith('/postern-data') ? '' : ` --data ${path}`;
  return [
    '',
    `The vault '${demo.openVault}' (defaultAction: Allow) has the secret '${demo.secret}' and lets in every address.`,
    `The vault '${demo.vault}' (defaultAction: Deny) has one too and lets in`,
    `  the address ${demo.allowedAddress}`,
    `  the subnet ${subnet}`,
    `  and not the subnet of ${green}, which has the same addresses.`,
    '',
    'Try it, then ask why:',
    '',
    `  ${command} secret show --vault ${demo.openVault} --name ${demo.secret}${data}`,
    `  ${command} secret show --vault ${demo.vault} --name ${demo.secret}${data}`,
    `  ${command} explain --vault ${demo.vault} --from ${demo.allowedAddress}${data}`,
  ];
}
