import { useEffect, useState } from 'preact/hooks';
import { useLoaded, usePortal } from '../portal.ts';
import { findPrincipals, kindWords } from '../principals.ts';
import type { Principal } from '../principals.ts';
import { Failed } from '../ui/message.tsx';
import { Field } from '../ui/parts.tsx';

const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const quietMs = 200;

/** The principals that Graph finds for what is typed, once the typing pauses. The last answer stays until there is another. */
function useFound(text: string) {
  const { services } = usePortal();
  const [asked, setAsked] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => {
      setAsked(text);
    }, quietMs);
    return () => {
      clearTimeout(timer);
    };
  }, [text]);
  const { loaded } = useLoaded((signal) => findPrincipals(services, asked, signal), asked);
  const byHand: readonly Principal[] = guid.test(text.trim())
    ? [{ id: text.trim().toLowerCase(), name: text.trim(), kind: 'ServicePrincipal' }]
    : [];
  const [last, setLast] = useState<readonly Principal[]>([]);
  useEffect(() => {
    if (loaded.state === 'ready') setLast(loaded.value);
  }, [loaded]);
  return { loaded, found: [...byHand, ...last] };
}

/** Finds a user, group or application by the beginning of its name; an object id is taken as it is. */
export function PrincipalField({ onChoose }: { readonly onChoose: (chosen: Principal | undefined) => void }) {
  const [text, setText] = useState('');
  const { loaded, found: listed } = useFound(text);
  const [chosen, setChosen] = useState<Principal>();
  // The chosen principal stays in the list, and so chosen, whatever is looked for then.
  const others = listed.filter(({ id }) => id !== chosen?.id);
  const found = chosen === undefined ? others : [chosen, ...others];
  return (
    <>
      <Field label="Find a user, group or application" hint="The beginning of its name, or its object id">
        <input
          type="search"
          spellcheck={false}
          autocomplete="off"
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
          }}
        />
      </Field>
      {loaded.state === 'failed' && <Failed what="The directory could not be searched." error={loaded.error} />}
      <Field label="Who">
        <select
          size={6}
          required
          class="principals"
          value={chosen?.id ?? ''}
          onChange={(event) => {
            const { value } = event.currentTarget;
            const next = found.find(({ id }) => id === value);
            setChosen(next);
            onChoose(next);
          }}
        >
          {found.map(({ id, name, kind, detail }) => (
            <option key={id} value={id}>
              {name} – {kindWords[kind]}
              {detail !== undefined && ` – ${kind === 'User' ? detail : `${detail.slice(0, 8)}…`}`}
            </option>
          ))}
        </select>
      </Field>
    </>
  );
}
