import { useEffect, useState } from 'preact/hooks';
import type { AccessVerdict } from '../../types/verdict.ts';
import { useLoaded, usePortal } from '../portal.ts';
import { groupsOf, useNames } from '../principals.ts';
import type { Principal } from '../principals.ts';
import { Failed } from '../ui/message.tsx';
import { Card } from '../ui/parts.tsx';
import { answersOf, shownName } from './policies.ts';
import type { Answer, Person } from './policies.ts';
import { PrincipalField } from './principal-field.tsx';

interface WhatCanProps {
  readonly who: string | undefined;
  readonly tenantId: string;
  readonly judgeFor: (person: Person) => Parameters<typeof answersOf>[0];
  readonly why: (verdict: AccessVerdict) => string;
}

/** A principal of which nothing is known but its object id. */
function byId(id: string): Principal {
  return { id, name: id, kind: 'ServicePrincipal' };
}

/** The permissions of a principal to the contents of the vault, decided here by the code that the vaults decide with. */
export function WhatCan({ who, ...props }: WhatCanProps) {
  const names = useNames(who === undefined ? [] : [who]);
  const [chosen, setChosen] = useState<Principal | undefined>(who === undefined ? undefined : byId(who));
  const named = who === undefined ? undefined : names.get(who);
  useEffect(() => {
    if (named !== undefined) setChosen(named);
  }, [named]);
  return (
    <Card title="What can somebody do here?">
      <div class="columns">
        <div class="stack">
          <PrincipalField onChoose={setChosen} />
        </div>
        <div class="stack" aria-live="polite">
          {chosen === undefined ? (
            <p class="detail">Choose somebody. The firewall is another question: Networking says who gets that far.</p>
          ) : (
            <Answers chosen={chosen} {...props} />
          )}
        </div>
      </div>
    </Card>
  );
}

function Answers({ chosen, tenantId, judgeFor, why }: Omit<WhatCanProps, 'who'> & { readonly chosen: Principal }) {
  const { services } = usePortal();
  const { loaded } = useLoaded(async (signal) => groupsOf(services, chosen, signal).catch(() => []), chosen.id);
  if (loaded.state === 'loading') return null;
  if (loaded.state === 'failed') return <Failed what="The groups could not be loaded." error={loaded.error} />;
  const answers = answersOf(judgeFor({ tenantId, objectId: chosen.id, groups: loaded.value }));
  return (
    <>
      <h3>{chosen.name}</h3>
      <dl class="answers">
        {answers.map((answer) => (
          <AnswerRow key={answer.collection + answer.names.join()} answer={answer} why={why(answer.verdict)} />
        ))}
      </dl>
    </>
  );
}

function AnswerRow({ answer: { collection, names, verdict }, why }: { readonly answer: Answer; readonly why: string }) {
  return (
    <div>
      <dt>
        {collection} <span class={verdict.allowed ? 'good' : 'bad'}>{verdict.allowed ? '✓ may' : '✕ may not'}</span>
      </dt>
      <dd>
        {names.map(shownName).join(', ')} <span class="detail">{why}</span>
      </dd>
    </div>
  );
}
