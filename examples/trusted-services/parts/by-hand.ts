import type { TokenCredential } from '@azure/core-auth';
import {
  RestError,
  bearerTokenAuthenticationPolicy,
  createDefaultHttpClient,
  createHttpHeaders,
  createPipelineFromOptions,
  createPipelineRequest,
} from '@azure/core-rest-pipeline';
import type { ClientOptions } from './address.ts';

/** Posts JSON to a URL of the vault, and gives the JSON of the answer. @throws {RestError} as the official clients do */
export type Post = (url: string, body: object) => Promise<unknown>;

/** For a program that writes its requests itself, because the official clients would write them in another way. */
export function byHand(credential: TokenCredential, { additionalPolicies }: ClientOptions): Post {
  const pipeline = createPipelineFromOptions({});
  const scopes = 'https://vault.azure.net/.default';
  pipeline.addPolicy(bearerTokenAuthenticationPolicy({ credential, scopes }));
  for (const { policy } of additionalPolicies) pipeline.addPolicy(policy);
  const client = createDefaultHttpClient();
  return async (url, body) => {
    const headers = createHttpHeaders({ 'content-type': 'application/json' });
    const request = createPipelineRequest({ url, method: 'POST', headers, body: JSON.stringify(body) });
    const response = await pipeline.sendRequest(client, request);
    const answer: unknown = JSON.parse(response.bodyAsText ?? '');
    if (response.status >= 400)
      throw new RestError(response.bodyAsText ?? '', { statusCode: response.status, request });
    return answer;
  };
}
