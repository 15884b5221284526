import { numberOf } from '../ui/words.ts';
import { beatMs, pulseMs } from './lines.ts';
import type { Beat } from './lines.ts';

const width = 600;
const half = 26;
const beatWidth = (width * beatMs) / pulseMs;

/** Ten minutes: what was let in above the line, what was refused below it. */
export function Pulse({ beats, sinceMs }: { readonly beats: readonly Beat[]; readonly sinceMs: number }) {
  const most = Math.max(1, ...beats.map(({ letIn, refused }) => Math.max(letIn, refused)));
  const total = (of: 'letIn' | 'refused') => numberOf(beats.reduce((sum, beat) => sum + beat[of], 0));
  const scaled = (count: number) => (count === 0 ? 0 : Math.max(2, Math.round((count / most) * half)));
  const unknown = beats.filter(({ atMs }) => atMs + beatMs <= sinceMs).length * beatWidth;
  return (
    <figure class="pulse card">
      <svg
        viewBox={`0 0 ${width} ${2 * half + 2}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Last ten minutes: ${total('letIn')} let in, ${total('refused')} refused`}
      >
        {unknown > 0 && <rect class="pulse-unknown" x="0" y="0" width={unknown} height={2 * half + 2} />}
        {beats.map(({ atMs, letIn, refused }, index) => (
          <g key={atMs}>
            {letIn > 0 && (
              <rect
                class="pulse-in"
                x={index * beatWidth + 1}
                y={half - scaled(letIn)}
                width={beatWidth - 2}
                height={scaled(letIn)}
              />
            )}
            {refused > 0 && (
              <rect
                class="pulse-refused"
                x={index * beatWidth + 1}
                y={half + 2}
                width={beatWidth - 2}
                height={scaled(refused)}
              />
            )}
          </g>
        ))}
        <rect class="pulse-line" x="0" y={half} width={width} height="1" />
      </svg>
      <figcaption aria-hidden="true">
        <span>
          <strong class="number">{total('letIn')}</strong> let in, above
        </span>
        <span>
          <strong class="number">{total('refused')}</strong> refused, below
        </span>
        <span class="detail">in ten minutes</span>
      </figcaption>
    </figure>
  );
}
