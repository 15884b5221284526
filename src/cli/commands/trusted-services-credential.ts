import { servicesTenant } from '../../types/caller.ts';
import { answerFailed, getToken, send } from '../client.ts';
import type { ClientAnswer } from '../client.ts';
import type { Command } from '../command.ts';
import { readConnection } from '../connection.ts';
import type { Connection } from '../connection.ts';
import { CommandFailed } from '../failed.ts';
import { membersOf } from '../json.ts';
import { serviceNamed } from '../service-caller.ts';

export const trustedServicesCredential: Command = {
  name: 'trusted-services credential',
  synopsis:
    "Makes a secret with which a program plays a trusted service that calls as an application of Microsoft's, and prints it once, as JSON.",
  options: { service: "name of the service, a part of it that no other has, or the application's id" },
  required: ['service'],
  flags: { json: 'as JSON, as without it: { tenantId, clientId, clientSecret, objectId }' },
  async run({ data = 'postern-data', service = '' }) {
    const applicationId = applicationOf(service);
    const connection = readConnection(data);
    const graph = { connection, token: await getToken(connection, connection.home) };
    const principalId = (await find(graph, applicationId)) ?? (await create(graph, applicationId));
    const added = await post(graph, `/servicePrincipals/${principalId}/addPassword`, {
      passwordCredential: { displayName: 'postern trusted-services credential' },
    });
    const secret = {
      tenantId: servicesTenant,
      clientId: applicationId,
      clientSecret: text(added, 'secretText'),
      objectId: principalId,
    };
    return JSON.stringify(secret, undefined, 2);
  },
};

/** @throws {CommandFailed} when no service, or more than one, is meant, or it calls as something else */
function applicationOf(asked: string): string {
  const { service, applicationId } = serviceNamed(asked);
  if (applicationId !== undefined) return applicationId;
  throw new CommandFailed(
    `${service.name} calls with the managed identity of a resource, which has no secret.`,
    'Create the resource with an identity, and give its workload an identityHeader in the configuration file ("workloads").',
  );
}

interface Graph {
  readonly connection: Connection;
  readonly token: string;
}

async function find({ connection, token }: Graph, applicationId: string): Promise<string | undefined> {
  const filter = encodeURIComponent(`appId eq '${applicationId}'`);
  const answered = await send(connection, {
    method: 'GET',
    url: `${connection.home}/v1.0/servicePrincipals?$filter=${filter}`,
    token,
  });
  const value = members(answered).get('value');
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  const [first] = list;
  return first === undefined ? undefined : text(membersOf(first), 'id');
}

async function create(graph: Graph, appId: string): Promise<string> {
  return text(await post(graph, '/servicePrincipals', { appId }), 'id');
}

async function post({ connection, token }: Graph, path: string, json: object): Promise<ReadonlyMap<string, unknown>> {
  return members(await send(connection, { method: 'POST', url: `${connection.home}/v1.0${path}`, token, json }));
}

function members(answered: ClientAnswer): ReadonlyMap<string, unknown> {
  if (answered.status >= 300) throw answerFailed(answered);
  return membersOf(answered.body);
}

function text(found: ReadonlyMap<string, unknown>, name: string): string {
  const value = found.get(name);
  if (typeof value !== 'string') throw new CommandFailed(`The server answered without ${name}.`);
  return value;
}
