import { dataActionOf } from '../src/access/data-actions.ts';
import { endpoints } from '../src/authority/authority.ts';
import { grantTypes } from '../src/authority/token.ts';
import type { ControlOperation } from '../src/control-plane/operation.ts';
import { operations as controlOperations } from '../src/control-plane/operations.ts';
import { namespaces } from '../src/control-plane/subscriptions/namespaces.ts';
import type { OperationCard } from '../src/data-plane/operation.ts';
import { operations as vaultOperations } from '../src/data-plane/operations.ts';
import { apiVersions } from '../src/data-plane/pipeline.ts';
import type { GraphOperation } from '../src/graph/operation.ts';
import { operations as graphOperations } from '../src/graph/operations.ts';
import { userInfo } from '../src/graph/users.ts';
import { kinds } from '../src/resources/any/kinds.ts';
import { markdownTable } from './markdown-table.ts';

/** The purposes of the authority's endpoints. */
const endpointPurposes: Readonly<Record<string, string>> = {
  'POST /:tenant/oauth2/token': 'Issues tokens, in the form of version 1',
  'POST /:tenant/oauth2/v2.0/token': 'Issues tokens, in the form of version 2',
  'POST /:tenant/oauth2/devicecode': 'Starts a sign-in by device code, version 1',
  'POST /:tenant/oauth2/v2.0/devicecode': 'Starts a sign-in by device code, version 2',
  'GET /:tenant/.well-known/openid-configuration': 'Where everything is, and who issues tokens, version 1',
  'GET /:tenant/v2.0/.well-known/openid-configuration': 'The same, version 2',
  'GET /:tenant/discovery/keys': 'The keys that tokens are signed with',
  'GET /:tenant/discovery/v2.0/keys': 'The keys that tokens are signed with',
  'GET /common/userrealm/:username': 'What kind of account a user has',
  'GET /common/discovery/instance': 'Which authority a client may trust',
  'GET /:tenant/oauth2/authorize': 'Shows the sign-in page, version 1',
  'GET /:tenant/oauth2/v2.0/authorize': 'Shows the sign-in page, version 2',
  'POST /:tenant/login': 'Signs a user in on that page',
  'GET /devicelogin': 'Shows the page for a device code',
  'POST /devicelogin': 'Takes a device code, and then the sign-in',
  'GET /:tenant/oauth2/logout': 'Ends the session in the browser, version 1',
  'GET /:tenant/oauth2/v2.0/logout': 'Ends the session in the browser, version 2',
  'GET /msi/token': "Gives a workload its managed identity's token, as App Service does",
  'GET /metadata/identity/oauth2/token': 'The same, as the instance metadata service does',
};

/** Versions that Azure has published for vaults; a vault must accept all of them. */
const publishedVersions = ['2015-06-01', '2016-10-01', '7.0', '7.1', '7.2', '7.3', '7.4', '7.5', '7.6'].concat([
  '2025-06-01-preview',
  '2025-07-01',
  '2026-04-01',
]);

/** The tables of `docs/reference/operations.md`, by the names of their places. */
export function operationTables(): ReadonlyMap<string, string> {
  return new Map([
    ['versions of vaults', versionsOfVaults()],
    ['secrets', vaultTable(({ permission }) => permission.startsWith('secrets/'))],
    ['keys', vaultTable(({ permission }) => permission.startsWith('keys/'))],
    ['certificates', vaultTable(({ permission }) => permission.startsWith('certificates/'))],
    ['versions of providers', versionsOfProviders()],
    ...controlTables(),
    ['types with rules', typesWithRules()],
    ['graph', graphTable()],
    ['authority', authorityTable()],
    ['grants', `${grantTypes.map((grant) => `- \`${grant}\``).join('\n')}\n`],
  ]);
}

function versionsOfVaults(): string {
  const refused = publishedVersions.filter((version) => !apiVersions.test(version));
  if (refused.length > 0) throw new Error(`vaults do not accept ${refused.join(', ')}`);
  return `${publishedVersions.map((version) => `\`${version}\``).join(', ')}\n`;
}

function vaultTable(isIn: (card: OperationCard) => boolean): string {
  const rows = vaultOperations.filter(isIn).map((card) => {
    const { name, method, path, alsoAt, permission } = card;
    const action = dataActionOf(card).name.replace('Microsoft.KeyVault/vaults/', '…/');
    const paths = [path, ...(alsoAt === undefined ? [] : [alsoAt])].map((at) => request(method, at)).join(', ');
    return [`\`${name}\``, paths, `\`${permission}\``, `\`${action}\``];
  });
  return markdownTable(['operation', 'request', 'permission', 'data action'], rows);
}

function versionsOfProviders(): string {
  const isOurs = ({ namespace }: { readonly namespace: string }) =>
    controlOperations.some(({ path }) => path.includes(`/providers/${namespace}/`));
  const rows = [...namespaces.values()]
    .filter(isOurs)
    .map(({ namespace, types }) => [
      `\`${namespace}\``,
      [...new Set(types.flatMap((type) => type.apiVersions))].map((version) => `\`${version}\``).join(', '),
    ]);
  return markdownTable(['provider', 'versions'], rows);
}

/** A table for each provider; the last provider in a path counts. */
function controlTables(): readonly (readonly [string, string])[] {
  const byProvider = Map.groupBy(controlOperations, ({ path }) => {
    if (path.startsWith('{resource')) return 'any resource';
    return /.*\/providers\/((?:Microsoft|Postern)\.\w+)/.exec(path)?.[1] ?? 'subscriptions';
  });
  return [...byProvider].map(([provider, cards]) => [
    provider,
    markdownTable(['request', 'action', 'name in the audit log'], cards.map(controlRow)),
  ]);
}

function controlRow({ method, path, action, orAction, shows, audit }: ControlOperation): readonly string[] {
  const short = path
    .replace('/subscriptions/:subscriptionId/resourceGroups/:resourceGroup/', '{group}/')
    .replace('/subscriptions/:subscriptionId/', '{subscription}/');
  const actions = [action, ...(orAction === undefined ? [] : [orAction])].map((name) => `\`${name}\``).join(' or ');
  const who = shows === undefined ? actions : `${actions}: ${lists[shows]}`;
  return [request(method, short), who, audit === undefined ? '' : `\`${audit}\``];
}

const lists: Readonly<Record<NonNullable<ControlOperation['shows']>, string>> = {
  visible: 'shows what the caller has it for',
  own: 'needs no role',
};

function typesWithRules(): string {
  const rows = [...kinds.values()].map(({ type, items }) => [
    `\`${type}\``,
    items === undefined ? '' : `\`${items.member}\``,
  ]);
  return markdownTable(['type', 'what lies in it'], rows);
}

function graphTable(): string {
  const rows = [...graphOperations, userInfo].map((card) => {
    const path = card === userInfo ? card.path : `/v1.0${card.path}`;
    return [request(card.method, path), card.access === 'read' ? 'any caller' : 'administrators', activitiesOf(card)];
  });
  return markdownTable(['request', 'who may', 'name in the audit log'], rows);
}

/** The names in the audit log: the body can decide between two. */
function activitiesOf(card: GraphOperation): string {
  if (card.access === 'read') return '';
  const names = [{}, { keyCredentials: [] }].map((body) => card.activity(body).operationName);
  return [...new Set(names)].map((name) => `\`${name}\``).join(' or ');
}

function authorityTable(): string {
  const rows = endpoints.map(({ method, path }) => {
    const purpose = endpointPurposes[`${method} ${path}`];
    if (purpose === undefined) throw new Error(`nothing says what ${method} ${path} is for`);
    return [request(method, path), purpose];
  });
  const gone = Object.keys(endpointPurposes).length - endpoints.length;
  if (gone > 0) throw new Error(`${gone} of the authority's endpoints are described, and do not exist`);
  return markdownTable(['request', 'what it does'], rows);
}

/** A path of the router in the notation of Azure's documentation. */
function request(method: string, path: string): string {
  const shown = path.replaceAll(/\/:(\w+)\?/g, '[/{$1}]').replaceAll(/:(\w+)/g, '{$1}');
  return `\`${method} ${shown}\``;
}
