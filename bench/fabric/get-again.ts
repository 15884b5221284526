/** Gets a secret again and again over connections that stay open, and prints the rate and latencies in JSON. */
import type { Asked } from '../one-client.ts';
import { keepAlive, ok } from '../one-client.ts';
import { quantile } from '../wrk.ts';
import type { Load, Measured } from './way.ts';

type Given = Omit<Asked, 'agent'> & Load & { readonly ca: string };

const { connections, seconds, ca, ...asked } = JSON.parse(process.argv[2] ?? '') as Given;
const latenciesMs: number[] = [];
const endMs = performance.now() + seconds * 1000;
await Promise.all(Array.from({ length: connections }, getAgain));
const measured: Measured = {
  perSecond: latenciesMs.length / seconds,
  p50Ms: quantile(latenciesMs, 0.5),
  p99Ms: quantile(latenciesMs, 0.99),
};
process.stdout.write(JSON.stringify(measured));

async function getAgain(): Promise<void> {
  const agent = keepAlive(ca);
  while (performance.now() < endMs) {
    const startMs = performance.now();
    await ok({ ...asked, agent });
    latenciesMs.push(performance.now() - startMs);
  }
  agent.destroy();
}
