/** The title of a list, and what adds to it. */
export function ListHead({
  title,
  verb,
  onAdd,
}: {
  readonly title: string;
  readonly verb: string;
  readonly onAdd: () => void;
}) {
  return (
    <div class="toolbar">
      <h2 class="grow">{title}</h2>
      <button type="button" class="button" onClick={onAdd}>
        {verb}
      </button>
    </div>
  );
}
