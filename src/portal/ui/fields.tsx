import { useState } from 'preact/hooks';
import { Field } from './parts.tsx';

/** The properties that tie a field to a member of a draft. */
export interface BoundText {
  readonly value: string;
  readonly change: (value: string) => void;
}

export interface BoundCheck {
  readonly value: boolean;
  readonly change: (value: boolean) => void;
}

/** Ties fields to the members of a draft: `const { at } = bound(draft, setDraft)`, then `at('subject')`. */
export function bound<Draft extends object>(draft: Draft, onChange: (draft: Draft) => void) {
  return <Key extends keyof Draft>(key: Key) => ({
    value: draft[key],
    change: (value: Draft[Key]) => {
      onChange({ ...draft, [key]: value });
    },
  });
}

interface Labelled {
  readonly label: string;
  readonly hint?: string;
  readonly error?: string | undefined;
}

/** A field for a string of one line or several. Nothing that is typed is remembered or corrected by the browser. */
export function Text({
  at: { value, change },
  lines,
  label,
  hint,
  error,
  ...others
}: Labelled & {
  readonly at: BoundText;
  readonly lines?: number;
  readonly type?: 'password' | 'number' | 'datetime-local';
  readonly min?: string;
  readonly max?: string;
  readonly maxLength?: number;
  readonly placeholder?: string;
  readonly class?: string;
}) {
  const input = {
    ...others,
    value,
    autocomplete: 'off',
    spellcheck: false,
    onInput: ({ currentTarget }: { readonly currentTarget: { readonly value: string } }) => {
      change(currentTarget.value);
    },
  } as const;
  return (
    <Field label={label} error={error} {...(hint !== undefined && { hint })}>
      {lines === undefined ? <input {...input} /> : <textarea {...input} rows={lines} />}
    </Field>
  );
}

/** A choice of one. `options` by value: what is shown. */
export function Select({
  label,
  at: { value, change },
  options,
}: {
  readonly label: string;
  readonly at: BoundText;
  readonly options: Readonly<Record<string, string>>;
}) {
  return (
    <Field label={label}>
      <select
        value={value}
        onChange={({ currentTarget }) => {
          change(currentTarget.value);
        }}
      >
        {Object.entries(options).map(([each, shown]) => (
          <option key={each} value={each}>
            {shown}
          </option>
        ))}
      </select>
    </Field>
  );
}

/** Options that are shown as they are. */
export function asShown(options: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(options.map((option) => [option, option]));
}

export function Check({ label, at: { value, change } }: { readonly label: string; readonly at: BoundCheck }) {
  return (
    <label class="choice">
      <input
        type="checkbox"
        checked={value}
        onChange={({ currentTarget }) => {
          change(currentTarget.checked);
        }}
      />
      {label}
    </label>
  );
}

/** Reads a file of the browser's computer; it goes nowhere but into the form. */
export function FileField({
  label,
  hint,
  accept,
  onRead,
}: Labelled & { readonly accept?: string; readonly onRead: (bytes: Uint8Array<ArrayBuffer>) => void }) {
  const [fault, setFault] = useState<string>();
  const read = async (file: File) => {
    const bytes = new Uint8Array(await file.arrayBuffer());
    setFault(undefined);
    onRead(bytes);
  };
  return (
    <Field label={label} error={fault} {...(hint !== undefined && { hint })}>
      <input
        type="file"
        {...(accept !== undefined && { accept })}
        onChange={({ currentTarget: { files } }) => {
          const file = files?.[0];
          if (file === undefined) return;
          read(file).catch(() => {
            setFault(`${file.name} could not be read.`);
          });
        }}
      />
    </Field>
  );
}
