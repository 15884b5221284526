import type { Command } from '../command.ts';
import { readConnection } from '../connection.ts';
import { askSupervisor } from '../control.ts';
import { rotatedLine, rotationIn } from '../keys/rotation.ts';

export const tokenKeyRotate: Command = {
  name: 'token-key rotate',
  synopsis:
    'Replaces the key that signs tokens. Tokens that were issued before stay valid until they expire, unless --revoke is given.',
  options: {},
  required: [],
  flags: {
    revoke:
      'accept no token any more that was signed by an earlier key: clients get 401 until they ask for another one',
    json: 'as JSON, in one line: { from, to, revoked }, with the ids of the keys',
  },
  progress: 'Replacing the key',
  async run({ data = 'postern-data' }, { flags }) {
    const revoke = flags.has('revoke');
    const rotated = rotationIn(await askSupervisor(readConnection(data), { rotate: 'tokenKey', revoke }));
    if (flags.has('json')) return JSON.stringify({ ...rotated, revoked: revoke });
    const before = revoke
      ? 'Tokens that were issued before are refused from now on.'
      : 'Tokens that were issued before stay valid until they expire.';
    return `${rotatedLine('token-signing key', rotated)}\n${before}`;
  },
};
