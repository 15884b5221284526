import { setTimeout } from 'node:timers/promises';
import { answerTo } from './cells.ts';
import type { Stage } from './play.ts';
import type { Clients } from './vault.ts';

/** A way in which the customer takes a key away from a service, and the way back. */
export interface Revocation {
  /** The customer's step, in words that follow "After". */
  readonly title: string;
  /** The vault's answer after that, as `inWords` has it. */
  readonly answer: string;
  readonly take: () => Promise<unknown>;
  readonly giveBack: () => Promise<unknown>;
}

/** The vault takes a moment to delete and to recover. */
export const poll = { intervalInMs: 200 } as const;

/** The documents' ways. Each takes away all that was encrypted under the key, and none changes a byte of it. */
export function revocations({ vault, owner, party, grant }: Stage, keyName: string): readonly Revocation[] {
  return [
    {
      title: 'the grant is taken away',
      answer: '403 AccessDenied',
      take: () => vault.revoke(party),
      giveBack: () => vault.grant(party, grant),
    },
    {
      title: 'the key is disabled',
      answer: '403 KeyDisabled',
      take: () => owner.keys.updateKeyProperties(keyName, { enabled: false }),
      giveBack: () => owner.keys.updateKeyProperties(keyName, { enabled: true }),
    },
    {
      title: 'the key is deleted',
      answer: '404 KeyNotFound',
      take: async () => (await owner.keys.beginDeleteKey(keyName, poll)).pollUntilDone(),
      giveBack: async () => (await owner.keys.beginRecoverDeletedKey(keyName, poll)).pollUntilDone(),
    },
    {
      title: 'the bypass for trusted services is switched off',
      answer: '403 ForbiddenByFirewall',
      take: () => vault.set({ bypass: 'None' }),
      giveBack: () => vault.set({ bypass: 'AzureServices' }),
    },
  ];
}

/** Restores a key from its backup as soon as the vault has let go of the name, which a purge takes a moment for. */
export async function restoreKey({ keys }: Clients, backup: Uint8Array): Promise<void> {
  for (let left = 50; ; left -= 1) {
    const answer = await answerTo(() => keys.restoreKeyBackup(backup));
    if (answer.status === 200) return;
    if (answer.status !== 409 || left === 0) throw new Error(`The key was not restored: ${answer.message}`);
    await setTimeout(poll.intervalInMs);
  }
}
