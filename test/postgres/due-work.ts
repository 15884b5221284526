import { linesOf } from '../audit/log-lines.ts';
import { selfSigned } from '../data-plane/certificate-world.ts';
import { putVault } from '../data-plane/vaults.ts';
import { until } from '../world/process.ts';
import type { Node, Nodes } from './nodes.ts';

const vault = 'kv-due';
const from = '127.0.0.7';

/**
 * One node begins certificates, which become due a moment later, and is killed. Returns a sentence for each that was not
 * completed once, with one record in the logs of all nodes; the killed one must run again when they are read.
 */
export async function dueWorkOfDead(
  { client, nodes, auditFolders }: Nodes,
  { beginner, kill, count }: { readonly beginner: Node; readonly kill: () => Promise<void>; readonly count: number },
): Promise<readonly string[]> {
  await putVault(client, vault);
  const names = Array.from({ length: count }, (_, index) => `due-${index}`);
  const begun = await Promise.all(
    names.map((name) => {
      const body = { policy: selfSigned(`CN=${name}`) };
      return beginner.client().vault(vault, 'POST', `/certificates/${name}/create`, { body, from });
    }),
  );
  const refused = begun.filter(({ status }) => status !== 202);
  if (refused.length > 0) throw new Error(`not begun: ${JSON.stringify(refused)}`);
  await kill();
  const living = nodes.find((node) => node !== beginner)?.client() ?? client;
  for (const name of names) {
    await until(async () => {
      const { body } = await living.vault(vault, 'GET', `/certificates/${name}/pending`, { from });
      return body?.['status'] === 'completed';
    }, `the completion of ${name} by another node`);
  }
  await beginner.start();
  const recordsOf = () => auditFolders.flatMap((folder) => linesOf(folder)).filter(isEnrolment);
  await until(() => recordsOf().length >= count, 'the records of all');
  return names.flatMap((name) => {
    const found = recordsOf().filter((record) => JSON.stringify(record).includes(`/certificates/${name}"`)).length;
    return found === 1 ? [] : [`${name} has ${found} records of its completion`];
  });
}

function isEnrolment({ operationName }: { readonly operationName: string }): boolean {
  return operationName === 'CertificateEnroll';
}
