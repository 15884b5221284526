import type { ComponentChildren } from 'preact';

/** Saves what the page already has as a file, without asking the server. */
export function DownloadButton({
  file,
  content,
  children,
}: {
  readonly file: string;
  readonly content: () => string | Uint8Array<ArrayBuffer>;
  readonly children: ComponentChildren;
}) {
  return (
    <button
      type="button"
      class="button"
      onClick={() => {
        const url = URL.createObjectURL(new Blob([content()]));
        const link = document.createElement('a');
        link.href = url;
        link.download = file;
        link.click();
        // The browser has taken the file when the click returns.
        setTimeout(() => {
          URL.revokeObjectURL(url);
        }, 0);
      }}
    >
      {children}
    </button>
  );
}
