import type { IncomingMessage, ServerResponse } from 'node:http';
import { Router } from '../edge/router.ts';
import type { Found } from '../edge/router.ts';
import { send } from '../http/answer.ts';
import { targetFault } from '../http/request.ts';
import type { AuthorityCall, Answered, Endpoint } from './endpoint.ts';
import { metadataFault, metadataTokens } from './managed-identity.ts';
import { refused } from './refusal.ts';

/**
 * What is asked about the machine, by programs that want to know whether they are in Azure (Microsoft, "Azure Instance
 * Metadata Service"). There is no machine here: the answer has what the place of the connection says. Without a region,
 * clients use the authority of all regions, the only one there is.
 */
function answerInstance(call: AuthorityCall): Answered {
  const fault = metadataFault(call);
  if (fault !== undefined) throw refused(fault);
  const { source } = call;
  if (source.kind !== 'subnet') throw refused({ kind: 'workloadUnknown' });
  const [, , subscriptionId = '', , resourceGroupName = ''] = source.subnet.split('/');
  const compute = { azEnvironment: 'AzurePublicCloud', resourceGroupName, subscriptionId };
  const ipAddress = [{ privateIpAddress: source.address.text, publicIpAddress: '' }];
  const network = { interface: [{ ipv4: { ipAddress } }] };
  return { answer: { status: 200, body: { compute, network } } };
}

const instance: Endpoint = {
  method: 'GET',
  path: '/metadata/instance',
  shows: 'json',
  reads: 'query',
  inTenant: false,
  answer: answerInstance,
};

/** Everything that a metadata listener serves. */
const metadataEndpoints: readonly Endpoint[] = [metadataTokens, instance];

/** Answers a request to an endpoint of the authority. */
export type AnswerEndpoint = (request: IncomingMessage, response: ServerResponse, found: Found<Endpoint>) => void;

/**
 * The requests of a subnet's metadata listener. The Host header says nothing there: the connection leads to this service
 * alone. A probe for another service, or another cloud's, is told at once that it is not here.
 */
export function metadataListener(answer: AnswerEndpoint): (request: IncomingMessage, response: ServerResponse) => void {
  const router = new Router(metadataEndpoints.map((endpoint) => ({ ...endpoint, to: endpoint })));
  return (request, response) => {
    const { method = '', url = '' } = request;
    const isTarget = url.startsWith('/') && targetFault(url) === undefined;
    const found = isTarget ? router.find(method, url) : undefined;
    if (found === undefined) send(response, { status: 404, body: { error: 'Not found' } }, []);
    else answer(request, response, found);
  };
}
