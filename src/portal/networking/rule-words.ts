import type { RuleState, RuleStatesAnswer } from '../../types/activity.ts';
import { counted } from '../ui/words.ts';

/** The words beside a rule. */
export interface RuleNote {
  readonly tone: 'plain' | 'warn';
  readonly text: string;
}

/** The states of the rules in force, by the key of the rule. */
export function statesByKey(
  states: RuleStatesAnswer | undefined,
  keyOf: (value: string) => string,
): ReadonlyMap<string, RuleState> {
  return new Map(states?.value.map((state) => [keyOf(state.value), state]));
}

/** `nameAt` names the rule at `ipRules[2]`. */
export function noteOnRule(state: RuleState | undefined, nameAt: (rule: string) => string): RuleNote | undefined {
  return state && notes[state.state](state, nameAt);
}

type Note = (state: RuleState, nameAt: (rule: string) => string) => RuleNote;

const used: Note = ({ count, lastUse }) => {
  if (count > 0) return { tone: 'plain', text: `${counted(count, 'call')} in 24 h` };
  return { tone: 'plain', text: lastUse === undefined ? 'not used lately' : 'not used in 24 h' };
};

const notes: Readonly<Record<RuleState['state'], Note>> = {
  live: used,
  unused: used,
  shadowed: ({ shadowedBy }, nameAt) => ({
    tone: 'warn',
    text: `lets in nobody whom ${shadowedBy === undefined ? 'another rule' : nameAt(shadowedBy)} does not`,
  }),
  endpointOff: () => ({
    tone: 'warn',
    text: 'lets nobody in: the subnet has no service endpoint for Microsoft.KeyVault',
  }),
  subnetGone: () => ({ tone: 'warn', text: 'lets nobody in: the subnet is gone' }),
  earlierSubnet: () => ({ tone: 'warn', text: 'lets nobody in: it was made for an earlier subnet of that name' }),
};
