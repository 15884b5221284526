import { UserCheckout } from '../fabric/as-user.ts';
import { notRunHere, type Figures } from './figures.ts';

/** The rounds of `networkRounds` with the networks of an ordinary user, in a process of that user's. */
export async function networkRoundsOfUser(rounds: number, seed: number): Promise<Figures> {
  using checkout = new UserCheckout();
  const why = checkout.whyNot();
  if (why !== undefined) return notRunHere(why);
  const { exitStatus, printed } = await checkout.run('test/fabric/rootless-rounds.ts', [`${rounds}`, `${seed}`]);
  if (exitStatus === 0) return JSON.parse(printed) as Figures;
  return { counts: { rounds }, faults: [`the rounds ended with status ${exitStatus}`] };
}
