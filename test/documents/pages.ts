import type { Server } from './follow-page.ts';

/** Pages that build networks; they are followed by the user who runs the tests and, where that is root, by an ordinary one. */
export const fabricPages: readonly string[] = [
  'examples/closed-to-the-internet/README.md',
  'examples/locked-subnet/README.md',
  'examples/one-application/README.md',
];

/** The pages that are followed from their first command to the last, each from where its reader begins. */
export const followed: Readonly<Record<string, Server>> = {
  'README.md': 'running on one address',
  'docs/tutorial.md': 'running',
  'docs/how-to/virtual-networks.md': 'running',
  ...Object.fromEntries(fabricPages.map((page) => [page, 'running'] as const)),
  'examples/trusted-services/README.md': 'by the page',
  'docs/how-to/ansible.md': 'by the page',
  'docs/how-to/ci.md': 'by the page',
  'docs/how-to/declared.md': 'running',
  'docs/how-to/gateways.md': 'by the page',
  'docs/how-to/portal.md': 'running',
  'docs/how-to/rotate-master-key.md': 'running',
  'docs/how-to/rotate-token-key.md': 'running',
  'docs/how-to/run.md': 'running',
  'docs/how-to/seed.md': 'by the page',
  'docs/how-to/terraform.md': 'running',
  'docs/how-to/trust.md': 'running',
  'docs/how-to/users-and-identities.md': 'running',
};

/** One more, which takes as long as all of them. */
export const azureCliPage = 'docs/how-to/azure-cli.md';
