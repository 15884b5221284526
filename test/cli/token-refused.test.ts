import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oauthError } from '../../src/authority/errors.ts';
import { tokenRefused } from '../../src/cli/client.ts';

const trace = { traceId: 't', correlationId: 'c', nowMs: 0 };

test('a token that is not issued is told in the words of the authority, with what to do where the server is at fault', () => {
  const { status, body } = oauthError({ kind: 'storeUnavailable' }, trace);
  const { message, hint, code } = tokenRefused({ status, body });
  assert.match(
    message,
    /^The server issued no token, it answered 503: AADSTS90033: A transient error .* Please try again\.$/,
  );
  assert.match(String(hint), /"postern status"/);
  assert.equal(code, 'temporarily_unavailable');
});

test('near miss: of a refused client the server is not at fault; an answer of another form has no words', () => {
  const { status, body } = oauthError({ kind: 'credentialMissing' }, trace);
  const refused = tokenRefused({ status, body });
  assert.equal(refused.hint, undefined);
  assert.doesNotMatch(refused.message, /[{}]|Trace ID/);
  assert.equal(
    tokenRefused({ status: 502, body: undefined }).message,
    'The server issued no token, it answered 502: it gave no reason.',
  );
  assert.equal(tokenRefused({ status: 502, body: 'x' }).code, 'Status502');
});
