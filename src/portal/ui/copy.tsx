import { useState } from 'preact/hooks';

/** Copies a string. `what` names it: "the identifier". */
export function CopyButton({ text, what }: { readonly text: string; readonly what: string }) {
  const [said, setSaid] = useState('');
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setSaid('Copied');
  };
  return (
    <>
      <button
        type="button"
        class="quiet"
        aria-label={`Copy ${what}`}
        onClick={() => {
          copy().catch(() => {
            setSaid('The browser does not allow it');
          });
        }}
      >
        Copy
      </button>
      <output class="detail">{said}</output>
    </>
  );
}
