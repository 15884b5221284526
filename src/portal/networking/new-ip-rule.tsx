import type { RefObject } from 'preact';
import { useState } from 'preact/hooks';
import { usePortal } from '../portal.ts';
import { Field } from '../ui/parts.tsx';
import type { VaultNetworkAcls } from '../vaults/vault.ts';
import { judgeIpRule } from './ip-rule.ts';
import type { Typed } from './ip-rule.ts';

interface NewIpRuleProps {
  readonly input: RefObject<HTMLInputElement | null>;
  readonly acls: VaultNetworkAcls;
  readonly onAdd: (values: readonly string[]) => void;
}

/** The field for a new IP rule, judged at each key stroke. */
export function NewIpRule({ input, acls, onAdd }: NewIpRuleProps) {
  const { settings } = usePortal();
  const [{ text, tried }, setField] = useState({ text: '', tried: false });
  const typed = judgeIpRule(text, acls, settings.rules.profile);
  const isWrong = typed.kind === 'refused' && (tried || !typed.unfinished);
  const put = (values: readonly string[]) => {
    onAdd(values);
    setField({ text: '', tried: false });
    input.current?.focus();
  };
  return (
    <form
      class="new-rule"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (typed.kind === 'taken') put([typed.value]);
        else setField({ text, tried: true });
      }}
    >
      <Field label="IPv4 address or CIDR">
        <input
          ref={input}
          value={text}
          autocomplete="off"
          spellcheck={false}
          placeholder="203.0.113.0/24"
          aria-describedby="new-ip-rule-says"
          {...(isWrong && { 'aria-invalid': 'true' })}
          onInput={(event) => {
            setField({ text: event.currentTarget.value, tried: false });
          }}
        />
      </Field>
      <button type="submit" class="button">
        Add
      </button>
      <output id="new-ip-rule-says" class={isWrong ? 'field-error' : 'field-hint'}>
        {saidOf(typed, tried)}
      </output>
      {typed.kind === 'refused' && typed.instead.length > 0 && (
        <button
          type="button"
          class="quiet"
          onClick={() => {
            put(typed.instead);
          }}
        >
          Add {typed.instead.join(' and ')} instead
        </button>
      )}
    </form>
  );
}

function saidOf(typed: Typed, tried: boolean): string {
  if (typed.kind === 'refused') return typed.says;
  if (typed.kind === 'taken') return typed.note ?? '';
  return tried ? 'Give a public IPv4 address, or a range such as 203.0.113.0/24.' : '';
}
