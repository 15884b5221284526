import { container } from './blob-name.ts';
import type { Appended, BlobState, BlobStore } from './blob-store.ts';
import { DeliveryFailed, noAnswerReason, retryAfterMs } from './failed.ts';
import { sharedKeyAuthorization } from './account-key.ts';

/** A storage account and what opens it. */
export interface StorageAccount {
  readonly name: string;
  /** Of its blob service, such as `https://NAME.blob.core.windows.net`; an emulator's has the account in its path. */
  readonly endpoint: string;
  /** One of the account's keys, base64; or a shared access signature, as a query. */
  readonly credential: string;
}

interface BlobRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT';
  /** Of the container, if absent. */
  readonly blob?: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** How many bytes are asked for. */
  readonly wantedBytes?: number;
}

/** The oldest that has all of it, for emulators and gateways that are not new. */
const version = '2021-12-02';

const answerMs = 60_000;

/** Of an answer that nothing was asked for in, such as an error's XML; the rest is not read. */
const bodyBytesMax = 64 << 10;

/** A shared access signature has this parameter; no base64 has. */
const signed = /(?:^|[?&])sig=/;

/** Advice for the operator, by the error code of the service. */
const advice: Readonly<Record<string, string>> = {
  AuthenticationFailed: "Check the account's credential in audit.storageAccounts, and this machine's clock.",
  AuthorizationFailure:
    "The key or signature is wrong or may not do this, or the account's firewall refuses this machine.",
  InvalidResourceName:
    "Check the endpoint in audit.storageAccounts: an emulator's ends with the account's name, as in http://127.0.0.1:10000/NAME.",
  AuthorizationPermissionMismatch: 'The sas needs the permissions read, add, create and write.',
  AuthorizationProtocolMismatch: 'The sas is for https only: give an https endpoint.',
  KeyBasedAuthenticationNotPermitted:
    'The account forbids shared keys: allow them, or give a sas of a user delegation.',
  AccountIsDisabled: 'Enable the account.',
  ContainerNotFound: `The container ${container} was deleted; it is created again.`,
  ContainerBeingDeleted: `The container ${container} is being deleted; it is created again afterwards.`,
  InvalidBlobType: 'A blob of another type has this name: move it away.',
};

/** The service's codes of what is not a failure here. A container that was deleted is made again when a blob is. */
const absentCodes: ReadonlySet<string> = new Set(['BlobNotFound', 'ContainerNotFound']);
const movedCodes: ReadonlySet<string> = new Set(['AppendPositionConditionNotMet', ...absentCodes]);
const fullCodes: ReadonlySet<string> = new Set(['BlockCountExceedsLimit', 'BlobIsSealed', 'InvalidBlobType']);

/** A storage account, by the REST API of its blob service (Microsoft, "Blob service REST API"). */
export class AzureBlobs implements BlobStore {
  readonly target: string;
  /** "Each append blob can include up to 50,000 blocks" (Append Block). */
  readonly blocksMax = 50_000;
  readonly #account: StorageAccount;
  readonly #nowMs: () => number;

  constructor(account: StorageAccount, nowMs: () => number) {
    this.#account = account;
    this.#nowMs = nowMs;
    this.target = new URL(account.endpoint).host;
  }

  async open(blob: string): Promise<BlobState> {
    const headers = {
      'if-none-match': '*',
      'x-ms-blob-type': 'AppendBlob',
      'x-ms-blob-content-type': 'application/json',
    };
    const create = { method: 'PUT', blob, headers } as const;
    let made = await this.#send(create);
    if (codeOf(made) === 'ContainerNotFound') {
      await this.#createContainer();
      made = await this.#send(create);
    }
    if (made.status === 201) return { length: 0, blocks: 0 };
    if (!['BlobAlreadyExists', 'ConditionNotMet', 'BlobIsSealed', 'InvalidBlobType'].includes(codeOf(made))) {
      throw this.#failed(made, 'create a blob');
    }
    const found = await this.#send({ method: 'HEAD', blob });
    if (found.status !== 200) throw this.#failed(found, 'look at a blob');
    const isOpen =
      found.headers.get('x-ms-blob-type') === 'AppendBlob' && found.headers.get('x-ms-blob-sealed') !== 'true';
    return {
      length: Number(found.headers.get('content-length')),
      blocks: isOpen ? Number(found.headers.get('x-ms-blob-committed-block-count') ?? 0) : this.blocksMax,
    };
  }

  async append(blob: string, at: number, bytes: Buffer): Promise<Appended> {
    const headers = { 'x-ms-blob-condition-appendpos': String(at), 'content-type': 'application/octet-stream' };
    const answer = await this.#send({ method: 'PUT', blob, query: { comp: 'appendblock' }, headers, body: bytes });
    if (answer.status === 201) {
      return { kind: 'appended', blocks: Number(answer.headers.get('x-ms-blob-committed-block-count') ?? 0) };
    }
    if (movedCodes.has(codeOf(answer))) return { kind: 'moved' };
    if (fullCodes.has(codeOf(answer))) return { kind: 'full' };
    throw this.#failed(answer, 'append to a blob');
  }

  async has(blob: string, at: number, bytes: Buffer): Promise<boolean> {
    const headers = { 'x-ms-range': `bytes=${at}-${at + bytes.length - 1}` };
    const answer = await this.#send({ method: 'GET', blob, headers, wantedBytes: bytes.length });
    // 416: the blob ends before.
    if (answer.status === 416 || absentCodes.has(codeOf(answer))) return false;
    // 200 would be a service that does not know ranges, with the whole blob.
    if (answer.status !== 206) throw this.#failed(answer, 'read a part of a blob');
    return answer.body.equals(bytes);
  }

  async #createContainer(): Promise<void> {
    const answer = await this.#send({ method: 'PUT', query: { restype: 'container' } });
    if (answer.status === 201 || codeOf(answer) === 'ContainerAlreadyExists') return;
    throw this.#failed(answer, `create the container ${container}`);
  }

  async #send({ method, blob, query = {}, headers = {}, body, wantedBytes = 0 }: BlobRequest) {
    const { name, endpoint, credential } = this.#account;
    const path = [container, ...(blob?.split('/') ?? [])].map(encodeURIComponent).join('/');
    const url = new URL(`${endpoint.replace(/\/+$/, '')}/${path}`);
    for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
    const all = { ...headers, 'x-ms-date': new Date(this.#nowMs()).toUTCString(), 'x-ms-version': version };
    const bodyBytes = body?.length ?? 0;
    const isSignature = signed.test(credential);
    const authorization = isSignature
      ? {}
      : { authorization: sharedKeyAuthorization({ method, url, headers: all, bodyBytes }, name, credential) };
    if (isSignature) {
      for (const [key, value] of new URLSearchParams(credential)) url.searchParams.set(key, value);
    }
    try {
      const answer = await fetch(url, {
        method,
        headers: { ...all, ...authorization },
        redirect: 'manual',
        signal: AbortSignal.timeout(answerMs),
        ...(body !== undefined && { body: new Uint8Array(body) }),
      });
      const bytesMax = answer.status === 206 ? wantedBytes : bodyBytesMax;
      return { status: answer.status, headers: answer.headers, body: await beginningOf(answer.body, bytesMax) };
    } catch (error) {
      throw new DeliveryFailed(
        `${this.target} does not answer (${noAnswerReason(error)}). Check audit.storageAccounts.`,
      );
    }
  }

  #failed(answer: { readonly status: number; readonly headers: Headers }, what: string): DeliveryFailed {
    const code = codeOf(answer);
    const said = `It refused to ${what}: ${answer.status} ${code}`.trimEnd();
    const wait = retryAfterMs(answer.headers.get('retry-after'), this.#nowMs());
    return new DeliveryFailed(`${said}. ${advice[code] ?? ''}`.trimEnd(), wait);
  }
}

/** The body of an answer; of one that is longer, little more than so many bytes. */
async function beginningOf(body: AsyncIterable<Uint8Array> | null, bytesMax: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of body ?? []) {
    parts.push(part);
    bytes += part.length;
    // Leaving the loop ends the answer.
    if (bytes > bytesMax) break;
  }
  return Buffer.concat(parts);
}

/** The error's code, as a header beside the XML of the body. Only its letters are kept: it goes to the server's log. */
function codeOf({ headers }: { readonly headers: Headers }): string {
  return (headers.get('x-ms-error-code') ?? '').replaceAll(/\W/g, '').slice(0, 80);
}
