import { shellWord } from '../shell-word.ts';
import type { Authority } from './authorities.ts';

export type Action = 'install' | 'remove' | 'status';

interface Subject {
  readonly caFile: string;
  readonly authorities: readonly Pick<Authority, 'thumbprint'>[];
}

/** The command for a user's own store of certificates, by system. Browsers there use it, Firefox too. */
const lines: Readonly<Partial<Record<NodeJS.Platform, Readonly<Record<Action, (subject: Subject) => string>>>>> = {
  darwin: {
    install: ({ caFile }) => `security add-trusted-cert -r trustRoot -k ${keychain} ${shellWord(caFile)}`,
    remove: each((thumbprint) => `security delete-certificate -t -Z ${thumbprint} ${keychain}`),
    status: ({ caFile }) => `security verify-cert -l -L -c ${shellWord(caFile)}`,
  },
  win32: {
    install: ({ caFile }) => `certutil -user -addstore Root "${caFile}"`,
    remove: each((thumbprint) => `certutil -user -delstore Root ${thumbprint}`),
    status: each((thumbprint) => `certutil -user -store Root ${thumbprint}`),
  },
};

const keychain = '~/Library/Keychains/login.keychain-db';

/** The line to run by hand on a system whose stores Postern does not change; `undefined` where it changes them. */
export function lineFor(platform: NodeJS.Platform, action: Action, subject: () => Subject): string | undefined {
  return lines[platform]?.[action](subject());
}

function each(command: (thumbprint: string) => string): (subject: Subject) => string {
  return ({ authorities }) => authorities.map(({ thumbprint }) => command(thumbprint)).join('\n');
}
