import { headerBinding, identitiesBoundTo, workloadBinding } from '../directory/bindings.ts';
import type { BoundIdentity } from '../directory/bindings.ts';
import { findClient } from '../directory/clients.ts';
import type { ServicePrincipalRecord } from '../directory/records.ts';
import { isUserAssigned, managedIdentityOf } from '../directory/service-principals.ts';
import { issueAccessToken, tokenLifetimeSeconds } from './access-token.ts';
import type { SubnetSource } from '../types/source.ts';
import type { Answered, AuthorityCall, Endpoint } from './endpoint.ts';
import type { Form } from './form.ts';
import { refused } from './refusal.ts';
import type { ManagedIdentityRefusal } from './refusal.ts';
import type { Authority } from './services.ts';

/** The path in `IDENTITY_ENDPOINT`. */
const identityEndpointPath = '/msi/token';
const identityEndpointVersion = '2019-08-01';

/** The path of a machine's instance metadata service. */
const instanceMetadataPath = '/metadata/identity/oauth2/token';
const metadataVersions = ['2018-02-01', '2019-08-01', '2021-02-01'];

/**
 * Answers in App Service's form (Microsoft, "Managed identities for App Service", "REST endpoint reference"): the workload
 * has this address in `IDENTITY_ENDPOINT`, and in `IDENTITY_HEADER` the secret that identifies it.
 */
async function answerIdentityEndpoint(call: AuthorityCall, authority: Authority): Promise<Answered> {
  const { form } = call;
  const asked = form.get('api-version') ?? '';
  if (asked !== identityEndpointVersion) {
    throw refused({ kind: 'metadataVersionUnsupported', version: asked, supported: identityEndpointVersion });
  }
  const identityHeader = headerOf(call, 'x-identity-header');
  const bound =
    identityHeader === undefined ? [] : await identitiesBoundTo(authority.store, headerBinding(identityHeader));
  if (bound.length === 0) throw refused({ kind: 'identityHeaderWrong' });
  return identityToken(bound, form, authority);
}

/**
 * Answers in a machine's form (Microsoft, "Azure Instance Metadata Service"). There is no secret: the workload is identified
 * by the private address and the subnet's incarnation that the ingress proved. A declared subnet proves nothing.
 */
async function answerInstanceMetadata(call: AuthorityCall, authority: Authority): Promise<Answered> {
  const fault = metadataFault(call);
  if (fault !== undefined) throw refused(fault);
  const { form, source } = call;
  const version = form.get('api-version') ?? '';
  if (!metadataVersions.includes(version)) {
    throw refused({ kind: 'metadataVersionUnsupported', version, supported: metadataVersions.join(', ') });
  }
  if (source.kind !== 'subnet' || source.assurance !== 'enforced') {
    throw refused({ kind: 'workloadUnknown' });
  }
  const bound = await identitiesAt(source, authority);
  if (bound.length === 0) throw refused({ kind: 'workloadUnknown' });
  return identityToken(bound, form, authority);
}

/** Why a request for metadata is refused whoever sends it. */
export function metadataFault(call: AuthorityCall): ManagedIdentityRefusal | undefined {
  // A web page that was tricked into sending the request cannot set this header.
  if (headerOf(call, 'metadata')?.toLowerCase() !== 'true') return { kind: 'metadataHeaderMissing' };
  return headerOf(call, 'x-forwarded-for') === undefined ? undefined : { kind: 'metadataForwarded' };
}

/** The identities of the workload at a place: those of the store, and the one that it was started with. */
async function identitiesAt(
  { incarnation, address }: SubnetSource,
  { store, identityBindings }: Authority,
): Promise<readonly BoundIdentity[]> {
  const startedWith = identityBindings.at(incarnation, address.text);
  const bindings = [workloadBinding(incarnation, address.text), ...(startedWith === undefined ? [] : [startedWith])];
  return (await Promise.all(bindings.map((binding) => identitiesBoundTo(store, binding)))).flat();
}

/** The parameters that select an identity. Each has a name at either endpoint. */
const selectors: readonly (readonly [readonly string[], (principal: ServicePrincipalRecord) => string | undefined])[] =
  [
    [['client_id', 'clientid'], ({ appId }) => appId],
    [['object_id', 'principal_id'], ({ id }) => id],
    [['mi_res_id', 'msi_res_id'], managedIdentityOf],
  ];

/**
 * Chooses one of the workload's identities: the one that the request names, or else the system-assigned one (Microsoft,
 * "How managed identities work"). A single user-assigned identity is not a default, because adding a second one would
 * change the meaning of the request.
 * @throws {Refused}
 */
function chooseIdentity(identities: readonly BoundIdentity[], form: Form): BoundIdentity {
  const named = selectors.flatMap(([names, read]) => {
    const value = names.map((name) => form.get(name)).find((given) => given !== undefined);
    return value === undefined ? [] : [{ value: value.toLowerCase(), read }];
  });
  if (named.length > 1) throw refused({ kind: 'identityNamedTwice' });
  const [name] = named;
  const chosen = identities.find(({ principal }) =>
    name === undefined
      ? !isUserAssigned(managedIdentityOf(principal) ?? '')
      : name.read(principal)?.toLowerCase() === name.value,
  );
  if (chosen !== undefined) return chosen;
  throw refused({ kind: name === undefined ? 'identityNotNamed' : 'identityNotFound' });
}

/** Issues a token for one of the workload's identities. */
async function identityToken(
  identities: readonly BoundIdentity[],
  form: Form,
  authority: Authority,
): Promise<Answered> {
  const resource = form.get('resource');
  if (resource === undefined) {
    throw refused({ kind: 'metadataParameterMissing', name: 'resource' });
  }
  const { principal, usedBy } = chooseIdentity(identities, form);
  const { tenantId, appId, id: objectId } = principal;
  const client = await findClient(authority.store, tenantId, appId);
  if (client === undefined) throw refused({ kind: 'identityNotFound' });
  if (!client.enabled) throw refused({ kind: 'clientDisabled', clientId: appId });
  if (!authority.isResource(resource)) {
    throw refused({ kind: 'resourceUnknown', resource, tenant: tenantId });
  }
  const token = await issueAccessToken({ client, objectId, method: '2', resource, usedBy }, authority);
  const lasts = `${tokenLifetimeSeconds - 1}`;
  const body = {
    access_token: token.jwt,
    client_id: appId,
    expires_in: lasts,
    ext_expires_in: lasts,
    expires_on: `${token.expiresAt}`,
    not_before: `${token.notBefore}`,
    resource,
    token_type: 'Bearer',
  };
  return { answer: { status: 200, body } };
}

const identityEndpoint = { method: 'GET', shows: 'json', reads: 'query', inTenant: false } as const;

/** The instance metadata service's endpoint for tokens. */
export const metadataTokens: Endpoint = {
  ...identityEndpoint,
  path: instanceMetadataPath,
  answer: answerInstanceMetadata,
};

/** The endpoints where workloads request tokens for their managed identities. */
export const identityEndpoints: readonly Endpoint[] = [
  { ...identityEndpoint, path: identityEndpointPath, answer: answerIdentityEndpoint },
  metadataTokens,
];

function headerOf({ headers }: AuthorityCall, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}
