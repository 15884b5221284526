import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { decideConnect } from '../../../src/ingress/connect.ts';
import { DeclaredPlaces } from '../../../src/ingress/declared-places.ts';
import { bytesOf, textOf } from '../target.ts';
import type { FuzzTarget } from '../target.ts';

const token = 'a-token-of-forty-three-characters-or-so';
const host = 'demo.vault.localhost';
const shown = `Basic ${Buffer.from(`one:${token}`).toString('base64')}`;

/**
 * A request for a connection, its target and credential a line each, is allowed for exactly one user, token and host.
 */
export const connectRequest: FuzzTarget = {
  form: 'text',
  words: ['Basic ', ':443', 'example.com:443', host, '@', '127.0.0.1', '[::1]'],
  samples: () => {
    const places = new DeclaredPlaces();
    const tokenDigest = createHash('sha256').update(token).digest('hex');
    places.bind({ id: 'one', tokenDigest, subnet: '/s', incarnation: 'x', address: '10.0.0.4' });
    const isOwnHost = (asked: string) => asked === host;
    return {
      inputs: [`${host}:443\n${shown}`, `example.com:443\n${shown}`, `${host}:443\nBasic eDp5`].map(bytesOf),
      read(input) {
        const [target = '', ...authorizations] = textOf(input).split('\n');
        const verdict = decideConnect({ target, authorizations, hasBody: false }, { places, isOwnHost });
        if (!verdict.ok) return;
        assert.equal(target, `${host}:443`);
        assert.equal(authorizations.length, 1);
        const [, encoded = ''] = (authorizations[0] ?? '').split(/ +/);
        assert.equal(Buffer.from(encoded, 'base64').toString(), `one:${token}`);
      },
    };
  },
};
