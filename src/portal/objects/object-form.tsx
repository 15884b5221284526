import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { Permission } from '../../types/operation.ts';
import { navigate } from '../navigation.ts';
import { useAction } from '../ui/action.ts';
import { Text } from '../ui/fields.tsx';
import type { Call } from '../request.ts';
import { attributesBody, attributesFault, hasDates, plainAttributes } from './attributes.ts';
import { AttributesFields } from './attributes-fields.tsx';
import { nameFault } from './identifier.ts';
import { hrefIn, useAsk } from './use-vault.ts';
import type { Place } from './use-vault.ts';
import { VaultFailure } from './vault-failure.tsx';

interface Props {
  readonly place: Place;
  readonly title: string;
  /** The object that gets another version; without it the form asks for a name. */
  readonly name: string | undefined;
  readonly submit: string;
  readonly needs: Permission;
  /** Why what is asked here cannot be sent yet; said when the user tries. */
  readonly fault: string | undefined;
  /** Whether a field says that already. */
  readonly faultIsShown?: boolean;
  /** The request that makes the object, but for its attributes and tags. */
  readonly request: (name: string) => Pick<Call, 'method'> & {
    readonly segments: readonly string[];
    readonly body: Readonly<Record<string, unknown>>;
  };
  /** Tags that follow from what was chosen. */
  readonly tags?: Readonly<Record<string, string>>;
  /** The fields between the name and the attributes. */
  readonly children: ComponentChildren;
}

/** A form that makes an object, or another version of one; then its page is shown. */
export function ObjectForm(props: Props) {
  const { place, title, name: fixed, submit, needs, fault, faultIsShown = false, request, tags = {}, children } = props;
  const ask = useAsk(place.vault);
  const { busy, error, run } = useAction();
  const [tried, setTried] = useState(false);
  const [typed, setTyped] = useState('');
  const [attributes, setAttributes] = useState(plainAttributes);
  const name = fixed ?? typed;
  const badName = nameFault(name);
  const first = fault ?? attributesFault(attributes);
  const send = async () => {
    const { segments, method = 'POST', body } = request(name);
    const given = attributesBody(attributes);
    await ask(segments, { method, body: { ...body, ...given, tags: { ...tags, ...given.tags } } });
    navigate(hrefIn(place, [name]));
  };
  return (
    <form
      class="card form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        // The name is the first field of the form.
        if (badName !== undefined) event.currentTarget.querySelector('input')?.focus();
        else if (first === undefined) run(send);
      }}
    >
      <h2>{fixed === undefined ? title : `New version of ${fixed}`}</h2>
      {fixed === undefined && (
        <Text
          label="Name"
          hint="Letters, digits and hyphens"
          error={typed === '' && !tried ? undefined : badName}
          at={{ value: typed, change: setTyped }}
        />
      )}
      {children}
      <AttributesFields draft={attributes} dated={hasDates(place.collection)} onChange={setAttributes} />
      {tried && badName === undefined && first !== undefined && !(first === fault && faultIsShown) && (
        <p class="field-error" role="alert">
          {first}
        </p>
      )}
      {error !== undefined && (
        <VaultFailure vault={place.vault} error={error} what="The vault did not take it." needs={needs} />
      )}
      <p class="buttons">
        <button type="submit" class="button button-main" disabled={busy}>
          {submit}
        </button>
        <a class="button" href={hrefIn(place, fixed === undefined ? [] : [fixed])}>
          Cancel
        </a>
      </p>
    </form>
  );
}
